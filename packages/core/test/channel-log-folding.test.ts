import { assert, suite } from "@chorus/testing";
import { numbersOf, openStore, resolved, type Session, update } from "./store-support.js";

const test = suite("channel log: folding", { deadlineMs: 30_000 });

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Whether the text is the key of a slice of this generation. */
const isSlice = (key: string, generation: number): boolean =>
  key.includes(`/${String(generation).padStart(16, "0")}/`);

test("folds when the log outgrows the snapshot, and clears what it replaces", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 1_000 });
  const session = open();
  session.perSlice = 8;
  session.stamp = 77;
  session.addAll(0, 8, 100);
  runtime.settle();
  assert.is(session.diffs, 0);
  session.addAll(8, 20, 100);
  runtime.settle();
  assert.is(session.diffs, 1);
  assert.equal(database.keysWith("l/"), []);
  assert.is(database.keysWith("s/").length, 3);
  // The snapshot of this test is 196,608 bytes: the log must grow beyond that.
  session.addAll(20, 30, 10_000);
  runtime.settle();
  assert.is(session.diffs, 1);
  session.addAll(30, 50, 10_000);
  runtime.settle();
  assert.is(session.diffs, 2);
  const keys = database.keysWith("s/");
  assert.ok(keys.length === 7 && keys.every((key) => isSlice(key, 2)), String(keys));
  const next = (await openStore({ database: database.crashed() })).open();
  assert.equal(numbersOf(next.restored), numbers(50));
  assert.is(next.restored.seenStamp, 77);
  assert.is(next.restored.snapshot.length, 7);
  assert.not(next.restored.isDamaged);
});

test("syncs its slices at level os too: the switch to them would survive the power without", async () => {
  const { runtime, database, open } = await openStore({ level: "os", minFoldBytes: 1_000 });
  const session = open();
  session.perSlice = 1;
  session.addAll(0, 60, 100);
  runtime.settle();
  assert.is(session.diffs, 1);
  const slices = database.batches.filter(({ operations }) =>
    operations.some(({ type, key }) => type === "put" && key.startsWith("s/")),
  );
  assert.ok(slices.length > 2, `${slices.length} batches`);
  assert.ok(slices.every(({ sync }) => sync));
});

test("folds a log of many records, however small", async () => {
  const { runtime, database, open } = await openStore({ maxLogRecords: 50 });
  const session = open();
  session.addAll(0, 50);
  runtime.settle();
  assert.is(session.diffs, 0);
  session.add(50);
  runtime.settle();
  assert.is(session.diffs, 1);
  assert.equal(database.keysWith("l/"), []);
});

test("counts the log that it finds", async () => {
  const first = await openStore();
  const session = first.open();
  session.addAll(0, 20, 100);
  await resolved(first.runtime, session.storage.close());
  const second = await openStore({ database: first.database.crashed(), minFoldBytes: 1_000 });
  const next = second.open();
  second.runtime.settle();
  assert.is(next.diffs, 0);
  next.add(20);
  second.runtime.settle();
  assert.is(next.diffs, 1);
  next.add(21);
  second.runtime.settle();
  assert.is(next.diffs, 1);
});

test("keeps what is appended while it folds in the log, and folds it once more only when that has grown", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 1_000 });
  const session = open();
  session.perSlice = 1;
  let number = 0;
  const write = (): void => {
    if (number >= 60) return;
    session.add(number++, 60);
    runtime.later(write);
  };
  write();
  runtime.settle();
  assert.is(session.diffs, 1);
  assert.ok(database.keysWith("l/").length > 0);
  assert.equal(session.stored, numbers(60));
  assert.equal(numbersOf((await openStore({ database: database.crashed() })).open().restored), numbers(60));
});

test("drops sessions of which nothing is left from its list, and keeps the current one", async () => {
  let fixture = await openStore({ minFoldBytes: 500 });
  for (const sessionId of [61, 62, 63]) {
    const session = fixture.open("test", sessionId);
    session.add(sessionId);
    await resolved(fixture.runtime, session.storage.close());
    fixture = await openStore({ minFoldBytes: 500, database: fixture.database.crashed() });
  }
  const session = fixture.open("test", 64);
  session.segments.add(62);
  session.add(100, 1_000);
  fixture.runtime.settle();
  assert.is(session.diffs, 1);
  const next = (await openStore({ database: fixture.database.crashed() })).open();
  assert.equal(
    next.restored.sessions.map(({ sessionId }) => sessionId),
    [62, 64],
  );
});

