import { assert, suite } from "@chorus/testing";
import type { FaultyDatabase } from "./faulty-database.js";
import {
  type Fixture,
  numbersOf,
  openStore,
  resolved,
  type Session,
  settle,
  withMetadata,
} from "./store-support.js";

const test = suite("store: damage");

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const updateKey = (number: number): string => `l/test/${String(number).padStart(16, "0")}`;
const sliceKey = (slice: number): string => `s/test/0000000000000001/${String(slice).padStart(16, "0")}`;

/** A store that was written in one session: a snapshot of 0 to 19 in five slices, updates 20 to 29. */
async function written(): Promise<{ database: FaultyDatabase; replicaId: string }> {
  const { runtime, database, open } = await openStore({ maxLogRecords: 19 });
  const session = open("test", 81);
  session.addAll(0, 20);
  runtime.settle();
  session.addAll(20, 30);
  await resolved(runtime, session.storage.close());
  assert.is(database.keysWith("s/").length, 5);
  assert.is(database.keysWith("l/").length, 10);
  return { database: database.crashed(), replicaId: session.storage.replicaId };
}

let sessions = 81;

async function reopened(database: FaultyDatabase): Promise<Fixture & { session: Session }> {
  const fixture = await openStore({ database });
  return { ...fixture, session: fixture.open("test", ++sessions) };
}

/** Checks the finding and what follows: torn sessions, stored as such, and a fold that replaces what was damaged. */
async function assertRepaired(
  fixture: Fixture & { session: Session },
  found: readonly number[],
): Promise<void> {
  const { session, runtime, database } = fixture;
  assert.equal(numbersOf(session.restored), found);
  assert.ok(session.restored.isDamaged);
  assert.equal(
    session.restored.findings.map(({ code }) => code),
    ["store-damaged"],
  );
  assert.ok(session.restored.sessions.every(({ complete }) => !complete));
  for (const { sessionId } of session.restored.sessions) session.segments.add(sessionId);
  session.add(99_999);
  runtime.settle();
  assert.is(session.diffs, 1);
  const after = await reopened(database.crashed());
  assert.equal(numbersOf(after.session.restored), [...found, 99_999]);
  assert.not(after.session.restored.isDamaged);
  assert.equal(after.session.restored.findings, []);
  assert.is(after.session.storage.replicaId, session.storage.replicaId);
  const owned = new Map(
    after.session.restored.sessions.map(({ sessionId, complete }) => [sessionId, complete]),
  );
  for (const { sessionId } of session.restored.sessions) assert.is(owned.get(sessionId), false);
  assert.is(owned.get(session.sessionId), true);
}

for (const [what, damage] of [
  ["one flipped bit", (database, key) => database.flip(key)],
  ["a flipped bit of the checksum", (database, key) => database.flip(key, 2)],
  ["another format", (database, key) => database.flip(key, 0)],
  ["a cut off end", (database, key) => database.damage(key, database.value(key)?.slice(0, -1))],
  ["almost nothing", (database, key) => database.damage(key, Uint8Array.of(1, 0))],
  ["no bytes", (database, key) => database.damage(key, new Uint8Array())],
  ["a read error", (database, key) => database.unreadable.add(key)],
  ["a loss", (database, key) => database.damage(key)],
] as [string, (database: FaultyDatabase, key: string) => void][]) {
  test(`skips an update after ${what}, and goes on`, async () => {
    const { database } = await written();
    damage(database, updateKey(24));
    const fixture = await reopened(database);
    fixture.database.unreadable.clear();
    await assertRepaired(
      fixture,
      numbers(0, 30).filter((number) => number !== 24),
    );
  });

  test(`skips a slice after ${what}, and goes on`, async () => {
    const { database } = await written();
    damage(database, sliceKey(2));
    const fixture = await reopened(database);
    fixture.database.unreadable.clear();
    await assertRepaired(fixture, [...numbers(0, 8), ...numbers(12, 30)]);
  });
}

test("finds out values that stand under another's key", async () => {
  const { database } = await written();
  const [a, b] = [database.value(updateKey(22)), database.value(updateKey(23))];
  database.damage(updateKey(22), b);
  database.damage(updateKey(23), a);
  const fixture = await reopened(database);
  assert.ok(
    fixture.session.restored.findings[0]?.message.includes("2 records are unreadable, 0 are missing"),
  );
  await assertRepaired(fixture, [...numbers(0, 22), ...numbers(24, 30)]);
});

