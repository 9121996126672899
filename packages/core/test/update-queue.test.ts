import { assert, suite } from "@chorus/testing";
import { frameRecord } from "../src/storage/store-records.js";
import type { FaultyDatabase } from "./faulty-database.js";
import {
  type Fixture,
  metadataOf,
  numbersOf,
  openStore,
  resolved,
  type Session,
  withMetadata,
} from "./store-support.js";

const test = suite("update queue", { deadlineMs: 30_000 });

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Two parts of a large update are a batch. */
const SMALL_BATCHES = { maxBatchBytes: 200, minFoldBytes: 1_000_000 };
const LARGE = numbers(9, 20);

/** Appends 0, a large update of eleven parts, and 20: each batch but the last has two of them. */
async function begun(options: Parameters<typeof openStore>[0] = {}): Promise<Fixture & { session: Session }> {
  const fixture = await openStore({ ...SMALL_BATCHES, ...options });
  const session = fixture.open("test");
  session.add(0, 100);
  session.addLarge(LARGE, 100);
  session.add(20, 100);
  return { ...fixture, session };
}

async function reopened(
  database: FaultyDatabase,
  options: Parameters<typeof openStore>[0] = {},
): Promise<Fixture & { session: Session }> {
  const fixture = await openStore({ ...SMALL_BATCHES, ...options, database });
  return { ...fixture, session: fixture.open("test") };
}

/** Nothing or all of the large update is there, and what follows it only with it. */
function assertWhole(found: readonly number[], where: string): void {
  const parts = LARGE.filter((number) => found.includes(number)).length;
  assert.ok(parts === 0 || parts === LARGE.length, `${parts} parts ${where}`);
  if (found.includes(20)) assert.is(parts, LARGE.length, where);
}

/** Lets batches be stored one by one until something holds. */
function runUntil({ runtime }: Fixture, holds: () => boolean, then: () => void): void {
  const look = (): void => (holds() ? then() : runtime.later(look));
  look();
  runtime.settle();
}

test("stores the parts of a large update in several batches, tells of it at its end, and in its order", async () => {
  const { runtime, database, session } = await begun();
  runtime.settle();
  assert.equal(session.stored, [0, ...LARGE, 20]);
  const parts = database.batches.map(
    ({ operations }) => operations.filter(({ key }) => key.startsWith("l/")).length,
  );
  assert.ok(parts.length >= 6 && parts.every((count) => count <= 2), String(parts));
  const next = await reopened(database.crashed());
  assert.equal(numbersOf(next.session.restored), [0, ...LARGE, 20]);
  assert.is(metadataOf(database).incomplete, undefined);
});

test("a batch has a megabyte of parts, also when it could have more", async () => {
  const { runtime, database, open } = await openStore({ minFoldBytes: 1e9 });
  const session = open("test");
  const made = session.addLarge(numbers(0, 64), 65_536);
  runtime.settle();
  assert.is(made(), 64);
  assert.equal(session.stored, numbers(0, 64));
  for (const { operations } of database.batches) assert.ok(operations.length <= 16 + 4);
});

test("whatever batch a crash comes after, all of it is there or nothing, and nothing is damaged", async () => {
  const { runtime, database } = await begun();
  runtime.settle();
  const counts = new Set<number>();
  for (let kept = 1; kept <= database.steps.length; kept++) {
    const { session } = await reopened(database.crashed(kept));
    const found = numbersOf(session.restored);
    assertWhole(found, `after ${kept} steps`);
    assert.not(session.restored.isDamaged, `damaged after ${kept} steps`);
    counts.add(found.length);
  }
  assert.equal([...counts], [1, 12, 13]);
});

