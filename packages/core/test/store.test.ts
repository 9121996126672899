import { assert, suite } from "@chorus/testing";
import { Channel, Store } from "../src/index.js";
import { frameRecord } from "../src/storage/store-records.js";
import { FaultyDatabase } from "./faulty-database.js";
import { numbersOf, openStore, resolved, Session } from "./store-support.js";

const test = suite("store");

const NAMES = [
  "a",
  "a/",
  "a/b",
  "ab",
  "a!",
  "!",
  "",
  "~",
  "a~",
  "über",
  "日本",
  "🙂",
  "\ud800",
  "A",
  "0",
  "a".repeat(300),
];

test("keeps channels apart whatever their names", async () => {
  const { runtime, database, store, open } = await openStore({ maxLogRecords: 3 });
  for (const [index, name] of NAMES.entries()) {
    const session = open(name);
    session.addAll(index * 10, index * 10 + 5);
    runtime.settle();
    session.add(index * 10 + 5);
  }
  runtime.settle();
  assert.equal(store.names(), [...NAMES].sort());
  await resolved(runtime, store.close());
  const after = await openStore({ database: database.crashed() });
  assert.equal(after.store.names(), [...NAMES].sort());
  for (const [index, name] of NAMES.entries()) {
    const { restored } = after.open(name);
    assert.equal(
      numbersOf(restored),
      Array.from({ length: 6 }, (_, i) => index * 10 + i),
      JSON.stringify(name),
    );
    assert.ok(restored.snapshot.length > 0);
    assert.not(restored.isDamaged);
  }
});

test("knows channels by whatever is left of them", async () => {
  const { runtime, database, open } = await openStore();
  for (const name of ["x", "xy", "y"]) open(name).add(1);
  runtime.settle();
  const left = database.crashed();
  for (const key of left.keysWith("a/x").concat(left.keysWith("z/x"))) left.damage(key);
  const { store, open: reopen } = await openStore({ database: left });
  assert.equal(store.names(), ["x", "xy", "y"]);
  assert.equal(numbersOf(reopen("x").restored), [1]);
});

test("opens a channel once at a time", async () => {
  const { runtime, store, open } = await openStore();
  const session = open();
  assert.throwsCode(() => store.openChannel("test"), "store-locked");
  await assert.rejectsCode(store.loadChannel("test"), "store-locked");
  const loading = store.loadChannel("other");
  assert.throwsCode(() => store.openChannel("other"), "store-locked");
  await resolved(runtime, loading);
  session.add(1);
  const closed = session.storage.close();
  assert.throwsCode(() => store.openChannel("test"), "store-locked");
  await resolved(runtime, closed);
  assert.ok(store.openChannel("test"));
});

