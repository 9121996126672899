import { assert, suite } from "@chorus/testing";
import { Channel } from "../src/channel.js";
import { ChorusError } from "../src/errors.js";
import { createTransportPair, type MemoryTransportOptions } from "../src/memory-transport.js";
import { PeerSet } from "../src/peer-set.js";
import type { PeerSetOptions } from "../src/replication-options.js";
import { HeldStorage } from "./held-storage.js";
import { Tap } from "./virtual-network.js";
import { VirtualRuntime } from "./virtual-runtime.js";

// Whole replicas with real channels: the other tests of this layer use a fake one.
const test = suite("replication", { deadlineMs: 30_000 });

interface Replica {
  readonly channel: Channel;
  readonly peers: PeerSet;
  readonly errors: string[];
}

class Cluster {
  readonly runtime: VirtualRuntime;
  readonly taps: Tap[] = [];
  transportOptions: MemoryTransportOptions = {};
  readonly replicas: Replica[] = [];

  constructor(seed: number) {
    this.runtime = new VirtualRuntime(seed);
  }

  add(options: PeerSetOptions = {}, storage?: HeldStorage): Replica {
    const channel = new Channel({
      name: "data",
      runtime: this.runtime,
      ...(storage ? { storage } : { replicaId: `r${this.replicas.length}` }),
    });
    const dial = (url: string): Tap => {
      const [left, right] = createTransportPair(this.runtime, this.transportOptions);
      const [dialled, accepted] = [new Tap(left), new Tap(right)];
      this.taps.push(dialled, accepted);
      this.replicas[Number(url.at(-1))]?.peers.accept(accepted);
      return dialled;
    };
    const replica: Replica = { channel, peers: new PeerSet(channel, { dial, ...options }), errors: [] };
    channel.on("error", (error) => replica.errors.push(`${error.code}: ${error.message}`));
    replica.peers.on("error", (error) =>
      replica.errors.push(`${error.code}: ${error.message} ${error.cause ?? ""}`),
    );
    this.replicas.push(replica);
    return replica;
  }

  connectAll(): void {
    const urls = this.replicas.map((_, i) => `mem://r${i}`);
    for (const { peers } of this.replicas) peers.setUrls(urls);
  }

  assertEqual(): void {
    const [first] = this.replicas;
    for (const { channel, errors } of this.replicas) {
      assert.equal(errors, []);
      assert.is(channel.size, first?.channel.size);
      assert.is(channel.contentHash(), first?.channel.contentHash());
    }
    assert.equal(this.runtime.escaped, []);
  }
}

function create(t: { after(task: () => unknown): void }, seed = 1): Cluster {
  const cluster = new Cluster(seed);
  t.after(async () => {
    const closing = cluster.replicas.map(({ peers }) => peers.close());
    cluster.runtime.advance(2_000);
    await Promise.all(closing);
    for (const { channel } of cluster.replicas) channel.close();
    assert.equal(cluster.runtime.escaped, []);
    assert.is(cluster.runtime.timers, 0);
  });
  return cluster;
}

for (const size of [3, 5, 8]) {
  test(`it brings a set to ${size} replicas in ${size - 1} update frames`, (t) => {
    const cluster = create(t);
    for (let i = 0; i < size; i++) cluster.add();
    cluster.connectAll();
    cluster.runtime.advance(1_000);
    const sent = (): number =>
      cluster.replicas.reduce((sum, { peers }) => sum + peers.stats().framesSent.update, 0);
    for (const [i, { channel }] of cluster.replicas.entries()) {
      const before = sent();
      channel.set("key", { writer: i });
      cluster.runtime.settle();
      assert.is(sent() - before, size - 1);
      cluster.assertEqual();
    }
    assert.equal(cluster.replicas[0]?.channel.get("key"), { writer: size - 1 });
  });
}

test("it brings a joiner a state of many slices while others write", (t) => {
  const cluster = create(t);
  cluster.transportOptions = { latencyMs: 3, bytesPerMs: 50_000 };
  for (let i = 0; i < 3; i++) cluster.add();
  cluster.connectAll();
  cluster.runtime.advance(1_000);
  for (let i = 0; i < 20_000; i++) cluster.replicas[i % 3]?.channel.set(`key ${i}`, "x".repeat(50));
  cluster.runtime.advance(5_000);
  cluster.assertEqual();
  cluster.add();
  cluster.connectAll();
  for (let i = 0; i < 200; i++) {
    cluster.replicas[i % 3]?.channel.set(`key ${i * 7}`, i);
    if (i % 3 === 0) cluster.replicas[1]?.channel.delete(`key ${i * 5}`);
    cluster.runtime.advance(1);
  }
  cluster.runtime.advance(10_000);
  cluster.assertEqual();
  assert.is(cluster.replicas[3]?.peers.stats().live, 3);
});

