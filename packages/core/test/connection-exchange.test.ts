import { assert, suite } from "@chorus/testing";
import { Channel } from "../src/channel.js";
import {
  EMPTY_UPDATE,
  encodeAck,
  encodeDigest,
  encodeNeighbours,
  encodeUpdate,
  encodeVector,
} from "../src/frames.js";
import { PeerSet } from "../src/peer-set.js";
import { encodeStateVector } from "../src/state-vector.js";
import { HeldStorage } from "./held-storage.js";
import { connectRaw } from "./virtual-network.js";
import { VirtualRuntime } from "./virtual-runtime.js";
import { becomeLive, emptyAnswer, emptyVector, text } from "./live-peer.js";
import { createNetwork, framesTo, helloFrame } from "./virtual-setup.js";

const test = suite("connection exchange");

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

test("it acknowledges on becoming live what is stored by then, and no more", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const relay = becomeLive(a, runtime, { replicaId: "relay", sessionId: 5 });
  const items = (from: number) => encodeUpdate(text([[77, from, ["x"]]]), 0);
  const storeFirst = a.channel.holdStoring();
  relay.transport.send(items(0));
  runtime.settle();
  const writer = becomeLive(a, runtime, { replicaId: "writer", sessionId: 77 });
  const acked = (): number[] =>
    framesTo(writer, "ack").flatMap((frame) => (frame.kind === "ack" ? frame.acked : []));
  runtime.advance(100);
  assert.equal(acked(), []);
  const storeSecond = a.channel.holdStoring();
  relay.transport.send(items(1));
  runtime.settle();
  assert.is(a.channel.size, 2);
  storeFirst();
  runtime.advance(100);
  assert.equal(acked(), [77, 1]);
  storeSecond();
  runtime.advance(100);
  assert.equal(acked(), [77, 1, 77, 2]);
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

test("it survives whatever peers send, at a real channel", (t) => {
  const seed = Date.now() % 2 ** 31;
  const runtime = new VirtualRuntime(seed);
  const channel = new Channel({ name: "data", runtime });
  const peers = new PeerSet(channel);
  t.after(async () => {
    const closing = peers.close();
    runtime.advance(2_000);
    await closing;
    channel.close();
    assert.equal(runtime.escaped, [], `seed ${seed}`);
    assert.is(runtime.timers, 0);
  });
  for (let i = 0; i < 20; i++) channel.set(`key ${i}`, i);
  runtime.settle();
  const update = channel.replication.openDiff(new Map()).next(65_536) ?? EMPTY_UPDATE;
  const vector = encodeStateVector(channel.replication.vector());
  const frames = [
    ...[0, 1, 2].map((flags) => encodeUpdate(update, flags as 0 | 1 | 2)),
    encodeVector(vector),
    encodeDigest(channel.replication.digest(), vector),
    encodeAck([channel.sessionId, 5]),
    encodeNeighbours(["x", "y"]),
    emptyAnswer,
  ];
  const random = (below: number): number => Math.floor(runtime.random() * below);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const raw = connectRaw({ peers, channel });
    runtime.settle();
    raw.transport.send(helloFrame({ replicaId: `raw ${random(5)}`, sessionId: random(5) }));
    for (let i = random(10); i >= 0; i--) {
      const frame = new Uint8Array(frames[random(frames.length)] ?? EMPTY_UPDATE);
      for (let changes = random(3); changes > 0; changes--) frame[random(frame.length)] = random(256);
      raw.transport.send(frame);
      runtime.advance(random(100));
    }
    if (raw.closedWith?.code === 4400) refused++;
    if (random(2) === 0) raw.transport.terminate();
  }
  assert.ok(refused > 50, `${refused} refused, seed ${seed}`);
  channel.set("after", true);
  const reader = connectRaw({ peers, channel });
  runtime.settle();
  reader.transport.send(helloFrame({ replicaId: "reader" }));
  reader.transport.send(emptyVector);
  runtime.settle();
  const copy = new Channel({ name: "data", runtime });
  for (const frame of framesTo(reader, "update")) {
    if (frame.kind === "update") copy.replication.receive(frame.bytes, {}, () => {});
  }
  assert.is(copy.contentHash(), channel.contentHash(), `seed ${seed}`);
  copy.close();
});

test("it acknowledges to the writer what came over a connection that has ended meanwhile", (t) => {
  const runtime = new VirtualRuntime();
  const storage = new HeldStorage();
  const channel = new Channel({ name: "fake", runtime, storage });
  const peers = new PeerSet(channel);
  t.after(async () => {
    const closing = peers.close();
    runtime.advance(2_000);
    await closing;
  });
  const [writer, relay] = [connectRaw({ peers, channel }), connectRaw({ peers, channel })];
  runtime.settle();
  const wrote = new Channel({ name: "fake", runtime });
  let update = EMPTY_UPDATE;
  wrote.replication.onUpdate((own) => {
    update = own;
  });
  wrote.set("k", 1);
  runtime.settle();
  for (const [raw, hello] of [
    [writer, { replicaId: "writer", sessionId: wrote.sessionId }],
    [relay, { replicaId: "relay", sessionId: 5 }],
  ] as const) {
    for (const frame of [helloFrame(hello), emptyVector, emptyAnswer]) raw.transport.send(frame);
    runtime.settle();
  }
  relay.transport.send(encodeUpdate(update, 0));
  runtime.settle();
  assert.is(channel.get("k"), 1);
  relay.transport.terminate();
  runtime.settle();
  assert.is(peers.peers.length, 1);
  storage.releaseAll();
  runtime.advance(100);
  const acked = framesTo(writer, "ack").flatMap((frame) => (frame.kind === "ack" ? frame.acked : []));
  assert.equal(acked, [wrote.sessionId, wrote.replication.vector().get(wrote.sessionId)]);
});

test("it tells the channel the vectors of those only whose updates it takes", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  for (const grant of ["r", "rw"] as const) {
    const raw = connectRaw(a, { grant });
    runtime.settle();
    const vector = encodeStateVector(new Map([[1, 1_000_000]]));
    raw.transport.send(helloFrame({ replicaId: grant }));
    for (const frame of [encodeVector(vector), encodeDigest(1, vector)]) raw.transport.send(frame);
    runtime.settle();
    assert.is(a.channel.observed.length, grant === "r" ? 0 : 2);
  }
});

test("it asks again after an answer with a gap, and ends the connection at the seventeenth in a row", (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame());
  const gap = encodeUpdate(text([[77, 5, ["x"]]]), 2);
  for (let i = 1; i <= 16; i++) {
    raw.transport.send(gap);
    runtime.settle();
    assert.is(framesTo(raw, "vector").length, i + 1);
  }
  raw.transport.send(gap);
  runtime.settle();
  assert.equal(raw.closedWith, { code: 4400, reason: "protocol" });
});
