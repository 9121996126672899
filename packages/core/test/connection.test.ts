import { assert, suite } from "@chorus/testing";
import {
  decodeFrame,
  EMPTY_UPDATE,
  encodeAck,
  encodeError,
  encodeNeighbours,
  encodeUpdate,
  encodeVector,
} from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { connectRaw } from "./virtual-network.js";
import { becomeLive, emptyAnswer, emptyVector, text } from "./live-peer.js";
import { createNetwork, framesTo, helloFrame } from "./virtual-setup.js";

const test = suite("connection");

test("it says hello first, and who it is", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a, { grant: "r" });
  runtime.settle();
  const { sessionId } = a.channel;
  assert.equal(framesTo(raw), [
    { kind: "hello", hello: { replicaId: "a", sessionId, channelName: "fake", grant: "r", features: [] } },
  ]);
});

test("it closes 4408 without a hello for five seconds", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.advance(4_999);
  assert.is(raw.closedWith, undefined);
  runtime.advance(1);
  assert.equal(raw.closedWith, { code: 4408, reason: "timeout" });
  assert.is(framesTo(raw, "error").length, 1);
  assert.equal(
    a.errors.map(({ code }) => code),
    ["timeout"],
  );
});

test("it closes 4400 when anything but a hello comes first, or a second hello", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const early = connectRaw(a);
  runtime.settle();
  early.transport.send(emptyVector);
  const twice = connectRaw(a);
  runtime.settle();
  twice.transport.send(helloFrame());
  twice.transport.send(helloFrame());
  runtime.settle();
  assert.is(early.closedWith?.code, 4400);
  assert.is(twice.closedWith?.code, 4400);
  assert.is(a.peers.stats().protocolErrors, 2);
});

test("it closes 4406 for another version", (t) => {
  const { runtime, network } = createNetwork(t);
  const raw = connectRaw(network.add("a"));
  runtime.settle();
  raw.transport.send(new Uint8Array([0x92, 0, 2]));
  runtime.settle();
  assert.equal(raw.closedWith, { code: 4406, reason: "version" });
});

test("it closes only the connection that sends garbage", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const good = becomeLive(a, runtime, { replicaId: "good", sessionId: 1 });
  const garbage = [
    new Uint8Array([1, 2, 3]),
    encodeUpdate(new Uint8Array([9, 9]), 0),
    encodeVector(new Uint8Array([5])),
  ];
  for (const [i, frame] of garbage.entries()) {
    const bad = becomeLive(a, runtime, { replicaId: `bad${i}`, sessionId: 10 + i });
    bad.transport.send(frame);
    runtime.settle();
    assert.is(bad.closedWith?.code, 4400);
    const [error] = framesTo(bad, "error");
    assert.ok(error?.kind === "error" && error.code === "protocol");
  }
  assert.is(a.peers.stats().protocolErrors, 3);
  good.transport.send(encodeUpdate(text([[1, 0, ["fine"]]]), 0));
  runtime.settle();
  assert.is(a.channel.content(), "1:fine");
  assert.is(good.closedWith, undefined);
});

test("it closes 4413 for a frame above the limit", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a", { maxFrameBytes: 100_000 });
  const raw = becomeLive(a, runtime);
  raw.transport.send(new Uint8Array(100_001));
  runtime.settle();
  assert.is(raw.closedWith?.code, 4413);
});

test("it asks once for a gap, does not apply it, and is whole after the answer", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  const asked = framesTo(raw, "vector").length;
  raw.transport.send(encodeUpdate(text([[77, 1, ["second"]]]), 0));
  raw.transport.send(encodeUpdate(text([[77, 2, ["third"]]]), 0));
  runtime.settle();
  assert.is(a.channel.size, 0);
  assert.is(a.peers.stats().gaps, 2);
  assert.is(framesTo(raw, "vector").length, asked + 1);
  raw.transport.send(encodeUpdate(text([[77, 0, ["first"]]]), 1));
  raw.transport.send(encodeUpdate(text([[77, 1, ["second", "third"]]]), 2));
  runtime.settle();
  assert.is(a.channel.size, 3);
  assert.is(framesTo(raw, "vector").length, asked + 1);
});

