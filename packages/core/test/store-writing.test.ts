import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert, suite } from "@chorus/testing";
import { numbersOf, openStore, resolved, Session, settle } from "./store-support.js";

const test = suite("store: writing");

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const noRoom = (): Error => new Error("IO error: 000007.log: No space left on device");
const broken = (): Error => new Error("IO error: 000007.log: Input/output error");

test("stores what is appended, calls back in order and only then, and gives it back", async () => {
  const { runtime, database, store, open } = await openStore();
  const session = open();
  session.addAll(1, 6);
  runtime.advance(0);
  assert.equal(session.stored, [1, 2, 3, 4, 5]);
  assert.is(database.batches.length, 1);
  await resolved(runtime, session.storage.close());
  const next = open();
  assert.equal(numbersOf(next.restored), [1, 2, 3, 4, 5]);
  assert.equal(next.restored.updates.length, 5);
  assert.is(store.level, "sync");
});

test("calls nothing back within append, nor before the batch is written", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  database.isHanging = true;
  session.add(1);
  assert.equal(session.events, []);
  runtime.advance(60_000);
  assert.equal(session.events, []);
  assert.is(database.writes, 1);
  database.release();
  runtime.settle();
  assert.equal(session.events, [1]);
});

test("writes one batch at a time, and everything that arrives meanwhile in the next, for all channels", async () => {
  const { runtime, database, open } = await openStore();
  const a = open("a");
  const b = open("b");
  database.isHanging = true;
  a.add(1);
  runtime.settle();
  for (let number = 2; number < 50; number++) (number % 2 ? a : b).add(number);
  runtime.settle();
  assert.is(database.writes, 1);
  database.release();
  runtime.settle();
  assert.is(database.batches.length, 2);
  assert.is(a.stored.length + b.stored.length, 49);
  const keys = database.batches[1]?.operations.map(({ key }) => key) ?? [];
  assert.ok(keys.some((key) => key.startsWith("l/a/")) && keys.some((key) => key.startsWith("l/b/")));
});

test("puts what two channels write in one turn into one batch", async () => {
  const { runtime, database, open } = await openStore();
  const sessions = [open("a"), open("b")];
  for (const session of sessions) session.add(1);
  runtime.settle();
  assert.is(database.writes, 1);
  assert.equal(
    sessions.map(({ stored }) => stored),
    [[1], [1]],
  );
});

test("syncs at level sync and not at level os, but for the beginning and the clean end of a session", async () => {
  for (const level of ["sync", "os"] as const) {
    const { runtime, database, open } = await openStore({ level });
    const session = open();
    for (const number of [1, 2]) {
      session.add(number);
      runtime.settle();
    }
    await resolved(runtime, session.storage.close());
    const synced = database.batches.map(({ sync }) => sync);
    assert.equal(synced, [true, level === "sync", true]);
  }
});