test("reads on past a hole of thousands of records, and counts them", async () => {
  const { runtime, database, open } = await openStore({ maxLogRecords: 1e6 });
  const session = open("test", 81);
  session.addAll(0, 5_000);
  await resolved(runtime, session.storage.close());
  const left = database.crashed();
  for (let number = 300; number < 4_300; number++) left.damage(updateKey(number));
  const fixture = await reopened(left);
  assert.ok(
    fixture.session.restored.findings[0]?.message.includes("0 records are unreadable, 4000 are missing"),
  );
  fixture.session.perSlice = 1_000;
  await assertRepaired(fixture, [...numbers(0, 300), ...numbers(4_300, 5_000)]);
});

test("does not take the number of a damaged record at the end again", async () => {
  const { database } = await written();
  database.flip(updateKey(29));
  const { session, runtime, database: after } = await reopened(database);
  session.diffError = new Error("no fold");
  session.add(50);
  runtime.settle();
  assert.ok(after.value(updateKey(30)));
  const next = await reopened(after.crashed());
  assert.equal(numbersOf(next.session.restored), [...numbers(0, 29), 50]);
  // It was torn for good, though nothing was folded.
  assert.equal(next.session.restored.sessions, [
    { sessionId: 81, complete: false },
    { sessionId: session.sessionId, complete: false },
  ]);
});

test("sees that the end is lost after a session that ended cleanly", async () => {
  const { database } = await written();
  database.damage(updateKey(29));
  database.damage(updateKey(28));
  const fixture = await reopened(database);
  assert.ok(
    fixture.session.restored.findings[0]?.message.includes("0 records are unreadable, 2 are missing"),
  );
  await assertRepaired(fixture, numbers(0, 28));
});

test("cannot see that the end is lost after a crash, nor where no end was noted", async () => {
  const { database } = await written();
  const { session: crashed, runtime, database: second } = await reopened(database);
  crashed.addAll(30, 33);
  runtime.settle();
  for (const [left, count] of [
    [second.crashed(), 33],
    [withMetadata(database, { endNumber: undefined }), 30],
  ] as const) {
    for (const key of left.keysWith("l/").slice(-2)) left.damage(key);
    const { session } = await reopened(left);
    assert.equal(numbersOf(session.restored), numbers(0, count - 2));
    assert.not(session.restored.isDamaged);
  }
});

test("reads on behind the end when the metadata is older than the log, and repairs that", async () => {
  const { database } = await written();
  const old = database.value("a/test/")?.slice();
  const { session, runtime, database: second } = await reopened(database);
  session.addAll(30, 40);
  runtime.settle();
  const left = second.crashed();
  // A block is lost in which stood the batch with the beginning of the session and its first update.
  left.damage("a/test/", old);
  left.damage("z/test/", old);
  left.damage(updateKey(30));
  const fixture = await reopened(left);
  await assertRepaired(fixture, [...numbers(0, 30), ...numbers(31, 40)]);
});

for (const copy of ["a/test/", "z/test/"]) {
  for (const how of ["flipped", "lost", "unreadable"]) {
    test(`uses the other copy of the metadata when ${copy} is ${how}`, async () => {
      const { database, replicaId } = await written();
      if (how === "flipped") database.flip(copy);
      else if (how === "lost") database.damage(copy);
      else database.unreadable.add(copy);
      const fixture = await reopened(database);
      fixture.database.unreadable.clear();
      assert.is(fixture.session.storage.replicaId, replicaId);
      assert.is(fixture.session.restored.sessions.length, 1);
      await assertRepaired(fixture, numbers(0, 30));
    });
  }
}

test("takes the newer copy when they differ", async () => {
  const { database } = await written();
  const old = database.value("z/test/")?.slice();
  const { session, runtime, database: second } = await reopened(database);
  session.storage.renounce();
  runtime.settle();
  const { replicaId } = session.storage;
  second.damage("z/test/", old);
  assert.is((await reopened(second.crashed())).session.storage.replicaId, replicaId);
});

for (const how of ["flipped", "lost", "unreadable"]) {
  test(`becomes a new replica when both copies of the metadata are ${how}, and finds what is left`, async () => {
    const { database, replicaId } = await written();
    for (const key of ["a/test/", "z/test/"]) {
      if (how === "flipped") database.flip(key);
      else if (how === "lost") database.damage(key);
      else database.unreadable.add(key);
    }
    const fixture = await reopened(database);
    assert.equal(fixture.store.names(), ["test"]);
    fixture.database.unreadable.clear();
    assert.is.not(fixture.session.storage.replicaId, replicaId);
    assert.equal(fixture.session.restored.sessions, []);
    await assertRepaired(fixture, numbers(0, 30));
  });
}