test("it asks once more for a gap that came while an answer was arriving", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  raw.transport.send(encodeUpdate(text([[77, 1, ["second"]]]), 0));
  raw.transport.send(encodeUpdate(text([[77, 0, ["first"]]]), 1));
  raw.transport.send(encodeUpdate(text([[77, 5, ["sixth"]]]), 0));
  runtime.settle();
  const asked = framesTo(raw, "vector").length;
  raw.transport.send(encodeUpdate(text([[77, 1, ["second"]]]), 2));
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, asked + 1);
});

test("it asks again after an answer with a gap, but not for ever", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame());
  raw.transport.send(encodeUpdate(text([[77, 3, ["x"]]]), 1));
  raw.transport.send(encodeUpdate(EMPTY_UPDATE, 2));
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, 2);
  assert.is(a.channel.synced.length, 0);
  assert.is(raw.closedWith, undefined);
  for (let i = 0; i < 20; i++) raw.transport.send(encodeUpdate(text([[77, 3, ["x"]]]), 2));
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, 17);
  assert.is(raw.closedWith?.code, 4400);
});

test("it ends a connection whose question is never answered", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame());
  for (let second = 0; second < 40 && !raw.closedWith; second++) {
    raw.transport.send(encodeAck([]));
    runtime.advance(1_000);
  }
  assert.is(raw.closedWith?.code, 4408);
});

test("it tells the channel of every vector, and when the first answer is complete", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame());
  raw.transport.send(encodeVector(encodeStateVector(new Map([[5, 1]]))));
  raw.transport.send(encodeUpdate(EMPTY_UPDATE, 1));
  runtime.settle();
  assert.equal(a.channel.observed, [new Map([[5, 1]])]);
  assert.is(a.channel.synced.length, 0);
  assert.is(a.peers.peers[0]?.state, "syncing");
  raw.transport.send(emptyAnswer);
  runtime.settle();
  assert.is(a.channel.synced.length, 1);
  assert.is(a.peers.peers[0]?.state, "live");
});

test("it sends an empty ack after ten quiet seconds, and closes 4408 after twenty-five without a frame", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a", { digestIntervalMs: 1_000_000 });
  const raw = becomeLive(a, runtime);
  const before = raw.received.length;
  runtime.advance(9_999);
  assert.is(raw.received.length, before);
  runtime.advance(1);
  assert.equal(framesTo(raw).slice(before), [{ kind: "ack", acked: [] }]);
  runtime.advance(14_999);
  assert.is(raw.closedWith, undefined);
  runtime.advance(1);
  assert.is(raw.closedWith?.code, 4408);
});

test("it keeps a quiet pair connected by heartbeats", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  a.peers.setUrls([b.url]);
  runtime.advance(3_600_000);
  assert.is(network.wires.length, 1);
  assert.is(a.peers.links[0]?.status, "synced");
  assert.equal([...a.errors, ...b.errors], []);
});

test("it passes a peer's error on and does not answer it", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  raw.transport.send(encodeError("too-many", "come back later"));
  raw.transport.close(4429, "too-many");
  runtime.settle();
  assert.equal(
    a.errors.map(({ code }) => code),
    ["too-many"],
  );
  assert.match(a.errors[0]?.message ?? "", /raw refused: come back later/);
  assert.equal(a.peers.peers, []);
});

test("it survives frames after the end, and neighbours of every kind", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  raw.transport.send(encodeNeighbours(["a", "b", "raw"]));
  raw.transport.send(encodeNeighbours([]));
  raw.transport.send(new Uint8Array([0]));
  raw.transport.send(emptyVector);
  raw.transport.send(encodeAck([1, 2]));
  runtime.settle();
  assert.is(raw.closedWith?.code, 4400);
  assert.is(decodeFrame(raw.received.at(-1) ?? new Uint8Array(), 1_000).kind, "error");
});
