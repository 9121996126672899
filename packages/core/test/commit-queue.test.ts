import { assert, suite } from "@chorus/testing";
import { ChorusError } from "../src/index.js";
import { CommitQueue, type CommitQueueOptions } from "../src/commit-queue.js";
import { HeldStorage } from "./held-storage.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("commit queue");

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** A queue over a list of numbers that stand for pending slices. */
function create(storage?: CommitQueueOptions["storage"]) {
  const runtime = new VirtualRuntime();
  const pending: number[] = [];
  const events: string[] = [];
  const queue = new CommitQueue({
    runtime,
    storage,
    commit: () => {
      const next = pending.shift();
      if (next === undefined) return undefined;
      events.push(`commit ${next}`);
      return bytes(next);
    },
    pendingCount: () => pending.length,
    onStored: (update) => events.push(`stored ${update[0]}`),
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

/** A queue that notes the sizes of its commits. @param most how much one of them takes */
function createCounting(most = Number.POSITIVE_INFINITY) {
  const runtime = new VirtualRuntime();
  const commits: number[] = [];
  let pending = 0;
  const queue = new CommitQueue({
    runtime,
    storage: undefined,
    commit: () => {
      const size = Math.min(pending, most);
      if (size > 0) commits.push(size);
      pending -= size;
      return undefined;
    },
    pendingCount: () => pending,
    onStored: () => undefined,
  });
  const write = (count: number): void => {
    for (let i = 0; i < count; i++) {
      pending++;
      queue.schedule();
    }
  };
  return { runtime, commits, queue, write };
}

/** The same when it has just committed many. */
function createBusy() {
  const counting = createCounting();
  counting.write(100);
  counting.runtime.settle();
  return counting;
}

test("gathers what a busy writer writes in several turns, for some milliseconds", () => {
  const { runtime, commits, write } = createBusy();
  for (let turn = 0; turn < 4; turn++) {
    write(100);
    runtime.settle();
  }
  assert.equal(commits, [100]);
  runtime.advance(5);
  assert.equal(commits, [100, 400]);
  runtime.advance(10);
  write(1);
  runtime.settle();
  assert.equal(commits, [100, 400, 1], "a pause ends it");
});

test("the rest of a large batch does not wait for more", () => {
  const { runtime, commits, write } = createCounting(2_000);
  write(2_010);
  runtime.settle();
  assert.equal(commits, [2_000, 10]);
  assert.is(runtime.timers, 0);
});

test("gathers nothing for who writes little at a time", () => {
  const { runtime, commits, write } = createBusy();
  runtime.advance(10);
  for (let turn = 0; turn < 3; turn++) {
    write(1);
    runtime.settle();
  }
  assert.equal(commits, [100, 1, 1, 1]);
});

test("gathers nothing any more, and leaves no timer, once it is stopped", () => {
  const { runtime, commits, queue, write } = createBusy();
  write(100);
  assert.is(runtime.timers, 1);
  queue.stop();
  assert.is(runtime.timers, 0);
  runtime.advance(10);
  assert.equal(commits, [100]);
});

test("gathers no longer once somebody waits", async () => {
  const { runtime, commits, queue, write } = createBusy();
  write(100);
  runtime.settle();
  assert.equal(commits, [100]);
  const committed = queue.whenCommitted();
  runtime.settle();
  assert.equal(commits, [100, 100]);
  await committed;
  assert.is(runtime.timers, 0);
});

test("sends nothing and starts nothing while something is being stored", () => {
  const log = new HeldStorage();
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
  const { runtime, events, queue, write } = create({
    failure: undefined,
    append: (_update, stored) => stored(),
    appendLarge: (_update, stored) => stored(),
  });
  write(1);
  write(2);
  runtime.settle();
  assert.equal(events, ["commit 1", "stored 1", "commit 2", "stored 2"]);
  assert.ok(queue.isQuiet);
});

test("calls back for sharing at once when nothing is being stored, and otherwise when it is, before the next commit", () => {
  const log = new HeldStorage();
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
  const log = new HeldStorage();
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

test("says that the store refuses writes for as long as it does", () => {
  const log = new HeldStorage();
  const { queue } = create(log);
  log.fail(new ChorusError("store-full", "full"));
  assert.ok(queue.failed);
  log.recover();
  assert.not(queue.failed);
});

test("stores what peers send without waiting for its own, in order", () => {
  const log = new HeldStorage();
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

test("calls back when all updates so far are stored, those of peers too, and waits for no later one", () => {
  const log = new HeldStorage();
  const { runtime, events, queue, write } = create(log);
  queue.whenStored(() => events.push("nothing to store"));
  queue.storeRemote(bytes(8), () => events.push("remote 8"));
  write(1);
  runtime.settle();
  queue.whenStored(() => events.push("all stored"));
  queue.storeRemote(bytes(9), () => events.push("remote 9"));
  log.release();
  assert.equal(events, ["nothing to store", "commit 1", "remote 8"]);
  log.release();
  assert.equal(events.slice(3), ["stored 1", "all stored"]);
});

test("answers at once without a log", () => {
  const { events, queue } = create();
  queue.storeRemote(bytes(1), () => events.push("remote"));
  assert.equal(events, ["remote"]);
});

test("does nothing more once it is closed", async () => {
  const log = new HeldStorage();
  const { runtime, events, queue, write } = create(log);
  write(1);
  runtime.settle();
  queue.storeRemote(bytes(9), () => events.push("remote"));
  const committed = queue.whenCommitted();
  write(2);
  queue.close();
  await assert.rejectsCode(committed, "channel-closed");
  queue.flush();
  runtime.advance(5_000);
  assert.equal(events, ["commit 1"]);
  assert.is(log.appended.length, 2);
});

test("resolves whenCommitted when what maintenance wrote is stored as well", async () => {
  const log = new HeldStorage();
  const { queue } = create(log);
  queue.submit(bytes(5));
  let resolved = false;
  const committed = queue.whenCommitted().then(() => {
    resolved = true;
  });
  await Promise.resolve();
  assert.not(resolved);
  log.release();
  await committed;
});

test("resolves whenCommitted for many slices after the last of them, whatever maintenance writes between", async () => {
  const log = new HeldStorage({ holds: false });
  const { runtime, queue, write, events } = create(log);
  for (let value = 0; value < 20; value++) write(value);
  let storedThen = 0;
  const committed = queue.whenCommitted().then(() => {
    storedThen = events.filter((event) => event.startsWith("stored")).length;
  });
  for (let i = 0; i < 10; i++) queue.submit(bytes(100));
  runtime.settle();
  await committed;
  assert.ok(storedThen >= 30, `${storedThen} stored`);
});

test("lets go of who waits for sharing no longer", () => {
  const log = new HeldStorage();
  const { runtime, events, queue, write } = create(log);
  write(1);
  runtime.settle();
  const takeBack = queue.whenShareable(() => events.push("shared"));
  assert.ok(queue.isAwaited);
  takeBack();
  assert.not(queue.isAwaited);
  log.release();
  assert.equal(events, ["commit 1", "stored 1"]);
});

test("lets those who wait for sharing wait again when one of them commits", () => {
  const log = new HeldStorage();
  const { runtime, events, pending, queue, write } = create(log);
  write(1);
  runtime.settle();
  pending.push(2);
  queue.whenShareable(() => {
    events.push("first");
    queue.flush();
  });
  queue.whenShareable(() => events.push("second"));
  log.release();
  assert.equal(events, ["commit 1", "stored 1", "first", "commit 2"]);
  log.release();
  assert.equal(events.slice(4), ["stored 2", "second"]);
});