test("keeps a session that loses its last segment while the fold runs, and torn ones always", async () => {
  let fixture = await openStore({ minFoldBytes: 500, level: "os" });
  fixture.open("test", 65).add(65);
  fixture.runtime.settle();
  fixture = await openStore({ minFoldBytes: 500, database: fixture.database.crashed() });
  const before = fixture.open("test", 66);
  before.add(66);
  await resolved(fixture.runtime, before.storage.close());
  fixture = await openStore({ minFoldBytes: 500, database: fixture.database.crashed() });
  const session = fixture.open("test", 67);
  session.segments.add(66);
  const openSnapshot = session.openSnapshot.bind(session);
  session.openSnapshot = () => {
    const cursor = openSnapshot();
    return {
      next: (budgetBytes) => {
        session.segments.clear();
        return cursor.next(budgetBytes);
      },
    };
  };
  session.addAll(100, 110, 200);
  fixture.runtime.settle();
  assert.is(session.diffs, 1);
  const next = (await openStore({ database: fixture.database.crashed() })).open();
  assert.equal(
    next.restored.sessions.map(({ sessionId }) => sessionId),
    [65, 66, 67],
  );
});

test("loses nothing whatever step of its writes a crash is at", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 4_000, maxBatchBytes: 100_000 });
  const session = open("test", 71);
  session.perSlice = 6;
  let number = 0;
  const write = (until: number): void => {
    if (number >= until) return;
    session.add(number++, 300);
    session.stamp = number;
    runtime.later(() => write(until));
  };
  write(40);
  for (let turn = 0; turn < 100; turn++) {
    if (turn === 50) {
      session.addAll(1_000, 1_100, 30_000);
      write(120);
    }
    runtime.advance(1);
  }
  assert.equal(session.stored.length, 220);
  assert.ok(session.diffs >= 2, `${session.diffs} folds`);
  const { steps } = database;
  for (let kept = 0; kept <= steps.length; kept++) {
    const after = await openStore({ database: database.crashed(kept) });
    const next = after.open("test", 72);
    const found = new Set(numbersOf(next.restored));
    const written = steps.slice(0, kept).flatMap(({ operations }) => operations.map(({ key }) => key));
    for (const key of written.filter((key) => key.startsWith("l/"))) {
      const index = Number(key.slice(-16));
      const expected = index < 40 ? index : index < 140 ? 960 + index : index - 100;
      assert.ok(found.has(expected), `${expected} is lost after ${kept} of ${steps.length} steps`);
    }
    assert.not(next.restored.isDamaged, `damaged after ${kept} steps`);
    assert.equal(next.restored.findings, []);
    if (kept > 0) assert.is(next.storage.replicaId, session.storage.replicaId);
  }
});

test("clears at the next load what a crash in a fold has left", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 2_000 });
  const session = open();
  session.perSlice = 2;
  session.addAll(0, 40, 100);
  runtime.settle();
  const { steps } = database;
  let afterSwitch = 0;
  for (let kept = 1; kept < steps.length; kept++) {
    const after = await openStore({ database: database.crashed(kept), minFoldBytes: 10_000_000 });
    const next = after.open();
    next.add(99);
    after.runtime.settle();
    const metadata = JSON.parse(String.fromCharCode(...(after.database.value("a/test/")?.subarray(5) ?? [])));
    const slices = after.database.keysWith("s/");
    const firstKey = after.database.keysWith("l/")[0] as string;
    assert.is(slices.length, metadata.slices, `after ${kept} steps`);
    assert.is(Number(firstKey.slice(-16)), metadata.firstNumber);
    if (metadata.slices > 0) afterSwitch++;
  }
  assert.ok(afterSwitch > 20, "the fold was never stored");
});

