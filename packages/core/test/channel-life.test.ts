// A channel and its log: failing, closing, opening again. What it does with data is in channel.test.ts.
import { assert, suite } from "@chorus/testing";
import { Channel, ChorusError } from "../src/index.js";
import { HeldStorage, storedAs } from "./held-storage.js";
import { Replica } from "./replica.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("channel life", { deadlineMs: 20_000 });

test("fails writes while the store refuses them, says so, and resumes by itself", async () => {
  const log = new HeldStorage();
  const runtime = new VirtualRuntime();
  const channel = new Channel({ name: "test", runtime, storage: log });
  const errors: ChorusError[] = [];
  const states: unknown[] = [];
  const sent: Uint8Array[] = [];
  channel.on("error", (error) => errors.push(error));
  channel.on("store", ({ failure }) => states.push(failure));
  channel.replication.onUpdate((update) => sent.push(update));
  channel.set("k", 1);
  runtime.settle();
  channel.set("waiting", 1);
  const durable = channel.whenDurable();
  const full = new ChorusError("store-full", "no room");
  log.fail(full);
  await assert.rejectsCode(durable, "store-full");
  await assert.rejectsCode(channel.whenDurable(), "store-full");
  assert.equal([errors, states], [[full], [full]]);
  const before = [channel.contentHash(), channel.documentBytes(), channel.size];
  assert.throwsCode(() => channel.set("k", 2), "store-full");
  assert.throwsCode(() => channel.delete("k"), "store-full");
  assert.throwsCode(() => channel.update([["k", 2]]), "store-full");
  assert.throwsCode(() => channel.retire("other"), "store-full");
  assert.equal([channel.contentHash(), channel.documentBytes(), channel.size], before);
  assert.is(channel.get("k"), 1);
  const committed = channel.whenCommitted();
  log.recover();
  log.release();
  runtime.settle();
  assert.ok(channel.set("k", 3));
  log.release();
  runtime.advance(1);
  log.release();
  await committed;
  assert.is(sent.length, 3);
  assert.equal([errors.length, states], [1, [full, undefined]]);
  assert.equal(runtime.escaped, []);
  const reader = new Replica();
  for (const update of sent) reader.receive(update);
  assert.equal(reader.content(), { k: 3, waiting: 1 });
  await channel.close();
  assert.ok(log.isClosed);
});

test("is durable when everything written before is stored, and not before", async () => {
  const log = new HeldStorage();
  const runtime = new VirtualRuntime();
  const channel = new Channel({ name: "test", runtime, storage: log });
  assert.ok(channel.durable);
  await channel.whenDurable();
  channel.set("k", 1);
  let durable = false;
  const waiting = channel.whenDurable().then(() => {
    durable = true;
  });
  const late = channel.whenDurable({ timeoutMs: 50 });
  runtime.settle();
  runtime.advance(50);
  await assert.rejectsCode(late, "timeout");
  assert.not(durable);
  log.release();
  await waiting;
  await assert.rejectsCode(channel.whenDurable({ timeoutMs: -1 }), "invalid-option");
  await channel.close();
  await assert.rejectsCode(channel.whenDurable(), "channel-closed");
});

test("is not durable without a store", async () => {
  const { channel } = new Replica();
  assert.not(channel.durable);
  await assert.rejectsCode(channel.whenDurable(), "not-durable");
});

test("commits what is pending when it is closed, and answers nothing after", () => {
  const a = new Replica({ maxBatchEntries: 10 });
  a.channel.update(Array.from({ length: 95 }, (_, i) => [`k${i}`, i]));
  a.channel.close();
  a.channel.close();
  assert.is(a.sent.length, 10);
  const b = new Replica();
  for (const update of a.sent) b.receive(update);
  assert.is(b.channel.size, 95);
  const { channel } = a;
  for (const action of [
    () => channel.get("k"),
    () => channel.has("k"),
    () => channel.size,
    () => channel.set("k", 1),
    () => channel.delete("k"),
    () => channel.update([]),
    () => channel.update([["k", undefined]]),
    () => channel.entries(),
    () => channel.keys(),
    () => channel.timestampOf("k"),
    () => channel.contentHash(),
    () => channel.whenCommitted(),
    () => channel.maintain(),
  ]) {
    assert.throwsCode(action, "channel-closed");
  }
  a.runtime.turn();
  assert.is(a.sent.length, 10);
});

test("closes while its log is busy, and sends nothing more", async () => {
  const log = new HeldStorage();
  const a = new Replica({ storage: log });
  a.channel.set("k", 1);
  a.runtime.turn();
  a.channel.set("late", 1);
  const committed = a.channel.whenCommitted();
  a.channel.close();
  await assert.rejectsCode(committed, "channel-closed");
  assert.is(log.appended.length, 2);
  log.release();
  a.runtime.turn();
  assert.is(a.sent.length, 0);
});

test("opens again from what its log kept, pending and torn updates apart", () => {
  const storage = new HeldStorage({ holds: false });
  const peer = new Replica({ wall: 50 });
  const first = new Replica({ storage });
  first.set("k", 1);
  first.set("gone", 1);
  first.delete("gone");
  peer.set("theirs", 1);
  peer.syncTo(first);
  first.sweep();
  first.channel.set("last", 1);
  first.channel.close();
  const sessions = [{ sessionId: first.channel.sessionId, complete: true }];
  const second = new Replica({ storage: storedAs([...storage.kept], sessions) });
  assert.equal(second.content(), { k: 1, last: 1, theirs: 1 });
  second.set("k", 2);
  second.syncTo(peer);
  assert.equal(peer.content(), { k: 2, last: 1, theirs: 1 });
  assert.is(peer.channel.contentHash(), second.channel.contentHash());
});

test("resolves whenCommitted when everything was sent, and at once when nothing is pending", async () => {
  const a = new Replica({ maxBatchEntries: 1 });
  await a.channel.whenCommitted();
  a.channel.update([
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
  const committed = a.channel.whenCommitted().then(() => a.sent.length);
  a.runtime.turn();
  assert.is(await committed, 3);
});
