import { assert, suite } from "@chorus/testing";
import { CommitQueue, type UpdateLog } from "../src/commit-queue.js";
import { HeldLog } from "./replica.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("commit queue");

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** A queue over a list of numbers that stand for pending slices. */
function create(log?: UpdateLog) {
  const runtime = new VirtualRuntime();
  const pending: number[] = [];
  const events: string[] = [];
  const queue = new CommitQueue({
    runtime,
    log,
    commit: () => {
      const next = pending.shift();
      if (next === undefined) return undefined;
      events.push(`commit ${next}`);
      return bytes(next);
    },
    pendingCount: () => pending.length,
    onStored: (update) => events.push(`stored ${update[0]}`),
    onLogFailure: (error) => events.push(`failure ${error.message}`),
  });
  const write = (value: number): void => {
    pending.push(value);
    queue.schedule();
  };
  return { runtime, pending, events, queue, write };
}

test("commits at the end of the turn, once, however often it is scheduled", () => {
  const { runtime, events, queue, write } = create();
  write(1);
  queue.schedule();
  queue.schedule();
  assert.equal(events, []);
  assert.not(queue.isQuiet);
  runtime.settle();
  assert.equal(events, ["commit 1", "stored 1"]);
  assert.ok(queue.isQuiet);
});

test("commits one slice per turn and lets other turns in between", () => {
  const { runtime, events, write } = create();
  for (const value of [1, 2, 3]) write(value);
  runtime.later(() => events.push("other"));
  runtime.settle();
  assert.equal(events, ["commit 1", "stored 1", "other", "commit 2", "stored 2", "commit 3", "stored 3"]);
});

test("waits for a later turn after a commit just before, and no longer than that", () => {
  const { runtime, events, write } = create();
  write(1);
  runtime.settle();
  write(2);
  runtime.soon(() => events.push("end of turn"));
  runtime.settle();
  runtime.advance(5);
  write(3);
  runtime.later(() => events.push("later turn"));
  runtime.settle();
  assert.equal(
    events.filter((event) => !event.startsWith("stored")),
    ["commit 1", "end of turn", "commit 2", "commit 3", "later turn"],
  );
});

test("sends nothing and starts nothing while something is being stored", () => {
  const log = new HeldLog();
  const { runtime, events, queue, write } = create(log);
  write(1);
  runtime.settle();
  write(2);
  runtime.settle();
  queue.flush();
  assert.equal(events, ["commit 1"]);
  assert.is(log.waiting, 1);
  log.release();
  assert.equal(events, ["commit 1", "stored 1"]);
  runtime.settle();
  assert.equal(events, ["commit 1", "stored 1", "commit 2"]);
  log.release();
  assert.ok(queue.isQuiet);
});

test("takes a log that answers at once", () => {
  const { runtime, events, queue, write } = create({ append: (_update, stored) => stored() });
  write(1);
  write(2);
  runtime.settle();
  assert.equal(events, ["commit 1", "stored 1", "commit 2", "stored 2"]);
  assert.ok(queue.isQuiet);
});

test("calls back for sharing at once when nothing is being stored, and otherwise when it is, before the next commit", () => {
  const log = new HeldLog();
  const { runtime, events, queue, write } = create(log);
  queue.whenShareable(() => events.push("shared at once"));
  write(1);
  queue.whenShareable(() => events.push("shared while pending"));
  runtime.settle();
  queue.whenShareable(() => events.push("shared"));
  write(2);
  runtime.settle();
  assert.equal(events, ["shared at once", "shared while pending", "commit 1"]);
  log.release();
  runtime.settle();
  assert.equal(events.slice(3), ["stored 1", "shared", "commit 2"]);
});

test("resolves whenCommitted after the last slice is stored, and at once when there is nothing", async () => {
  const log = new HeldLog();
  const { runtime, queue, write } = create(log);
  await queue.whenCommitted();
  write(1);
  write(2);
  let resolved = false;
  const committed = queue.whenCommitted().then(() => {
    resolved = true;
  });
  runtime.settle();
  log.release();
  runtime.settle();
  await Promise.resolve();
  assert.not(resolved);
  log.release();
  await committed;
  assert.ok(resolved);
});

test("tries again by itself after the log failed, and says so each time", () => {
  const log = new HeldLog();
  const { runtime, events, queue, write } = create(log);
  write(1);
  runtime.settle();
  log.release(new Error("full"));
  assert.ok(queue.failed);
  assert.not(queue.isQuiet);
  runtime.advance(1_000);
  log.release(new Error("still full"));
  runtime.advance(1_000);
  assert.ok(queue.failed);
  log.release();
  assert.not(queue.failed);
  assert.equal(events, ["commit 1", "failure full", "failure still full", "stored 1"]);
  assert.equal(log.appended, [bytes(1), bytes(1), bytes(1)]);
  assert.is(runtime.timers, 0);
});

test("takes what a log throws as its failure", () => {
  let broken = true;
  const log: UpdateLog = {
    append: (_update, stored) => {
      if (broken) throw new Error("broken");
      stored();
    },
  };
  const { runtime, events, queue, write } = create(log);
  write(1);
  queue.storeRemote(bytes(9), () => events.push("remote stored"));
  runtime.settle();
  assert.equal(runtime.escaped, []);
  assert.ok(queue.failed);
  broken = false;
  runtime.advance(1_000);
  assert.equal(events.filter((event) => !event.startsWith("failure")).sort(), [
    "commit 1",
    "remote stored",
    "stored 1",
  ]);
  assert.equal(
    events.filter((event) => event.startsWith("failure")),
    ["failure broken", "failure broken"],
  );
});

test("stores what peers send without waiting for its own, in order", () => {
  const log = new HeldLog();
  const { runtime, events, queue, write } = create(log);
  write(1);
  runtime.settle();
  queue.storeRemote(bytes(8), () => events.push("remote 8"));
  queue.storeRemote(bytes(9), () => events.push("remote 9"));
  assert.equal(log.appended, [bytes(1), bytes(8), bytes(9)]);
  log.release();
  assert.ok(queue.isQuiet);
  log.release();
  log.release();
  assert.equal(events, ["commit 1", "stored 1", "remote 8", "remote 9"]);
});

test("acknowledges no later update of a peer before an earlier one that the log refused", () => {
  const log = new HeldLog();
  const { runtime, events, queue } = create(log);
  for (const value of [7, 8, 9]) queue.storeRemote(bytes(value), () => events.push(`remote ${value}`));
  log.release();
  log.release(new Error("full"));
  log.release();
  assert.equal(events, ["remote 7", "failure full"]);
  runtime.advance(1_000);
  log.release();
  assert.equal(events, ["remote 7", "failure full", "remote 8", "remote 9"]);
  assert.equal(log.appended, [bytes(7), bytes(8), bytes(9), bytes(8)]);
});

test("answers at once without a log", () => {
  const { events, queue } = create();
  queue.storeRemote(bytes(1), () => events.push("remote"));
  assert.equal(events, ["remote"]);
});

test("does nothing more once it is closed", async () => {
  const log = new HeldLog();
  const { runtime, events, queue, write } = create(log);
  write(1);
  runtime.settle();
  queue.storeRemote(bytes(9), () => events.push("remote"));
  const committed = queue.whenCommitted();
  write(2);
  queue.close();
  await assert.rejectsCode(committed, "channel-closed");
  log.release(new Error("late"));
  log.release();
  queue.flush();
  runtime.advance(5_000);
  assert.equal(events, ["commit 1"]);
  assert.is(log.appended.length, 2);
});