test("gives up when the disk fails, tells nobody but through failing, and tries again later", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 2_000, foldRetryMs: 30_000 });
  const session = open();
  session.perSlice = 1;
  session.addAll(0, 30, 100);
  // Only until the fold has written something.
  while (database.keysWith("s/").length === 0) runtime.advance(0.001);
  // Time stands still within advance, so the fold is over: the next one is disturbed instead.
  assert.is(session.diffs, 1);
  database.isHanging = true;
  session.add(30, 3_000_000);
  runtime.settle();
  database.failure = new Error("No space left on device");
  database.release();
  runtime.advance(5_500);
  database.failure = undefined;
  runtime.advance(1_000);
  assert.is(session.stored.length, 31);
  assert.is(session.diffs, 1);
  session.add(31);
  runtime.advance(1);
  assert.is(session.diffs, 1);
  runtime.advance(30_000);
  session.add(32);
  runtime.advance(1);
  assert.is(session.diffs, 2);
  assert.equal(numbersOf((await openStore({ database: database.crashed() })).open().restored), numbers(33));
});

test("is given up in its middle, and leaves a store that is whole", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 2_000, foldRetryMs: 1_000 });
  const session = open();
  session.perSlice = 1;
  session.addAll(0, 30, 100);
  const step = (): void => {
    if (database.keysWith("s/").length < 5) return runtime.later(step);
    database.failure = new Error("broken");
  };
  step();
  runtime.advance(10);
  assert.equal(session.events.slice(30), ["failing: store-failed"]);
  const slices = database.keysWith("s/").length;
  assert.ok(slices >= 5 && slices < 30, `${slices} slices`);
  const crashed = (await openStore({ database: database.crashed() })).open();
  assert.equal(numbersOf(crashed.restored), numbers(30));
  assert.is(crashed.restored.snapshot.length, 0);
  database.failure = undefined;
  runtime.advance(3_000);
  session.add(30);
  runtime.settle();
  assert.is(session.diffs, 2);
  assert.equal(database.keysWith("l/"), []);
  assert.ok(database.keysWith("s/").every((key) => isSlice(key, 2)));
  assert.equal(numbersOf((await openStore({ database: database.crashed() })).open().restored), numbers(31));
});

for (const keepsFailed of [false, true]) {
  test(`writes its end again with all its slices when a failed batch is ${keepsFailed ? "" : "not "}there`, async () => {
    const { runtime, database, open } = await openStore({ minFoldBytes: 2_000 });
    const session = open();
    session.perSlice = 4;
    session.addAll(0, 30, 100);
    const write = database.write.bind(database);
    let slicesInEnd = -1;
    database.write = (batch, options, done) => {
      const slices = batch.filter(({ key }) => key.startsWith("s/")).length;
      const isEnd = batch.some(({ key }) => key === "a/test/");
      // The slices of the first turn take their time, so that the others and the end gather for the next batch.
      database.isHanging = slices > 0 && !isEnd;
      if (session.diffs === 1 && slicesInEnd < 0 && isEnd) {
        slicesInEnd = slices;
        database.keepsFailed = keepsFailed;
        database.failure = new Error("broken");
      }
      write(batch, options, done);
    };
    runtime.advance(1);
    database.release();
    runtime.advance(1);
    assert.is(slicesInEnd, 4);
    const crashed = (await openStore({ database: database.crashed() })).open();
    assert.equal(numbersOf(crashed.restored), numbers(30));
    database.failure = undefined;
    runtime.advance(2_000);
    session.add(30);
    runtime.settle();
    assert.is(session.stored.length, 31);
    const next = (await openStore({ database: database.crashed() })).open();
    assert.equal(numbersOf(next.restored), numbers(31));
    assert.is(next.restored.snapshot.length, 8);
    assert.not(next.restored.isDamaged);
  });
}

test("survives a document that cannot be walked", async () => {
  const { runtime, database, open } = await openStore({
    minFoldBytes: 1_000,
    foldRetryMs: 1_000,
    maxQueuedBytes: 5_000,
  });
  const session = open();
  session.diffError = new Error("a document with a fault");
  session.addAll(0, 20, 100);
  runtime.advance(5_000);
  assert.equal(session.stored, numbers(20));
  database.isHanging = true;
  session.add(20);
  runtime.settle();
  session.addAll(21, 100, 100);
  database.release();
  runtime.advance(3_000);
  assert.is(session.stored.length, 21);
  session.diffError = undefined;
  runtime.advance(3_000);
  assert.equal(session.stored, numbers(100));
  assert.equal(runtime.escaped, []);
});

