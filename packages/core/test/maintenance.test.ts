import { assert, suite } from "@chorus/testing";
import { Channel, type ChannelOptions } from "../src/index.js";
import { HeldStorage, storedAs } from "./held-storage.js";
import { Replica } from "./replica.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("maintenance");

/** A channel whose timers fire as time is advanced. */
function open(options: Partial<ChannelOptions> = {}): { channel: Channel; runtime: VirtualRuntime } {
  const runtime = new VirtualRuntime();
  return { channel: new Channel({ name: "test", runtime, ...options }), runtime };
}

function receive(channel: Channel, updates: readonly Uint8Array[]): void {
  for (const update of updates)
    assert.is.not(
      channel.replication.receive(update, {}, () => undefined),
      "gap",
    );
}

test("drops a tombstone by itself after the drop delay, and not before", () => {
  const { channel, runtime } = open();
  channel.set("k", 1);
  runtime.advance(1);
  channel.delete("k");
  runtime.advance(200);
  assert.is(channel.stats().heldEntries, 1);
  runtime.advance(100);
  assert.is(channel.stats().heldEntries, 0);
  assert.is(channel.stats().dropped, 1);
});

test("drops in batches with pauses between", () => {
  const { channel, runtime } = open({ cleaning: { dropBatch: 10 } });
  for (let i = 0; i < 30; i++) channel.set(`k${i}`, i);
  runtime.advance(100);
  for (let i = 0; i < 30; i++) channel.delete(`k${i}`);
  runtime.advance(150);
  assert.is(channel.stats().dropped, 10);
  runtime.advance(20);
  assert.is(channel.stats().dropped, 20);
  runtime.advance(20);
  assert.is(channel.stats().dropped, 30);
});

test("cleans when idle for long enough, counted from the last write of anybody", () => {
  const { channel, runtime } = open({ cleaning: { minIdleDead: 4 } });
  const peer = new Replica();
  for (let i = 0; i < 20; i++) {
    channel.set("k", i);
    runtime.advance(1);
  }
  runtime.advance(1_500);
  peer.set("other", 1);
  receive(channel, peer.sent);
  runtime.advance(1_500);
  assert.is(channel.stats().cleanedSegments, 0);
  runtime.advance(600);
  assert.is(channel.stats().cleanedSegments, 1);
  assert.is(channel.get("k"), 19);
});

test("comes to rest: no timer is left when there is nothing to do, and none after close", () => {
  const { channel, runtime } = open({
    cleaning: { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8 },
  });
  for (let i = 0; i < 200; i++) {
    channel.set(`k${i % 7}`, i);
    if (i % 5 === 0) channel.delete(`k${i % 3}`);
    runtime.advance(1);
  }
  runtime.advance(60_000);
  assert.is(runtime.timers, 0);
  assert.equal(runtime.escaped, []);
  channel.set("k", 1);
  runtime.settle();
  assert.ok(runtime.timers > 0);
  channel.close();
  assert.is(runtime.timers, 0);
});

test("commits what is pending before it decides what may go", () => {
  const a = new Replica();
  const b = new Replica({ wall: 50 });
  a.set("k", "old");
  b.set("k", "new");
  b.syncTo(a);
  a.channel.set("k", "newer");
  assert.ok(a.channel.stats().pendingWrites > 0);
  assert.not(a.channel.maintain());
  assert.is(a.channel.stats().pendingWrites, 0);
  assert.is(a.channel.stats().dropped, 0);
  assert.is(a.channel.get("k"), "newer");
  a.syncTo(b);
  assert.is(b.channel.get("k"), "newer");
});

test("leaves a large batch to finish", () => {
  const a = new Replica({ maxBatchEntries: 5 });
  a.set("gone", 1);
  a.delete("gone");
  a.channel.update(Array.from({ length: 20 }, (_, i) => [`k${i}`, i]));
  assert.not(a.channel.maintain());
  assert.is(a.channel.stats().dropped, 0);
  a.runtime.turn();
  assert.ok(a.channel.maintain());
  assert.is(a.channel.stats().dropped, 1);
});

