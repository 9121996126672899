import { assert, suite } from "@chorus/testing";
import { ChorusError } from "../src/errors.js";
import { EMPTY_UPDATE, encodeAck, encodeVector } from "../src/frames.js";
import type { SyncOptions } from "../src/peer-set.js";
import { encodeStateVector } from "../src/state-vector.js";
import { encodeStockUpdate, encodeStockVector } from "../src/yjs-sync-codec.js";
import { becomeLive, emptyAnswer, emptyVector } from "./live-peer.js";
import { connectAll, connectRaw, type Node, type RawPeer } from "./virtual-network.js";
import type { VirtualRuntime } from "./virtual-runtime.js";
import { createNetwork, helloFrame } from "./virtual-setup.js";

const test = suite("peer acknowledgements");

/** A hello of a replica with a store. */
const durable = (replicaId: string, sessionId: number) => ({ replicaId, sessionId, features: ["durable"] });

/** A node that has written one entry. */
function createWriter(t: Parameters<typeof createNetwork>[0]) {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  a.channel.write("x");
  return { runtime, a };
}

/** Lets promises that can settle do so. */
async function settlePromises(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** Whether so many peers have stored everything, at this moment. */
async function isSynced({ peers }: Node, runtime: VirtualRuntime, count: number): Promise<boolean> {
  const waiting = peers.whenSynced({ peers: count, timeoutMs: 0.1 }).then(
    () => true,
    (error: ChorusError) => {
      assert.is(error.code, "timeout");
      return false;
    },
  );
  await settlePromises();
  runtime.advance(0.1);
  return waiting;
}

/** A peer played by the test acknowledges the session of `node`. */
function acknowledge(raw: RawPeer, { channel }: Node, clock: number): void {
  raw.transport.send(encodeAck([channel.sessionId, clock]));
}

/** A live peer with a store that has stored so many entries of the writer. */
function becomeStored(
  { a, runtime }: ReturnType<typeof createWriter>,
  hello: ReturnType<typeof durable>,
  clock = 1,
): RawPeer {
  const raw = becomeLive(a, runtime, hello);
  acknowledge(raw, a, clock);
  runtime.settle();
  return raw;
}

test("it resolves when so many replicas have stored what was written before the call", async (t) => {
  const { runtime, network } = createNetwork(t);
  const nodes = ["a", "b", "c"].map((name) => network.add(name, { durable: true }));
  const [a, b, c] = nodes as [Node, Node, Node];
  connectAll(nodes);
  runtime.advance(1_000);
  const stored = [b, c].map(({ channel }) => channel.holdStoring());
  a.channel.write("x");
  const done: number[] = [];
  for (const peers of [1, 2]) void a.peers.whenSynced({ peers }).then(() => done.push(peers));
  void a.peers.whenSynced().then(() => done.push(0));
  await settlePromises();
  runtime.advance(1_000);
  await settlePromises();
  assert.equal(done, []);
  assert.is(b.channel.size, 1);
  stored[0]?.();
  runtime.advance(50);
  await settlePromises();
  assert.equal(done, [1, 0]);
  stored[1]?.();
  runtime.advance(50);
  await settlePromises();
  assert.equal(done, [1, 0, 2]);
  assert.not(await isSynced(a, runtime, 3));
});

test("it counts a replica with a store also when it is gone, and one without only while it is there", async (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, keeper, forgetful] = [network.add("a"), network.add("k", { durable: true }), network.add("f")];
  a.peers.setUrls([keeper.url, forgetful.url]);
  a.channel.write("x");
  runtime.advance(1_000);
  assert.ok(await isSynced(a, runtime, 2));
  a.peers.setUrls([keeper.url]);
  runtime.settle();
  assert.not(await isSynced(a, runtime, 2));
  a.peers.setUrls([]);
  runtime.settle();
  assert.equal(a.peers.peers, []);
  assert.ok(await isSynced(a, runtime, 1));
  a.channel.write("y");
  assert.not(await isSynced(a, runtime, 1));
  a.peers.setUrls([forgetful.url]);
  runtime.advance(1_000);
  assert.ok(await isSynced(a, runtime, 1));
  assert.not(await isSynced(a, runtime, 2));
});

