import { assert, suite } from "@chorus/testing";
import { EMPTY_UPDATE, encodeNeighbours, encodeUpdate, encodeVector } from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { type AcceptOptions, PeerSet } from "../src/peer-set.js";
import type { PeerSetOptions } from "../src/replication-options.js";
import { connectAll, connectRaw, type Node } from "./virtual-network.js";
import { assertEqualContent, createNetwork, dropNext, framesTo, helloFrame } from "./virtual-setup.js";

const test = suite("peer set");

test("it makes two peers converge", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.channel.write("before");
  b.channel.write("too");
  a.peers.setUrls([b.url]);
  runtime.settle();
  assertEqualContent(nodes, 2);
  a.channel.write("after");
  b.channel.write("after too");
  runtime.settle();
  assertEqualContent(nodes, 4);
  assert.equal(a.statuses, ["connecting", "syncing", "synced"]);
  assert.equal(a.peers.links, [{ url: b.url, status: "synced", replicaId: "b" }]);
  const { sessionId } = b.channel;
  assert.equal(a.peers.peers, [
    { replicaId: "b", sessionId, state: "live", direction: "outbound", durable: false },
  ]);
  // After its answer, and after its digest.
  assert.equal(a.channel.synced, [undefined, undefined]);
});

test("it heals a lost frame at the next one, by a question", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.peers.setUrls([b.url]);
  runtime.settle();
  dropNext(network.wire("a", "b"), "dialled");
  a.channel.write("lost");
  runtime.settle();
  assert.is(b.channel.size, 0);
  a.channel.write("next");
  runtime.settle();
  assert.is(b.peers.stats().gaps, 1);
  assertEqualContent(nodes, 2);
});

test("it heals a lost last frame by a digest", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.peers.setUrls([b.url]);
  runtime.settle();
  dropNext(network.wire("a", "b"), "dialled");
  a.channel.write("lost");
  runtime.advance(25_000);
  assertEqualContent(nodes, 1);
  assert.is(network.wires.length, 1);
});

test("it lets a joiner pull the state from one peer only", (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c", "d"].map((name) => network.add(name));
  connectAll(nodes);
  for (let i = 0; i < 50; i++) nodes[0]?.channel.write("x".repeat(10_000));
  runtime.advance(1_000);
  const before = nodes.reduce((sum, { peers }) => sum + peers.stats().bytesSent, 0);
  const joiner = network.add("joiner");
  joiner.peers.setUrls(nodes.map(({ url }) => url));
  runtime.settle();
  assertEqualContent([...nodes, joiner], 50);
  const sent = nodes.reduce((sum, { peers }) => sum + peers.stats().bytesSent, 0) - before;
  assert.ok(sent > 500_000 && sent < 550_000, `${sent} bytes`);
  assert.is(joiner.peers.stats().live, 4);
});

test("it moves the question to another peer when the first one falls silent", (t) => {
  const { runtime, network } = createNetwork(t);
  const joiner = network.add("joiner");
  const silent = connectRaw(joiner);
  const other = connectRaw(joiner);
  runtime.settle();
  silent.transport.send(helloFrame({ replicaId: "silent", sessionId: 1 }));
  runtime.settle();
  other.transport.send(helloFrame({ replicaId: "other", sessionId: 2 }));
  runtime.advance(9_900);
  assert.is(framesTo(other, "vector").length, 0);
  runtime.advance(200);
  assert.is(framesTo(other, "vector").length, 1);
});

test("it brings a slow peer up by a diff after it fell behind, without queueing", (t) => {
  const { runtime, network } = createNetwork(t);
  network.transportOptions = { bytesPerMs: 1_000 };
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  a.peers.setUrls([b.url]);
  runtime.advance(1_000);
  let most = 0;
  for (let i = 0; i < 60; i++) {
    a.channel.write(`${i}`.padEnd(100_000, "x"));
    most = Math.max(most, network.wire("a", "b").dialled.bufferedBytes);
  }
  assert.ok(most < 1.2 * 2 ** 20, `${most} bytes`);
  assert.is(a.peers.stats().behind, 1);
  runtime.advance(20_000);
  assertEqualContent(nodes, 60);
  assert.is(b.peers.stats().gaps, 0);
  assert.is(network.wires.length, 1);
  a.channel.write("live again");
  runtime.advance(100);
  assertEqualContent(nodes, 61);
});

