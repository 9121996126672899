// The transport over real sockets, each end in turn: what goes in comes out, and every end has its reason.
import { createHash } from "node:crypto";
import { LOW_WATER_BYTES } from "@chorus/core";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { createDialler, type ExposeOptions } from "@chorus/node";
import { WebSocket } from "ws";
import { dial, openBench, type Recorder, startRaw, UPGRADE } from "./helpers.js";

const test = suite("ws transport");

interface Pair {
  client: Recorder;
  server: Recorder;
}

/** Lets a few frames go to and fro elsewhere, so that what could have arrived meanwhile has arrived. */
async function passSomeTurns(t: TestContext): Promise<void> {
  const { client, server } = await openPair(t);
  for (let round = 1; round <= 5; round += 1) {
    client.transport.send(Uint8Array.of(round));
    await until(() => server.frames.length === round);
  }
}

async function openPair(
  t: TestContext,
  options: ExposeOptions = {},
  dialler = createDialler(),
): Promise<Pair> {
  const bench = await openBench(t, options);
  const client = dial(t, bench.url, dialler);
  await client.whenOpen();
  const server = await until(() => bench.guests[0]?.recorder);
  await server.whenOpen();
  return { client, server };
}

/**
 * The sender and the receiver of a pair: the client sends to the server on side 0, the server to it on side
 * 1.
 */
function directed({ client, server }: Pair, side: 0 | 1): [Recorder, Recorder] {
  return side === 0 ? [client, server] : [server, client];
}

/** Sends until more is buffered than the kernel takes. Returns how much was sent. */
function flood(sender: Recorder, bytes: number): number {
  const chunk = new Uint8Array(64 * 1024).fill(7);
  let sent = 0;
  while (sender.transport.bufferedBytes < bytes && sent < 256 * 1024 * 1024) {
    sender.transport.send(chunk);
    sent += chunk.length;
  }
  return sent;
}

const total = (frames: readonly Uint8Array[]): number => frames.reduce((sum, frame) => sum + frame.length, 0);

test("it carries frames of all sizes in order, both ways", async (t) => {
  const pair = await openPair(t);
  const frames = [0, 1, 125, 126, 65_535, 65_536, 1_000_000].map((size, index) =>
    new Uint8Array(size).fill(index),
  );
  for (const side of [0, 1] as const) {
    const [sender, receiver] = directed(pair, side);
    for (const frame of frames) sender.transport.send(frame);
    await until(() => receiver.frames.length === frames.length);
    assert.equal(
      receiver.frames.map((frame) => createHash("sha1").update(frame).digest("hex")),
      frames.map((frame) => createHash("sha1").update(frame).digest("hex")),
    );
  }
});

test("it gives the receiver plain bytes with memory of their own", async (t) => {
  const { client, server } = await openPair(t);
  for (let index = 0; index < 20; index += 1) client.transport.send(Uint8Array.of(index, index));
  await until(() => server.frames.length === 20);
  for (const frame of server.frames) {
    assert.is(Object.getPrototypeOf(frame), Uint8Array.prototype);
    assert.is(frame.buffer.byteLength, 2);
  }
});

test("it says opened first and closed last, each once", async (t) => {
  const { client, server } = await openPair(t);
  client.transport.send(Uint8Array.of(1));
  await until(() => server.frames.length === 1);
  client.transport.close(4409, "duplicate");
  await server.whenClosed();
  await client.whenClosed();
  client.transport.terminate();
  server.transport.close(4400, "too late");
  assert.equal(server.log, ["opened", "received", "closed"]);
  assert.equal(client.log, ["opened", "closed"]);
});

test("it delivers a frame that came together with the handshake after opened", async (t) => {
  const bench = await openBench(t);
  const { socket } = startRaw(t, { port: bench.endpoint.port, headers: UPGRADE });
  // A masked binary frame of one byte, sent before the answer to the upgrade is read.
  socket.write(Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 42));
  const guest = await until(() => bench.guests[0]);
  await until(() => guest.recorder.frames.length === 1);
  assert.equal(guest.recorder.log, ["opened", "received"]);
  assert.equal(guest.recorder.frames, [Uint8Array.of(42)]);
});

test("it reports the code and reason of a close on both sides", async (t) => {
  for (const side of [0, 1] as const) {
    const [closer, other] = directed(await openPair(t), side);
    closer.transport.send(Uint8Array.of(1));
    closer.transport.close(4403, "unpeered");
    closer.transport.close(4400, "a second close");
    assert.equal(await closer.whenClosed(), { code: 4403, reason: "unpeered" });
    assert.equal(await other.whenClosed(), { code: 4403, reason: "unpeered" });
    assert.is(other.frames.length, 1);
  }
});

test("it reports 1006 on both sides after terminate", async (t) => {
  for (const side of [0, 1] as const) {
    const [ender, other] = directed(await openPair(t), side);
    ender.transport.terminate();
    assert.is((await ender.whenClosed()).code, 1006);
    assert.is((await other.whenClosed()).code, 1006);
  }
});

test("it shortens a long reason between characters and replaces a code that cannot be sent", async (t) => {
  const { client, server } = await openPair(t);
  client.transport.close(1006, `x${"é".repeat(100)}`);
  const info = await server.whenClosed();
  assert.equal(info, { code: 1011, reason: `x${"é".repeat(59)}` });
  assert.equal(await client.whenClosed(), info);
});