test("it goes on counting a replica with a store while that is connected anew", async (t) => {
  const writer = createWriter(t);
  const { runtime, a } = writer;
  const before = becomeStored(writer, durable("p", 1));
  before.transport.terminate();
  becomeLive(a, runtime, durable("p", 1));
  assert.ok(await isSynced(a, runtime, 1));
});

test("it waits while peers come, go and are replaced", async (t) => {
  const writer = createWriter(t);
  const { runtime, a } = writer;
  const done = a.peers.whenSynced({ peers: 2 });
  await settlePromises();
  const first = becomeStored(writer, durable("p", 1));
  const second = becomeLive(a, runtime, durable("q", 2));
  second.transport.terminate();
  const newer = becomeStored(writer, durable("p", 3));
  assert.is(first.closedWith?.reason, "replaced");
  newer.transport.terminate();
  runtime.settle();
  assert.not(await isSynced(a, runtime, 2));
  becomeStored(writer, durable("q", 2));
  await done;
});

test("it counts two connections to one replica once", async (t) => {
  const writer = createWriter(t);
  const { runtime, a } = writer;
  for (let i = 0; i < 2; i++) becomeStored(writer, durable("p", 1));
  assert.is(a.peers.peers.length, 2);
  assert.ok(await isSynced(a, runtime, 1));
  assert.not(await isSynced(a, runtime, 2));
});

test("it counts a replica that has taken another replicaId once", async (t) => {
  const writer = createWriter(t);
  const { runtime, a } = writer;
  const before = becomeStored(writer, durable("p", 1));
  before.transport.terminate();
  becomeStored(writer, durable("p renamed", 1));
  assert.not(await isSynced(a, runtime, 2));
  becomeStored(writer, durable("other", 2));
  assert.ok(await isSynced(a, runtime, 2));
});

test("it takes the word of a replica's latest session", async (t) => {
  const writer = createWriter(t);
  const { runtime, a } = writer;
  a.channel.write("y");
  becomeStored(writer, durable("p", 1), 2);
  assert.ok(await isSynced(a, runtime, 1));
  const newer = becomeStored(writer, durable("p", 2));
  assert.not(await isSynced(a, runtime, 1));
  acknowledge(newer, a, 2);
  runtime.settle();
  assert.ok(await isSynced(a, runtime, 1));
});

test("it believes no vector, for what is applied need not be stored", async (t) => {
  const { runtime, a } = createWriter(t);
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame(durable("p", 1)));
  raw.transport.send(encodeVector(encodeStateVector(new Map([[a.channel.sessionId, 1]]))));
  raw.transport.send(emptyAnswer);
  runtime.settle();
  assert.is(a.peers.peers[0]?.state, "live");
  assert.not(await isSynced(a, runtime, 1));
  acknowledge(raw, a, 1);
  runtime.settle();
  assert.ok(await isSynced(a, runtime, 1));
});

test("it counts a peer that has had everything for long, since it acknowledges on becoming live", async (t) => {
  const { runtime, network } = createNetwork(t);
  const [a, b, c] = [network.add("a"), network.add("b"), network.add("c", { durable: true })];
  a.channel.write("x");
  b.peers.setUrls([a.url, c.url]);
  runtime.advance(1_000);
  assert.not(await isSynced(a, runtime, 2));
  c.peers.setUrls([a.url]);
  runtime.advance(1_000);
  assert.ok(await isSynced(a, runtime, 2));
});

