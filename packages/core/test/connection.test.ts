import { assert, suite } from "@chorus/testing";
import {
  decodeFrame,
  EMPTY_UPDATE,
  encodeAck,
  encodeDigest,
  encodeError,
  encodeNeighbours,
  encodeUpdate,
  encodeVector,
} from "../src/frames.js";
import { encodeStateVector } from "../src/state-vector.js";
import { connectRaw, type Node, type RawPeer } from "./virtual-network.js";
import { createNetwork, framesTo, helloFrame } from "./virtual-setup.js";
import type { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("connection");

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const emptyVector = encodeVector(encodeStateVector(new Map()));
const emptyAnswer = encodeUpdate(EMPTY_UPDATE, 2);

/** A raw peer that has shaken hands, was answered and has answered. */
function becomeLive(
  node: Node,
  runtime: VirtualRuntime,
  changes: Parameters<typeof helloFrame>[0] = {},
): RawPeer {
  const raw = connectRaw(node);
  runtime.settle();
  for (const frame of [helloFrame(changes), emptyVector, emptyAnswer]) raw.transport.send(frame);
  runtime.settle();
  assert.is(node.peers.peers.at(-1)?.state, "live");
  return raw;
}

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

test("it closes 4400 for a gap inside an answer", (t) => {
  const { runtime, network } = createNetwork(t);
  const raw = connectRaw(network.add("a"));
  runtime.settle();
  raw.transport.send(helloFrame());
  raw.transport.send(encodeUpdate(text([[77, 3, ["x"]]]), 1));
  runtime.settle();
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
  assert.is(a.channel.synced, 0);
  assert.is(a.peers.peers[0]?.state, "syncing");
  raw.transport.send(emptyAnswer);
  runtime.settle();
  assert.is(a.channel.synced, 1);
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

test("it gathers acks for fifty milliseconds", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  runtime.advance(100);
  const before = framesTo(raw, "ack").length;
  for (let i = 0; i < 5; i++) raw.transport.send(encodeUpdate(text([[77, i, ["x"]]]), 0));
  runtime.advance(49);
  assert.is(framesTo(raw, "ack").length, before);
  runtime.advance(1);
  assert.equal(framesTo(raw, "ack").slice(before), [{ kind: "ack", acked: [77, 5] }]);
});

test("it refuses and counts the updates of a peer that may not write, and still answers it", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  a.channel.write("secret");
  const raw = connectRaw(a, { grant: "r" });
  runtime.settle();
  for (const frame of [helloFrame(), emptyVector]) raw.transport.send(frame);
  for (let i = 0; i < 3; i++) raw.transport.send(encodeUpdate(text([[77, i, ["x"]]]), 0));
  runtime.settle();
  assert.is(a.channel.size, 1);
  assert.is(a.peers.stats().refused, 3);
  assert.equal(
    a.errors.map(({ code }) => code),
    ["read-only-peer"],
  );
  assert.is(framesTo(raw, "update").length, 1);
  assert.is(framesTo(raw, "vector").length, 0);
  assert.is(a.peers.peers[0]?.state, "live");
  assert.is(raw.closedWith, undefined);
});

test("it sends nothing to a peer that may not read, and does not answer it", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a, { grant: "w" });
  runtime.settle();
  for (const frame of [helloFrame(), emptyVector, emptyAnswer]) raw.transport.send(frame);
  runtime.settle();
  a.channel.write("secret");
  raw.transport.send(encodeUpdate(text([[77, 0, ["mine"]]]), 0));
  runtime.settle();
  assert.is(framesTo(raw, "update").length, 0);
  assert.is(a.channel.size, 2);
});

test("it sends no updates to a peer that grants no writing", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  for (const frame of [helloFrame({ grant: "r" }), emptyAnswer]) raw.transport.send(frame);
  runtime.settle();
  a.channel.write("x");
  runtime.settle();
  assert.is(a.peers.peers[0]?.state, "live");
  assert.is(framesTo(raw, "update").length, 0);
});

test("it asks when a digest shows the peer ahead, and shows its own when it is ahead itself", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  runtime.advance(2_000);
  const asked = framesTo(raw, "vector").length;
  raw.transport.send(encodeDigest(5, encodeStateVector(new Map([[77, 3]]))));
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, asked + 1);
  raw.transport.send(encodeUpdate(text([[77, 0, ["1", "2", "3"]]]), 2));
  a.channel.write("own");
  runtime.settle();
  const digests = framesTo(raw, "digest").length;
  for (let i = 0; i < 3; i++) raw.transport.send(encodeDigest(5, encodeStateVector(new Map([[77, 3]]))));
  runtime.settle();
  assert.is(framesTo(raw, "digest").length, digests + 1);
});

test("it asks once, then reports divergence once, when equal vectors have different hashes", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = becomeLive(a, runtime);
  const wrong = encodeDigest(a.channel.digest() + 1, encodeStateVector(new Map()));
  const asked = framesTo(raw, "vector").length;
  raw.transport.send(wrong);
  raw.transport.send(wrong);
  runtime.settle();
  assert.is(framesTo(raw, "vector").length, asked + 1);
  assert.equal(a.errors, []);
  raw.transport.send(emptyAnswer);
  raw.transport.send(wrong);
  runtime.advance(15_000);
  assert.equal(a.errors, []);
  for (let i = 0; i < 3; i++) raw.transport.send(wrong);
  runtime.settle();
  assert.equal(
    a.errors.map(({ code }) => code),
    ["divergence"],
  );
  assert.is(a.peers.stats().divergences, 1);
  assert.is(raw.closedWith, undefined);
});

test("it reports divergence of two real replicas within two minutes, and not of equal ones", (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b] = [network.add("a"), network.add("b")];
  a.peers.setUrls([b.url]);
  a.channel.write("x");
  runtime.advance(60_000);
  assert.equal([...a.errors, ...b.errors], []);
  b.channel.corruption = 1;
  runtime.advance(120_000);
  assert.equal(
    a.errors.map(({ code }) => code),
    ["divergence"],
  );
  assert.equal(
    b.errors.map(({ code }) => code),
    ["divergence"],
  );
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