test("bounds a batch", async () => {
  const { runtime, database, open } = await openStore({ maxBatchBytes: 1_000 });
  const session = open();
  session.addAll(0, 20, 295);
  runtime.settle();
  assert.equal(
    session.stored,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.is(database.batches.length, 5);
  session.add(20, 50_000);
  runtime.settle();
  assert.is(session.stored.length, 21);
});

test("bounds the updates of a batch too, so that no turn takes long", async () => {
  const { runtime, database, open } = await openStore({ maxLogRecords: 1e6 });
  const session = open();
  session.addAll(0, 5_000);
  runtime.settle();
  assert.is(session.stored.length, 5_000);
  assert.equal(
    database.batches.map(({ operations }) => operations.filter(({ key }) => key.startsWith("l/")).length),
    // The first batch begins with the replica and the session.
    [2_046, 2_048, 906],
  );
});

for (const [error, code] of [
  [noRoom(), "store-full"],
  [Object.assign(new Error("write"), { code: "EDQUOT" }), "store-full"],
  [new Error("outer", { cause: Object.assign(new Error("inner"), { code: "ENOSPC" }) }), "store-full"],
  [broken(), "store-failed"],
  [{ strange: true } as unknown as Error, "store-failed"],
] as const) {
  test(`says ${code} for ${String((error as Error).message ?? error)}`, async () => {
    const { runtime, database, open } = await openStore();
    const session = open();
    database.failure = error;
    session.add(1);
    runtime.settle();
    assert.equal(session.events, [`failing: ${code}`]);
    assert.is(session.storage.failure?.code, code);
    assert.is(session.storage.failure?.cause, error);
  });
}

test("says that it fails once, tries again every second, reopened, and goes on in order", async () => {
  const { runtime, database, store, open } = await openStore();
  const a = open("a");
  const b = open("b");
  const silent = store.openChannel("silent");
  database.failure = broken();
  a.addAll(1, 4);
  b.add(10);
  runtime.advance(3_500);
  assert.is(database.writes, 1);
  assert.is(database.reopenings, 3);
  a.addAll(4, 6);
  assert.equal(a.events, ["failing: store-failed"]);
  assert.equal(b.events, ["failing: store-failed"]);
  assert.ok(silent.failure);
  database.failure = undefined;
  runtime.advance(1_000);
  assert.equal(a.events, ["failing: store-failed", "recovered", 1, 2, 3, 4, 5]);
  assert.equal(b.events, ["failing: store-failed", "recovered", 10]);
  assert.is(silent.failure, undefined);
  database.failure = noRoom();
  a.add(6);
  runtime.advance(1_500);
  database.failure = undefined;
  runtime.advance(1_000);
  assert.equal(a.events.slice(7), ["failing: store-full", "recovered", 6]);
  assert.equal(runtime.escaped, []);
});

test("writes the same again when a batch that failed turns out to be there", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  session.add(1);
  runtime.settle();
  database.keepsFailed = true;
  database.failure = broken();
  session.addAll(2, 5);
  runtime.settle();
  database.failure = undefined;
  runtime.advance(1_000);
  assert.equal(session.stored, [1, 2, 3, 4]);
  await resolved(runtime, session.storage.close());
  assert.equal(numbersOf(open().restored), [1, 2, 3, 4]);
});

test("takes what the database throws for an answer, and a second answer for none", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  database.failure = broken();
  database.throwsAtOnce = true;
  session.add(1);
  assert.equal(session.events, []);
  runtime.settle();
  assert.equal(session.events, ["failing: store-failed"]);
  database.failure = undefined;
  database.answersTwice = true;
  runtime.advance(1_000);
  session.add(2);
  runtime.advance(1_000);
  assert.equal(session.events, ["failing: store-failed", "recovered", 1, 2]);
  assert.equal(runtime.escaped, []);
});

test("lets no callback keep others from theirs", async () => {
  const { runtime, open } = await openStore();
  const session = open();
  session.storage.append(new Uint8Array(4), () => {
    throw new Error("a bad callback");
  });
  session.add(2);
  runtime.settle();
  assert.equal(session.events, [2]);
  assert.equal(runtime.escaped, []);
});

test("tells a channel that starts while the store fails, after its start", async () => {
  const { runtime, database, store, open } = await openStore();
  const a = open("a");
  const late = store.openChannel("late");
  database.failure = broken();
  a.add(1);
  runtime.settle();
  const session = new Session(late, 7);
  assert.equal(session.events, []);
  runtime.settle();
  assert.equal(session.events, ["failing: store-failed"]);
  assert.throwsCode(() => store.openChannel("later still"), "store-failed");
  await assert.rejectsCode(store.loadChannel("later still"), "store-failed");
  database.failure = undefined;
  runtime.advance(1_000);
  assert.equal(session.events, ["failing: store-failed", "recovered"]);
  assert.ok(store.openChannel("later still"));
});