test("nothing of it comes back when the next session has written, closed or crashed", async () => {
  const { runtime, database } = await begun();
  runtime.settle();
  for (let kept = 1; kept <= database.steps.length; kept++) {
    const second = await reopened(database.crashed(kept));
    const before = numbersOf(second.session.restored);
    second.session.add(30);
    second.session.addLarge([31, 32, 33], 100);
    second.runtime.settle();
    const { steps } = second.database;
    for (let keptLater = kept; keptLater <= steps.length; keptLater++) {
      const { session } = await reopened(second.database.crashed(keptLater));
      const found = numbersOf(session.restored);
      assert.not(session.restored.isDamaged, `damaged after ${kept}, ${keptLater} steps`);
      assert.equal(
        found.filter((number) => number < 30),
        before,
      );
      assert.ok([0, 1, 4].includes(found.length - before.length), String(found));
    }
    await resolved(second.runtime, second.store.close());
    const third = await reopened(second.database.crashed());
    assert.equal(numbersOf(third.session.restored), [...before, 30, 31, 32, 33]);
    assert.not(third.session.restored.isDamaged);
  }
});

test("what is left of one that a crash has ended is cleared, but not what is being written", async () => {
  const { runtime, database } = await begun();
  runtime.settle();
  const second = await reopened(database.crashed(3));
  assert.equal(metadataOf(second.database).incomplete, [{ from: 1, to: 12 }]);
  assert.ok(second.database.keysWith("l/").length > 1);
  second.session.addLarge(numbers(30, 40), 100);
  second.runtime.settle();
  const keys = second.database.keysWith("l/").map((key) => Number(key.slice(-16)));
  assert.equal(keys, [0, ...numbers(12, 22)]);
  const third = await reopened(second.database.crashed(), { minFoldBytes: 100 });
  assert.equal(numbersOf(third.session.restored), [0, ...numbers(30, 40)]);
  // A fold forgets what it covers.
  third.session.add(50);
  third.runtime.settle();
  assert.is(third.session.diffs, 1);
  assert.is(metadataOf(third.database).incomplete, undefined);
});

test("the loss of power keeps all of it or nothing, at each level", async () => {
  for (const level of ["sync", "os"] as const) {
    const { runtime, database, session } = await begun({ level });
    runtime.settle();
    session.storage.meet("another");
    runtime.settle();
    const left = await reopened(database.withoutPower(), { level });
    assertWhole(numbersOf(left.session.restored), level);
  }
});

for (const keepsFailed of [false, true]) {
  test(`goes on after a failure whose batch is ${keepsFailed ? "" : "not "}there, wherever it comes`, async () => {
    for (let failing = 1; failing <= 6; failing++) {
      const fixture = await begun();
      const { runtime, database, session } = fixture;
      database.keepsFailed = keepsFailed;
      const write = database.write.bind(database);
      database.write = (...batch) => {
        if (database.batches.length === failing && session.events.includes("failing: store-full") === false)
          database.failure = new Error("No space left on device");
        write(...batch);
      };
      runtime.advance(1);
      assert.ok(session.events.includes("failing: store-full"), `batch ${failing}`);
      assertWhole(numbersOf((await reopened(database.crashed())).session.restored), `batch ${failing}`);
      database.failure = undefined;
      runtime.advance(2_000);
      assert.equal(session.stored, [0, ...LARGE, 20]);
      assert.ok(session.events.includes("recovered"));
      const next = await reopened(database.crashed());
      assert.equal(numbersOf(next.session.restored), [0, ...LARGE, 20]);
      assert.is(metadataOf(database).incomplete, undefined);
    }
  });
}

test("closing waits for all of it, and gives it up when the store fails", async () => {
  for (const isFull of [false, true]) {
    const fixture = await begun();
    const { database, session, store } = fixture;
    let closed: Promise<void> | undefined;
    runUntil(
      fixture,
      () => database.batches.length >= 3,
      () => {
        if (isFull) database.failure = new Error("No space left on device");
        closed = store.close();
      },
    );
    assert.ok(closed);
    await resolved(fixture.runtime, closed);
    const next = await reopened(database.crashed());
    assert.equal(numbersOf(next.session.restored), isFull ? [0] : [0, ...LARGE, 20]);
    assert.not(next.session.restored.isDamaged);
    const [ended] = next.session.restored.sessions;
    assert.equal(ended, { sessionId: session.sessionId, complete: true });
  }
});