test("it cuts off a peer that does not read for thirty seconds", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  for (const frame of [
    helloFrame(),
    encodeVector(encodeStateVector(new Map())),
    encodeUpdate(EMPTY_UPDATE, 2),
  ]) {
    raw.transport.send(frame);
  }
  runtime.settle();
  raw.transport.pause();
  for (let i = 0; i < 30; i++) a.channel.write("x".repeat(100_000));
  for (let second = 0; second < 40; second++) {
    raw.transport.send(encodeNeighbours([]));
    runtime.advance(1_000);
  }
  assert.is(raw.closedWith?.code, 1006);
  assert.equal(
    a.errors.map(({ code }) => code),
    ["stalled"],
  );
});

test("it tells when all live peers have acknowledged", async (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c"].map((name) => network.add(name));
  const a = nodes[0] as Node;
  await a.peers.whenAcknowledged(1);
  connectAll(nodes);
  runtime.advance(1_000);
  a.channel.write("x");
  let isDone = false;
  const done = a.peers.whenAcknowledged().then(() => {
    isDone = true;
  });
  await Promise.resolve();
  runtime.advance(49);
  await Promise.resolve();
  assert.not(isDone);
  runtime.advance(1);
  await done;
  network.open[0]?.dialled.pause();
  network.open[0]?.accepted.pause();
  network.open[1]?.dialled.pause();
  network.open[1]?.accepted.pause();
  a.channel.write("y");
  const late = a.peers.whenAcknowledged(1_000);
  await Promise.resolve();
  await Promise.resolve();
  runtime.advance(1_000);
  await assert.rejectsCode(late, "timeout");
});

test("it knows acknowledgements of what reached a peer by another way before", async (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b, c] = [network.add("a"), network.add("b"), network.add("c")];
  a.peers.setUrls([b.url]);
  b.peers.setUrls([c.url]);
  a.channel.write("x");
  runtime.advance(1_000);
  a.peers.setUrls([b.url, c.url]);
  runtime.settle();
  const done = a.peers.whenAcknowledged(500);
  await Promise.resolve();
  await Promise.resolve();
  runtime.advance(100);
  await done;
  assert.is(a.peers.stats().live, 2);
});

test("it closes everything, tells the peers, and refuses what comes later", async (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = [network.add("a"), network.add("b")] as const;
  const [a, b] = nodes;
  connectAll(nodes);
  runtime.advance(1_000);
  const closing = a.peers.close();
  runtime.settle();
  await closing;
  assert.equal(a.peers.peers, []);
  assert.equal(a.peers.links, []);
  assert.is(network.open.length, 0);
  assert.throwsCode(() => a.peers.setUrls([]), "closed");
  await assert.rejectsCode(a.peers.whenAcknowledged(), "closed");
  const raw = connectRaw(a);
  runtime.settle();
  assert.is(raw.closedWith?.code, 1000);
  a.channel.write("alone");
  runtime.settle();
  assert.is(b.channel.size, 0);
  assert.ok(["offline", "connecting"].includes(b.peers.links[0]?.status ?? ""));
});

test("it lets a listener throw, and close the peer set from an event", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  a.peers.on("link", () => {
    throw new Error("from a listener");
  });
  b.peers.on("peer", ({ state }) => {
    if (state === "syncing") void b.peers.close();
  });
  a.peers.setUrls([b.url]);
  runtime.settle();
  assert.ok(a.errors.every(({ code }) => code === "listener-failed"));
  assert.equal(b.peers.peers, []);
});

test("it refuses options it does not know, and timeouts that no timer can wait", async (t) => {
  const { network } = createNetwork(t);
  const { channel, peers } = network.add("a");
  assert.throwsCode(() => new PeerSet(channel, null as unknown as PeerSetOptions), "invalid-option");
  assert.throwsCode(() => connectRaw({ channel, peers }, { grants: "r" } as AcceptOptions), "invalid-option");
  for (const timeoutMs of [-1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN]) {
    await assert.rejectsCode(peers.whenAcknowledged(timeoutMs), "invalid-option");
  }
  await peers.whenAcknowledged(2 ** 31 - 1);
});

test("it counts the time to commit into the time to wait for acknowledgements", async (t) => {
  const { runtime, network } = createNetwork(t);
  const { channel, peers } = network.add("a");
  channel.whenCommitted = () => new Promise(() => {});
  const late = peers.whenAcknowledged(1_000);
  runtime.advance(1_000);
  await assert.rejectsCode(late, "timeout");
});