test("forgets the bytes of what waits for a full disk, and stores the document instead", async () => {
  const { runtime, database, open } = await openStore({ maxQueuedBytes: 10_000 });
  const session = open();
  const other = open("other");
  other.add(1);
  session.add(0, 100);
  runtime.settle();
  database.failure = noRoom();
  session.addAll(1, 300, 100);
  runtime.advance(2_000);
  session.addAll(300, 400, 100);
  assert.is(session.diffs, 1);
  assert.equal(session.stored, [0]);
  database.failure = undefined;
  runtime.advance(1_000);
  await settle(runtime);
  assert.equal(session.events.slice(0, 3), [0, "failing: store-full", "recovered"]);
  assert.equal(
    session.stored,
    Array.from({ length: 400 }, (_, i) => i),
  );
  const updates = database.batches
    .flatMap(({ operations }) => operations)
    .filter(({ key }) => key.startsWith("l/test/"));
  assert.ok(updates.length < 250, `${updates.length} updates were written`);
  session.addAll(400, 405);
  await resolved(runtime, session.storage.close());
  const next = open();
  assert.equal(
    numbersOf(next.restored),
    Array.from({ length: 405 }, (_, i) => i),
  );
  assert.not(next.restored.isDamaged);
});

test("keeps no bytes of what it forgets", async () => {
  const { runtime, database, open } = await openStore({ maxQueuedBytes: 32e6 });
  const session = open();
  database.isHanging = true;
  session.add(0);
  runtime.settle();
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  session.addAll(1, 60, 1e6);
  await settle(runtime);
  collectGarbage();
  await settle(runtime);
  collectGarbage();
  const keptBytes = process.memoryUsage().arrayBuffers - before;
  assert.ok(keptBytes < 10e6, `${keptBytes} bytes are kept of 59,000,000`);
  database.release();
  runtime.settle();
  assert.is(session.stored.length, 60);
});

test("keeps the order when the queue overflows again and again, and loses nothing in a crash", async () => {
  const { runtime, database, open } = await openStore({
    maxQueuedBytes: 2_000,
    maxBatchBytes: 500,
    minFoldBytes: 3_000,
  });
  const session = open();
  session.perSlice = 64;
  let number = 0;
  let isWriting = true;
  const write = (): void => {
    if (!isWriting) return;
    for (let i = 0; i < 7; i++) session.add(number++, 100);
    runtime.after(100, write);
  };
  const stored: { steps: number; count: number }[] = [];
  for (let round = 0; round < 6; round++) {
    isWriting = true;
    runtime.after(100, write);
    if (round % 2) database.failure = broken();
    for (let turn = 0; turn < 12; turn++) {
      if (turn === 3) isWriting = false;
      runtime.advance(300);
      stored.push({ steps: database.steps.length, count: session.stored.length });
      if (turn === 8) database.failure = undefined;
    }
  }
  runtime.advance(2_000);
  assert.ok(session.diffs >= 3, `${session.diffs} folds`);
  assert.equal(
    session.stored,
    Array.from({ length: number }, (_, i) => i),
  );
  for (const { steps, count } of stored.filter(({ steps }, i) => steps !== stored[i + 1]?.steps)) {
    const after = await openStore({ database: database.crashed(steps) });
    const found = new Set(numbersOf(after.open().restored));
    for (let i = 0; i < count; i++) assert.ok(found.has(i), `${i} of ${count} is lost after ${steps} steps`);
  }
});

test("does not let one channel's overflow disturb another's order", async () => {
  const { runtime, database, open } = await openStore({ maxQueuedBytes: 1_000 });
  const a = open("a");
  const b = open("b");
  database.isHanging = true;
  for (let i = 0; i < 40; i++) {
    a.add(i, 60);
    b.add(i, 60);
    runtime.settle();
  }
  database.release();
  runtime.settle();
  const all = Array.from({ length: 40 }, (_, i) => i);
  assert.equal(a.stored, all);
  assert.equal(b.stored, all);
  assert.ok(database.keysWith("s/a/").length > 0 && database.keysWith("s/b/").length > 0);
});