test("is forgotten like others when too much waits, and stored with the document", async () => {
  const { runtime, database, open } = await openStore({ ...SMALL_BATCHES, maxQueuedBytes: 1_200 });
  const session = open("test");
  session.addLarge(LARGE, 100);
  const fill = (): void => {
    if (database.batches.length < 4) return runtime.later(fill);
    session.add(20, 1_200);
  };
  fill();
  runtime.settle();
  assert.equal(session.stored, [...LARGE, 20]);
  assert.is(session.diffs, 1);
  for (let kept = 1; kept <= database.steps.length; kept++) {
    const after = await reopened(database.crashed(kept));
    assertWhole(numbersOf(after.session.restored), `after ${kept} steps`);
    assert.not(after.session.restored.isDamaged);
  }
  assert.is(metadataOf(database).incomplete, undefined);
  assert.equal(numbersOf((await reopened(database.crashed())).session.restored), [...LARGE, 20]);
});

test("a fold in the midst of it takes nothing of it away", async () => {
  const { runtime, database, open } = await openStore({ maxBatchBytes: 200, minFoldBytes: 3_000 });
  const session = open("test");
  session.perSlice = 1;
  session.addAll(0, 8, 200);
  session.add(8, 2_000);
  const append = (): void => {
    if (session.diffs === 0) return runtime.later(append);
    session.addLarge(LARGE, 100);
    session.add(20, 100);
  };
  append();
  runtime.settle();
  assert.equal(session.stored, [...numbers(0, 9), ...LARGE, 20]);
  assert.ok(session.diffs >= 1);
  for (let kept = 1; kept <= database.steps.length; kept++) {
    const after = await reopened(database.crashed(kept));
    assertWhole(numbersOf(after.session.restored), `after ${kept} steps`);
    assert.not(after.session.restored.isDamaged);
  }
});

test("a missing part is damage, once it counts", async () => {
  const { runtime, database } = await begun();
  runtime.settle();
  const left = database.crashed();
  left.damage(left.keysWith("l/")[4] as string);
  const { session } = await reopened(left);
  assert.ok(session.restored.isDamaged);
  assert.equal(numbersOf(session.restored), [0, 9, 10, 11, ...numbers(13, 20), 20]);
});

test("what comes before one that is there in part is missed when it is lost", async () => {
  const { runtime, database } = await begun();
  runtime.settle();
  const left = database.crashed(3);
  left.damage(left.keysWith("l/")[0] as string);
  const { session } = await reopened(left);
  assert.ok(session.restored.findings[0]?.message.includes("0 records are unreadable, 1 are missing"));
});

test("nothing of it counts after a crash in a session that goes on without earlier metadata", async () => {
  const { runtime, database } = await begun();
  runtime.settle();
  const left = withMetadata(database.crashed(3), { isSalvaged: true });
  const { session } = await reopened(left);
  assert.ok(session.restored.isDamaged);
  assert.equal(numbersOf(session.restored), [0]);
});

test("reads a store that knew no parts, and notes that it may have some now", async () => {
  const { runtime, database, session } = await openStore().then((fixture) => ({
    ...fixture,
    session: fixture.open("test"),
  }));
  session.add(1);
  runtime.settle();
  const left = database.crashed();
  const payload = Uint8Array.from('{"format":1}', (unit) => unit.charCodeAt(0));
  for (const key of ["!store", "~store"]) left.damage(key, frameRecord(key, payload));
  const second = await reopened(left);
  assert.equal(second.store.findings, []);
  assert.equal(numbersOf(second.session.restored), [1]);
  second.session.add(2);
  second.runtime.settle();
  for (const key of ["!store", "~store"]) {
    const stored = String.fromCharCode(...(second.database.value(key)?.subarray(5) ?? []));
    assert.is(JSON.parse(stored).format, 2);
  }
});