test("it closes a paused transport without waiting for the peer's silence", async (t) => {
  const { client, server } = await openPair(t);
  server.transport.pause();
  client.transport.send(new Uint8Array(1_000));
  server.transport.close(4408, "timeout");
  // Sooner than the timeout of the close itself.
  await until(() => server.end && client.end, { deadlineMs: 3_000 });
  assert.equal([server.end, client.end], Array(2).fill({ code: 4408, reason: "timeout" }));
});

test("it calls no handler from inside send, close or terminate, and none after closed", async (t) => {
  const { client, server } = await openPair(t);
  const before = client.log.length;
  client.transport.send(Uint8Array.of(1));
  client.transport.close(4400, "x");
  client.transport.terminate();
  assert.is(client.log.length, before);
  await client.whenClosed();
  await server.whenClosed();
  client.transport.send(Uint8Array.of(2));
  client.transport.pause();
  client.transport.resume();
  assert.is(client.transport.bufferedBytes, 0);
  assert.is(client.log.at(-1), "closed");
});

test("it closes 4400 on a text message", async (t) => {
  const bench = await openBench(t);
  const socket = new WebSocket(bench.url, "chorus.1");
  t.after(() => socket.terminate());
  socket.on("open", () => socket.send("hello"));
  const closed = await new Promise<number>((resolve) => socket.on("close", resolve));
  assert.is(closed, 4400);
  assert.equal(await bench.guests[0]?.recorder.whenClosed(), { code: 4400, reason: "protocol" });
  assert.is(bench.guests[0]?.recorder.frames.length, 0);
});

test("it closes 1009 on a frame over the limit, both ways, and bears one at the limit", async (t) => {
  const dialler = createDialler({ maxFrameBytes: 100_000 });
  for (const side of [0, 1] as const) {
    const pair = await openPair(t, { maxFrameBytes: 100_000 }, dialler);
    const [sender, receiver] = directed(pair, side);
    sender.transport.send(new Uint8Array(100_000));
    await until(() => receiver.frames.length === 1);
    sender.transport.send(new Uint8Array(100_001));
    assert.equal(await receiver.whenClosed(), { code: 1009, reason: "frame too large" });
    assert.is((await sender.whenClosed()).code, 1009);
    assert.is(receiver.frames.length, 1);
  }
});

test("it closes 1002 on what is no WebSocket frame", async (t) => {
  const bench = await openBench(t);
  const { socket } = startRaw(t, { port: bench.endpoint.port, headers: UPGRADE });
  const guest = await until(() => bench.guests[0]);
  socket.write(Uint8Array.of(0xff, 0xff, 0xff));
  assert.equal(await guest.recorder.whenClosed(), { code: 1002, reason: "invalid WebSocket frame" });
});

test("it stops receiving while paused and goes on when resumed", async (t) => {
  for (const side of [0, 1] as const) {
    const [sender, receiver] = directed(await openPair(t), side);
    receiver.transport.pause();
    const sent = flood(sender, 1024 * 1024);
    assert.ok(sender.transport.bufferedBytes >= 1024 * 1024);
    await passSomeTurns(t);
    assert.is(receiver.frames.length, 0);
    receiver.transport.resume();
    await until(() => total(receiver.frames) === sent);
    await until(() => sender.transport.bufferedBytes === 0);
  }
});

test("it may be paused before it is open", async (t) => {
  const bench = await openBench(t);
  const client = dial(t, bench.url);
  client.transport.pause();
  await client.whenOpen();
  const guest = await until(() => bench.guests[0]);
  await guest.recorder.whenOpen();
  flood(guest.recorder, 1024 * 1024);
  await passSomeTurns(t);
  assert.is(client.frames.length, 0);
  client.transport.resume();
  await until(() => client.frames.length > 0);
});

test("it says drained once for each time the buffer falls below the mark", async (t) => {
  for (const side of [0, 1] as const) {
    const [sender, receiver] = directed(await openPair(t), side);
    sender.transport.send(Uint8Array.of(1));
    await until(() => receiver.frames.length === 1);
    assert.is(sender.drains, 0);
    for (const round of [1, 2]) {
      receiver.transport.pause();
      flood(sender, 2 * LOW_WATER_BYTES);
      assert.is(sender.drains, round - 1);
      receiver.transport.resume();
      await until(() => sender.drains === round);
      assert.ok(sender.transport.bufferedBytes < LOW_WATER_BYTES);
      await until(() => sender.transport.bufferedBytes === 0);
      assert.is(sender.drains, round);
    }
  }
});

test("it survives handlers that throw: that connection closes", async (t) => {
  const bench = await openBench(t);
  const transport = createDialler()(bench.url);
  t.after(() => transport.terminate());
  let ended: number | undefined;
  transport.start({
    opened: () => {
      throw new Error("careless");
    },
    received: () => undefined,
    drained: () => undefined,
    closed: (info) => {
      ended = info.code;
      throw new Error("careless");
    },
  });
  assert.is(await until(() => ended), 1011);
});

test("it may be terminated while it waits for the answer to a close, and keeps the reason", async (t) => {
  const bench = await openBench(t);
  const { socket } = startRaw(t, { port: bench.endpoint.port, headers: UPGRADE });
  const guest = await until(() => bench.guests[0]);
  await guest.recorder.whenOpen();
  guest.recorder.transport.close(4408, "timeout");
  guest.recorder.transport.terminate();
  assert.equal(await guest.recorder.whenClosed(), { code: 4408, reason: "timeout" });
  await until(() => socket.destroyed);
});