test("it waits for live peers when this session has written nothing", async (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const stock = connectRaw(a, { stockClient: true });
  runtime.settle();
  stock.transport.send(encodeStockVector(encodeStateVector(new Map())));
  stock.transport.send(encodeStockUpdate(EMPTY_UPDATE, 2));
  runtime.settle();
  assert.is(a.peers.peers[0]?.state, "live");
  assert.not(await isSynced(a, runtime, 1));
  const done = a.peers.whenSynced({ peers: 1 });
  await settlePromises();
  const raw = connectRaw(a);
  runtime.settle();
  raw.transport.send(helloFrame(durable("p", 1)));
  raw.transport.send(emptyVector);
  runtime.settle();
  assert.is(a.peers.peers[1]?.state, "syncing");
  assert.not(await isSynced(a, runtime, 1));
  raw.transport.send(emptyAnswer);
  runtime.settle();
  await done;
  raw.transport.terminate();
  runtime.settle();
  assert.not(await isSynced(a, runtime, 1));
});

test("it never counts stock clients, nor peers that are not sent updates", async (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const isCounted = async (raw: RawPeer): Promise<boolean> => {
    acknowledge(raw, a, 1);
    runtime.settle();
    return isSynced(a, runtime, 1);
  };
  connectRaw(a, { stockClient: true });
  const writer = connectRaw(a, { grant: "w" });
  const unwilling = connectRaw(a);
  runtime.settle();
  for (const frame of [helloFrame(durable("w", 1)), emptyAnswer]) writer.transport.send(frame);
  for (const frame of [helloFrame({ ...durable("u", 2), grant: "r" }), emptyAnswer])
    unwilling.transport.send(frame);
  runtime.settle();
  a.channel.write("x");
  assert.not(await isCounted(writer));
  assert.not(await isCounted(unwilling));
  const reader = connectRaw(a, { grant: "r" });
  runtime.settle();
  for (const frame of [helloFrame(durable("r", 3)), emptyVector]) reader.transport.send(frame);
  assert.ok(await isCounted(reader), "a reader is sent everything and may store it");
});

test("it rejects in time, when the peer set closes, and as the commit does", async (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  const late = a.peers.whenSynced({ timeoutMs: 1_000 });
  await settlePromises();
  runtime.advance(999);
  const open = a.peers.whenSynced({ peers: 3 });
  runtime.advance(1);
  await assert.rejectsCode(late, "timeout");
  a.channel.whenCommitted = () => Promise.reject(new ChorusError("store-full", "no room"));
  await assert.rejectsCode(a.peers.whenSynced(), "store-full");
  a.channel.whenCommitted = () => {
    throw new ChorusError("channel-closed", "closed");
  };
  await assert.rejectsCode(a.peers.whenSynced(), "channel-closed");
  void a.peers.close();
  await assert.rejectsCode(open, "closed");
  await assert.rejectsCode(a.peers.whenSynced(), "closed");
});

test("it rejects who waits for all peers when the peer set closes, though none is left then", async (t) => {
  const { runtime, network } = createNetwork(t);
  const a = network.add("a");
  becomeLive(a, runtime);
  a.channel.write("x");
  const open = a.peers.whenAcknowledged();
  await settlePromises();
  void a.peers.close();
  await assert.rejectsCode(open, "closed");
});

test("it refuses wrong options", async (t) => {
  const { network } = createNetwork(t);
  const { peers } = network.add("a");
  const wrong: unknown[] = [null, 1, [], { peers: 0 }, { peers: 1.5 }, { peers: "1" }, { peers: Number.NaN }];
  wrong.push({ timeoutMs: -1 }, { timeoutMs: 2 ** 31 }, { timeout: 5 });
  for (const options of wrong) {
    await assert.rejectsCode(peers.whenSynced(options as SyncOptions), "invalid-option");
  }
});

test("it remembers no more than ten thousand replicas that are gone", async (t) => {
  const { runtime, a } = createWriter(t);
  const ack = encodeAck([a.channel.sessionId, 1]);
  for (let i = 0; i < 10_002; i++) {
    const raw = connectRaw(a);
    runtime.settle();
    raw.transport.send(helloFrame(durable(`p${i}`, i)));
    raw.transport.send(ack);
    runtime.settle();
    raw.transport.terminate();
    runtime.settle();
  }
  assert.ok(await isSynced(a, runtime, 10_000));
  assert.not(await isSynced(a, runtime, 10_001));
});