test("ends in the middle of a fold, and of one that is needed", async () => {
  for (const isRequired of [false, true]) {
    const { runtime, database, open } = await openStore({
      minFoldBytes: 2_000,
      maxQueuedBytes: isRequired ? 500 : 1e9,
    });
    const session = open();
    session.perSlice = 1;
    database.isHanging = true;
    session.add(0);
    runtime.settle();
    for (let number = 1; number < 40; number++) session.add(number, 100);
    database.release();
    let closed: Promise<void> | undefined;
    const step = (): void => {
      if (database.keysWith("s/").length < 4) return runtime.later(step);
      closed = session.storage.close();
    };
    step();
    runtime.settle();
    assert.ok(closed);
    await resolved(runtime, closed);
    const slices = database.keysWith("s/").length;
    assert.ok(isRequired ? slices === 40 : slices < 40, `${slices} slices`);
    const next: Session = open();
    assert.equal(numbersOf(next.restored), numbers(40));
    assert.equal(
      next.restored.sessions.map(({ complete }) => complete),
      [true],
    );
  }
});

test("waits with a slow disk instead of filling the memory", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 1_000 });
  const session = open();
  session.perSlice = 1;
  session.addAll(0, 60, 100);
  let hung = false;
  const step = (): void => {
    if (database.keysWith("s/").length < 1) return runtime.later(step);
    database.isHanging = true;
    hung = true;
  };
  step();
  runtime.advance(1_000);
  assert.ok(hung);
  const before = database.keysWith("s/").length;
  database.release();
  database.isHanging = false;
  runtime.settle();
  assert.ok(before < 20, `${before} slices`);
  const largest = Math.max(
    ...database.batches.map(({ operations }) => operations.filter(({ key }) => key.startsWith("s/")).length),
  );
  assert.ok(largest <= 16, `${largest} slices in one batch`);
  assert.is(database.keysWith("s/").length, 60);
});

test("ends although what was forgotten can no more be walked", async () => {
  const { runtime, database, open } = await openStore({ maxQueuedBytes: 500 });
  const session = open();
  database.isHanging = true;
  session.add(0);
  runtime.settle();
  session.addAll(1, 40, 100);
  session.diffError = new Error("the document is gone");
  const closed = session.storage.close();
  database.release();
  await resolved(runtime, closed);
  assert.is(runtime.timers, 0);
  const { restored } = open();
  assert.equal(numbersOf(restored), [0]);
  // The store never promised them: that they are not there is no damage.
  assert.not(restored.isDamaged);
});

/** Appends an update that is in the document already. @returns whether it was made to one for the log */
function appendLarge(session: Session, number: number, bytes: number): () => boolean {
  let isAssembled = false;
  const assemble = (): Uint8Array => {
    isAssembled = true;
    return update(number, bytes);
  };
  session.document.add(number);
  session.storage.appendLarge({ bytes, assemble }, () => session.events.push(number));
  return () => isAssembled;
}

test("a large update that would have to be folded next is stored with the document, and only there", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 1_000 });
  const session = open();
  session.add(0);
  const isAssembled = appendLarge(session, 1, 5_000);
  session.add(2);
  runtime.settle();
  assert.not(isAssembled());
  assert.equal(session.stored, numbers(3));
  assert.is(session.diffs, 1);
  assert.equal(numbersOf((await openStore({ database: database.crashed() })).open().restored), numbers(3));
});

test("a smaller one is a record of the log", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 10_000 });
  const session = open();
  const isAssembled = appendLarge(session, 0, 5_000);
  runtime.settle();
  assert.ok(isAssembled());
  assert.is(session.diffs, 0);
  assert.equal(numbersOf((await openStore({ database: database.crashed() })).open().restored), [0]);
});

test("a fold waits while the document is not whole", async () => {
  const { runtime, open } = await openStore({ minFoldBytes: 1_000 });
  const session = open();
  const waiting: (() => void)[] = [];
  session.whenWhole = (task) => void waiting.push(task);
  appendLarge(session, 0, 5_000);
  runtime.settle();
  assert.equal(session.stored, []);
  session.whenWhole = (task) => task();
  for (const task of waiting) task();
  runtime.settle();
  assert.equal(session.stored, [0]);
});