test("finds everything again when the fold after the loss of the metadata does not come about", async () => {
  const { database } = await written();
  database.flip("a/test/");
  database.flip("z/test/");
  const fixture = await reopened(database);
  const { session, runtime, store } = fixture;
  session.diffError = new Error("no fold");
  session.addAll(100, 103);
  await resolved(runtime, session.storage.close());
  const again = fixture.open("test", ++sessions);
  assert.equal(numbersOf(again.restored), [...numbers(0, 30), 100, 101, 102]);
  assert.is(again.storage.replicaId, session.storage.replicaId);
  again.diffError = new Error("no fold");
  again.add(103);
  await resolved(runtime, store.close());
  const next = await reopened(fixture.database.crashed());
  assert.equal(
    next.session.restored.sessions.map(({ sessionId }) => sessionId),
    [session.sessionId, again.sessionId],
  );
  await assertRepaired(next, [...numbers(0, 30), 100, 101, 102, 103]);
});

test("loses nothing in a crash while it recovers from the loss of the metadata", async () => {
  const { database } = await written();
  database.flip("a/test/");
  database.flip("z/test/");
  const before = database.steps.length;
  const { session, runtime, database: second } = await reopened(database);
  session.addAll(100, 105);
  runtime.settle();
  assert.is(session.diffs, 1);
  for (let kept = before; kept <= second.steps.length; kept++) {
    const found = new Set(numbersOf((await reopened(second.crashed(kept))).session.restored));
    for (const number of numbers(0, 30))
      assert.ok(found.has(number), `${number} is lost after ${kept} steps`);
  }
});

test("replaces what is damaged although nothing is written", async () => {
  const { database } = await written();
  database.flip(updateKey(21));
  const { session, runtime, database: second } = await reopened(database);
  runtime.settle();
  assert.is(session.diffs, 1);
  assert.not((await reopened(second.crashed())).session.restored.isDamaged);
});

for (const [when, turns] of [
  ["at once", 0],
  ["in the middle of the fold that replaces it", 3],
] as const) {
  test(`replaces what is damaged although the channel is closed ${when}`, async () => {
    for (const damaged of [[updateKey(21)], [sliceKey(1)], ["a/test/"], ["a/test/", "z/test/"]]) {
      const { database } = await written();
      for (const key of damaged) database.flip(key);
      const { session, runtime, database: second } = await reopened(database);
      assert.ok(session.restored.isDamaged);
      session.perSlice = 1;
      let left: number = turns;
      await new Promise<void>((resolve) => {
        const turn = (): void => {
          if (left-- > 0) runtime.later(turn);
          else void session.storage.close().then(resolve);
        };
        turn();
        void settle(runtime);
      });
      const after = await reopened(second.crashed());
      assert.equal(after.session.restored.findings, [], String(damaged));
      assert.equal(
        numbersOf(after.session.restored),
        [...session.document].sort((a, b) => a - b),
      );
      assert.is(after.session.storage.replicaId, session.storage.replicaId);
    }
  });
}

test("closes although what is damaged cannot be replaced", async () => {
  for (const isDiskFull of [false, true]) {
    const { database } = await written();
    database.flip(updateKey(21));
    const { session, runtime, store, database: second } = await reopened(database);
    if (!isDiskFull) session.diffError = new Error("no fold");
    else second.failure = new Error("No space left on device");
    await resolved(runtime, store.close());
    assert.is(runtime.timers, 0);
    assert.ok((await reopened(second.crashed())).session.restored.isDamaged);
  }
});

test("reports a damaged record of the store itself, and writes it anew", async () => {
  for (const keys of [["!store"], ["~store"], ["!store", "~store"]]) {
    const { database } = await written();
    for (const key of keys) database.flip(key);
    const { store, session, runtime, database: second } = await reopened(database);
    assert.equal(
      store.findings.map(({ code }) => code),
      ["store-damaged"],
    );
    assert.not(session.restored.isDamaged);
    session.add(1);
    runtime.settle();
    assert.equal((await openStore({ database: second.crashed() })).store.findings, []);
  }
});