test("it heals lost frames, lost connections and partitions", (t) => {
  const seed = Date.now() % 2 ** 31;
  const cluster = create(t, seed);
  for (let i = 0; i < 4; i++) cluster.add({ digestIntervalMs: 2_000 });
  const { runtime } = cluster;
  cluster.connectAll();
  for (let step = 0; step < 400; step++) {
    const { channel, peers } = cluster.replicas[step % 4] as Replica;
    const key = `key ${Math.floor(runtime.random() * 5)}`;
    if (runtime.random() < 0.3) channel.delete(key);
    else channel.set(key, step);
    const tap = cluster.taps[Math.floor(runtime.random() * cluster.taps.length)];
    if (runtime.random() < 0.05) tap?.terminate();
    if (runtime.random() < 0.03) peers.setUrls([]);
    if (runtime.random() < 0.05) cluster.connectAll();
    if (tap)
      tap.filter = (frame) =>
        frame[1] === 2 && frame.at(-1) === 0 && runtime.random() < 0.1 ? undefined : frame;
    runtime.advance(runtime.random() * 50);
  }
  for (const tap of cluster.taps) tap.filter = (frame) => frame;
  cluster.connectAll();
  runtime.advance(120_000);
  try {
    cluster.assertEqual();
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
  }
});

test("it tells when peers have stored what they were sent, and not when they have applied it", async (t) => {
  const cluster = create(t);
  const [storage, slow] = [new HeldStorage({ replicaId: "kept", holds: false }), new HeldStorage()];
  const writer = cluster.add({}, storage);
  const reader = cluster.add({}, slow);
  cluster.connectAll();
  cluster.runtime.advance(1_000);
  writer.channel.set("key", 1);
  let isStored = false;
  const done = writer.peers.whenSynced().then(() => {
    isStored = true;
  });
  const wait = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await Promise.resolve();
      cluster.runtime.advance(100);
    }
  };
  await wait();
  assert.is(reader.channel.get("key"), 1);
  assert.not(isStored);
  // Its new connection says no more than the old one did.
  for (const tap of cluster.taps) tap.terminate();
  await wait();
  assert.is(writer.peers.stats().live, 1);
  assert.not(isStored);
  slow.releaseAll();
  cluster.runtime.advance(100);
  await done;
  cluster.assertEqual();
});

for (const meet of [true, false]) {
  test(`it brings two runs of one store to terms ${meet ? "that meet" : "that only a third knows"}`, (t) => {
    const cluster = create(t);
    const copies = [1, 2].map((copy) => {
      const storage = new HeldStorage({ replicaId: "copied", holds: false });
      storage.renounce = () => {
        storage.replicaId = `copy ${copy}`;
      };
      return cluster.add({}, storage);
    });
    cluster.add();
    for (const [i, { channel }] of copies.entries()) channel.set(`key ${i}`, i);
    if (meet) cluster.connectAll();
    else for (const { peers } of copies) peers.setUrls(["mem://r2"]);
    cluster.runtime.advance(5_000);
    for (const [i, { channel, errors }] of copies.entries()) {
      assert.is(channel.replicaId, `copy ${i + 1}`);
      assert.ok(errors.some((error) => error.startsWith("replica-cloned: ")));
      channel.set("after", i);
    }
    cluster.runtime.advance(5_000);
    for (const replica of cluster.replicas) {
      replica.errors.length = 0;
      assert.is(replica.peers.stats().live, meet || replica === cluster.replicas[2] ? 2 : 1);
    }
    cluster.assertEqual();
    assert.is(copies[0]?.channel.size, 3);
  });
}

test("a peer that connects while the store is full waits, is not dropped, and gets everything when there is room", (t) => {
  const cluster = create(t);
  const storage = new HeldStorage({ replicaId: "full", holds: false });
  const full = cluster.add({}, storage);
  full.channel.set("before", 1);
  cluster.runtime.settle();
  storage.hold();
  full.channel.set("waits", 1);
  cluster.runtime.settle();
  storage.fail(new ChorusError("store-full", "no room"));
  full.errors.length = 0;
  const late = cluster.add();
  cluster.connectAll();
  cluster.runtime.advance(5_000);
  const dialled = cluster.taps.length;
  cluster.runtime.advance(200_000);
  assert.equal([late.channel.size, late.errors, full.errors], [0, [], []]);
  assert.is(cluster.taps.length, dialled, "nobody dials again");
  late.channel.set("theirs", 1);
  cluster.runtime.advance(1_000);
  assert.is(full.channel.get("theirs"), 1);
  storage.recover();
  storage.releaseAll();
  cluster.runtime.advance(10_000);
  assert.is(late.channel.size, 3);
  cluster.assertEqual();
});

test("updates that waited too long for the store are forgotten, and peers get them in a diff", (t) => {
  const cluster = create(t);
  const storage = new HeldStorage({ replicaId: "slow" });
  // A chain: what the writer sends reaches the reader through the one in the middle only.
  const writer = cluster.add();
  const middle = cluster.add({}, storage);
  const reader = cluster.add();
  middle.peers.setUrls(["mem://r0", "mem://r2"]);
  cluster.runtime.advance(1_000);
  storage.hold();
  const text = "x".repeat(900_000);
  for (let i = 0; i < 80; i++) {
    writer.channel.set(`k${i % 4}`, `${i} ${text}`);
    cluster.runtime.advance(10);
  }
  assert.ok(middle.channel.size === 4 && reader.channel.size === 0);
  storage.releaseAll();
  cluster.runtime.advance(10_000);
  cluster.assertEqual();
  assert.ok(reader.peers.stats().framesReceived.update < 80, "not one by one");
});