test("gives a store that hangs one batch of its own and no more, and does not forget its work", () => {
  const log = new HeldStorage();
  const { channel, runtime } = open({ storage: log });
  const release = (): void => {
    while (log.waiting > 0) {
      log.release();
      runtime.settle();
    }
  };
  channel.set("k", 1);
  runtime.settle();
  release();
  runtime.advance(2);
  channel.delete("k");
  runtime.settle();
  assert.is(log.waiting, 1);
  runtime.advance(10_000);
  assert.is(channel.stats().dropped, 1);
  assert.is(log.waiting, 2);
  channel.set("other", 1);
  channel.delete("other");
  runtime.advance(10_000);
  assert.is(log.waiting, 2);
  release();
  runtime.advance(100);
  assert.is(channel.stats().keysToSweep, 0);
});

test("cleans up behind a writer that never rests, with a store that is never idle", async () => {
  const log = new HeldStorage();
  const { channel, runtime } = open({
    storage: log,
    cleaning: { minSegmentStructs: 64, maxSegmentStructs: 64 },
  });
  let committed = 0;
  for (let i = 0; i < 2_000; i++) {
    channel.set(`k${i % 10}`, i);
    runtime.advance(2);
    if (i % 100 === 50) void channel.whenCommitted().then(() => committed++);
    if (i % 3 === 0 && log.waiting > 0) log.release();
  }
  await new Promise(setImmediate);
  assert.ok(channel.stats().cleanedSegments > 5, `cleaned ${channel.stats().cleanedSegments}`);
  assert.ok(channel.stats().segments < 10, `${channel.stats().segments} segments`);
  assert.ok(committed >= 19, `${committed} of 20 were told`);
});

test("drops and cleans in one step", () => {
  const log = new HeldStorage();
  const a = new Replica({ storage: log, cleaning: { minIdleDead: 4, moveBatch: 1 } });
  const release = (): void => {
    while (log.waiting > 0) {
      log.release();
      a.runtime.turn();
    }
  };
  for (let i = 0; i < 20; i++) {
    a.channel.set(`k${i % 4}`, i);
    a.runtime.turn();
    release();
  }
  for (let i = 0; i < 2; i++) {
    a.channel.set("gone", i);
    a.runtime.turn();
    release();
    a.channel.delete("gone");
    a.runtime.turn();
    release();
    for (let step = 0; step < 2; step++) {
      a.channel.maintain({ idle: true, dropBatch: 1, moveBatch: 1 });
      assert.ok(log.waiting <= 2);
      release();
    }
  }
  const { dropped, moved } = a.channel.stats();
  assert.ok(dropped > 0 && moved > 0, `dropped ${dropped}, moved ${moved}`);
});

test("takes over earlier sessions when the first full sync comes after everything is at rest", () => {
  const before = new Replica();
  for (let i = 0; i < 20; i++) before.set("k", i);
  const { channel, runtime } = open({
    storage: storedAs(before.state(), [{ sessionId: before.channel.sessionId, complete: true }]),
    cleaning: { minIdleDead: 4 },
  });
  runtime.advance(10_000);
  assert.is(channel.stats().takenOverSegments, 0);
  channel.replication.markSynced();
  runtime.advance(10_000);
  assert.is(channel.stats().takenOverSegments, 1);
  assert.is(channel.get("k"), 19);
  assert.is(runtime.timers, 0);
});

test("does nothing once the channel is closed", () => {
  const { channel, runtime } = open();
  channel.set("k", 1);
  runtime.settle();
  channel.close();
  assert.throwsCode(() => channel.maintain(), "channel-closed");
  runtime.advance(10_000);
  assert.equal(runtime.escaped, []);
});

test("stands back on a slow disk while somebody waits for a diff", () => {
  const log = new HeldStorage();
  const { channel, runtime } = open({
    storage: log,
    cleaning: { minSegmentStructs: 64, maxSegmentStructs: 64, moveBatch: 2 },
  });
  for (let i = 0; i < 2_000; i++) {
    channel.set(`k${i % 400}`, i);
    runtime.settle();
    while (log.waiting > 0) log.release();
  }
  let shared = 0;
  let batches = 0;
  // The disk takes longer for each batch than the pause between two of maintenance.
  for (let i = 0; i < 200 && shared === 0; i++) {
    if (i === 30) channel.replication.whenShareable(() => shared++);
    runtime.advance(30);
    if (log.waiting === 0) continue;
    log.release();
    batches++;
  }
  assert.ok(batches > 5, `${batches} batches`);
  assert.is(shared, 1);
});