test("loads a channel in turns as it opens it in one", async () => {
  const { runtime, database, store, open } = await openStore({ maxLogRecords: 600 });
  const session = open("test", 5);
  session.perSlice = 100;
  session.addAll(0, 700);
  runtime.settle();
  session.addAll(700, 1_000);
  await resolved(runtime, store.close());
  const turns = new FaultyDatabase({ steps: database.steps, readsNow: false });
  const loaded = await Store.open(turns);
  assert.throwsCode(() => loaded.openChannel("test"), "invalid-option");
  const next = new Session(await loaded.loadChannel("test"), 6);
  assert.equal(
    numbersOf(next.restored),
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  assert.equal(next.restored.sessions, [{ sessionId: 5, complete: true }]);
  assert.equal(next.restored, { ...(await openStore({ database })).open().restored });
  await next.storage.close();
  await loaded.close();
});

test("refuses a store of a newer format, and leaves the database open", async () => {
  for (const key of ["!store", "~store"]) {
    const payload = Uint8Array.from('{"format":2}', (unit) => unit.charCodeAt(0));
    const operations = [{ type: "put" as const, key, value: frameRecord(key, payload) }];
    const database = new FaultyDatabase({ steps: [{ operations, sync: true, isClearing: false }] });
    await assert.rejectsCode(Store.open(database), "store-newer");
    assert.not(database.isClosed);
    assert.is(database.writes, 0);
  }
});

test("rejects when the database cannot be read, with the cause", async () => {
  const database = new FaultyDatabase();
  const cause = new Error("broken");
  database.keys = () => Promise.reject(cause);
  const error = await Store.open(database).catch((thrown) => thrown);
  assert.is(error.code, "store-failed");
  assert.is(error.cause, cause);
});

test("refuses wrong options", async () => {
  for (const options of [
    { level: "often" },
    { place: 5 },
    { minFoldBytes: 0 },
    { maxQueuedBytes: Number.NaN },
    { retryMs: "1000" },
  ]) {
    await assert.rejectsCode(Store.open(new FaultyDatabase(), options as object), "invalid-option");
  }
  const { store } = await openStore();
  assert.throwsCode(() => store.openChannel(5 as unknown as string), "invalid-option");
});

test("closes what is open, once, and opens nothing after", async () => {
  const { runtime, database, store, open } = await openStore({ level: "os" });
  open("a", 1).add(1);
  open("b", 2).add(2);
  const closed = store.close();
  assert.is(store.close(), closed);
  assert.throwsCode(() => store.openChannel("c"), "closed");
  await assert.rejectsCode(store.loadChannel("c"), "closed");
  await resolved(runtime, closed);
  assert.ok(database.isClosed);
  assert.is(runtime.timers, 0);
  const after = await openStore({ database });
  assert.equal(after.open("a").restored.sessions, [{ sessionId: 1, complete: true }]);
});

test("tells the channels that it closes without being asked, and no others", async () => {
  const { runtime, store, open } = await openStore();
  const [left, closed, closing] = ["left", "closed", "closing"].map((name) => open(name)) as [
    Session,
    Session,
    Session,
  ];
  const unused = store.openChannel("unused");
  runtime.settle();
  await resolved(runtime, closed.storage.close());
  const underWay = closing.storage.close();
  assert.is(left.storage.failure, undefined);
  left.add(1);
  const whole = store.close();
  // At once, and before anything else of it can be asked.
  assert.equal(left.events, ["failing: closed"]);
  await resolved(runtime, Promise.all([whole, underWay]));
  for (const { storage } of [left, closed, closing, { storage: unused }]) {
    assert.is(storage.failure?.code, "closed");
    assert.is(storage.failure?.message, "the store was closed");
  }
  assert.equal(left.events, ["failing: closed"]);
  assert.equal(closed.events, []);
  assert.equal(closing.events, []);
});

test("tells a channel that it is closed although it failed already, with the reason in force", async () => {
  const { runtime, database, store, open } = await openStore();
  const session = open();
  database.failure = new Error("broken");
  session.add(1);
  runtime.advance(1_500);
  let failureThen: string | undefined;
  const { failing } = session;
  session.failing = (failure) => {
    failureThen = session.storage.failure?.code;
    failing.call(session, failure);
  };
  await resolved(runtime, store.close());
  assert.equal(session.events, ["failing: store-failed", "failing: closed"]);
  assert.is(failureThen, "closed");
});

test("rejects who waits for a channel whose store is closed, and refuses its writes", async () => {
  const store = await Store.open(new FaultyDatabase());
  const channel = new Channel({ name: "test", storage: store.openChannel("test") });
  channel.set("a", 1);
  const waiting = channel.whenDurable();
  const closed = store.close();
  await assert.rejectsCode(waiting, "closed");
  assert.throwsCode(() => channel.set("b", 2), "closed");
  await assert.rejectsCode(channel.whenDurable(), "closed");
  assert.is(channel.get("a"), 1);
  await closed;
  await channel.close();
});

test("closes although it fails, and leaves no timer", async () => {
  const { runtime, database, store, open } = await openStore();
  const session = open();
  database.failure = new Error("broken");
  session.add(1);
  runtime.advance(1_500);
  await resolved(runtime, store.close());
  assert.ok(database.isClosed);
  assert.is(runtime.timers, 0);
  runtime.advance(10_000);
  assert.equal(runtime.escaped, []);
});

test("makes new replicas of the channels of a copy, and says so", async () => {
  const first = await openStore({ place: "é 🙂" });
  const ids = ["a", "b"].map((name, index) => {
    const session = first.open(name, 10 + index);
    session.add(index);
    return session.storage.replicaId;
  });
  await resolved(first.runtime, first.store.close());
  const same = await openStore({ place: "é 🙂", database: first.database });
  assert.is(same.open("a").storage.replicaId, ids[0]);
  const unknown = await openStore({ database: first.database });
  assert.is(unknown.open("a").storage.replicaId, ids[0]);
  assert.equal(unknown.store.findings, []);

  const copy = await openStore({ place: "there", database: first.database });
  assert.equal(
    copy.store.findings.map(({ code }) => code),
    ["store-copied"],
  );
  const a = copy.open("a", 20);
  assert.is.not(a.storage.replicaId, ids[0]);
  assert.equal(a.restored.sessions, []);
  assert.equal(
    a.restored.findings.map(({ code }) => code),
    ["store-copied"],
  );
  assert.equal(numbersOf(a.restored), [0]);
  copy.runtime.settle();

  // Channel b was not opened: it is renamed when it is, whatever the store says of itself by then.
  const again = await openStore({ place: "there", database: copy.database.crashed() });
  assert.equal(again.store.findings, []);
  assert.is(again.open("a").storage.replicaId, a.storage.replicaId);
  const b = again.open("b");
  assert.is.not(b.storage.replicaId, ids[1]);
  assert.equal(
    b.restored.findings.map(({ code }) => code),
    ["store-copied"],
  );
});

test("keeps no copied channel's identity, whatever step of the first writes a crash is at", async () => {
  const first = await openStore({ place: "here" });
  const old = new Set<string>();
  for (const name of ["a", "b", "c"]) {
    const session = first.open(name);
    session.add(1);
    old.add(session.storage.replicaId);
  }
  await resolved(first.runtime, first.store.close());
  const before = first.database.steps.length;
  const copy = await openStore({ place: "there", database: first.database, maxBatchBytes: 1 });
  for (const name of ["a", "b", "c"]) {
    copy.open(name).add(2);
    copy.runtime.settle();
  }
  assert.ok(copy.database.steps.length >= before + 3);
  for (let kept = before; kept <= copy.database.steps.length; kept++) {
    const after = await openStore({ place: "there", database: copy.database.crashed(kept) });
    for (const name of ["a", "b", "c"])
      assert.not(old.has(after.open(name).storage.replicaId), `${name}, ${kept} steps`);
  }
});

test("begins to watch the place of a store that had none", async () => {
  const first = await openStore();
  const session = first.open();
  session.add(1);
  await resolved(first.runtime, first.store.close());
  const second = await openStore({ place: "here", database: first.database });
  const watched = second.open();
  assert.is(watched.storage.replicaId, session.storage.replicaId);
  watched.add(2);
  await resolved(second.runtime, second.store.close());
  const third = await openStore({ place: "there", database: second.database });
  assert.is.not(third.open().storage.replicaId, session.storage.replicaId);
});
