import { assert, suite } from "@chorus/testing";
import { metadataOperations } from "../src/storage/channel-metadata.js";
import { NOTHING_STORED } from "../src/storage/channel-storage.js";
import { ChannelKeys } from "../src/storage/store-keys.js";
import { frameUpdate } from "../src/storage/store-records.js";
import { FaultyDatabase } from "./faulty-database.js";
import {
  metadataOf,
  numbersOf,
  openStore,
  resolved,
  Session,
  update,
  withMetadata,
} from "./store-support.js";

const test = suite("channel log");

test("gives nothing back of a channel that is new", async () => {
  const { open } = await openStore();
  const session = open();
  assert.equal(session.restored, NOTHING_STORED);
});

test("writes down who it is when it starts, as one batch of all that start, and comes back as that", async () => {
  for (const level of ["sync", "os"] as const) {
    const { runtime, database, store, open } = await openStore({ level });
    const unused = store.openChannel("unused");
    const sessions = ["a", "b"].map((name) => open(name));
    runtime.settle();
    assert.is(database.batches.length, 1);
    assert.ok(database.batches[0]?.sync);
    assert.equal(database.allKeys, ["!store", "a/a/", "a/b/", "z/a/", "z/b/", "~store"]);
    await resolved(runtime, unused.close());
    assert.is(database.writes, 1);
    const after = await openStore({ level, database: database.withoutPower() });
    for (const [index, name] of ["a", "b"].entries()) {
      const session = after.open(name);
      assert.is(session.storage.replicaId, sessions[index]?.storage.replicaId);
      assert.equal(session.restored.sessions, []);
      assert.equal(session.restored.findings, []);
    }
  }
});

test("writes down who it is also when it ends at once, or when the disk comes to itself late", async () => {
  const { runtime, database, open } = await openStore();
  const brief = open("brief");
  await resolved(runtime, brief.storage.close());
  assert.is(open("brief").storage.replicaId, brief.storage.replicaId);
  database.failure = new Error("No space left on device");
  const session = open();
  runtime.advance(3_500);
  assert.equal(session.events, ["failing: store-full"]);
  assert.is(session.storage.failure?.code, "store-full");
  assert.equal(database.keysWith("a/test"), []);
  database.failure = undefined;
  runtime.advance(1_000);
  assert.equal(session.events, ["failing: store-full", "recovered"]);
  const after = await openStore({ database: database.crashed() });
  assert.is(after.open().storage.replicaId, session.storage.replicaId);
});

test("writes nothing for a session that writes nothing, of a replica that is stored", async () => {
  const first = await openStore();
  first.open();
  await resolved(first.runtime, first.store.close());
  const { runtime, database, store, open } = await openStore({ database: first.database.crashed() });
  open();
  runtime.settle();
  await resolved(runtime, store.close());
  assert.is(database.writes, 0);
  assert.ok(database.isClosed);
});

test("keeps its replicaId", async () => {
  const { runtime, open } = await openStore();
  const first = open();
  const { replicaId } = first.storage;
  assert.ok(replicaId.length >= 20);
  first.add(1);
  await resolved(runtime, first.storage.close());
  const second = open();
  assert.is(second.storage.replicaId, replicaId);
  assert.is.not(open("other").storage.replicaId, replicaId);
});

test("writes the metadata of a session in the batch of its first update", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  session.add(1);
  runtime.settle();
  assert.is(database.batches.length, 1);
  const keys = database.batches[0]?.operations.map(({ key }) => key) ?? [];
  assert.equal([...keys].sort(), ["!store", "a/test/", "l/test/0000000000000000", "z/test/", "~store"]);
  session.add(2);
  runtime.settle();
  assert.equal(
    database.batches[1]?.operations.map(({ key }) => key),
    ["l/test/0000000000000001"],
  );
});

test("gives the state away once", async () => {
  const { store } = await openStore();
  const storage = store.openChannel("test");
  storage.restore();
  assert.throwsCode(() => storage.restore(), "store-failed");
});

test("knows which sessions were complete: ended cleanly, or of level sync", async () => {
  const first = await openStore({ level: "os" });
  const torn = first.open("test", 11);
  torn.add(1);
  first.runtime.settle();
  const second = await openStore({ level: "os", database: first.database.crashed() });
  const ended = second.open("test", 12);
  assert.equal(ended.restored.sessions, [{ sessionId: 11, complete: false }]);
  ended.add(2);
  await resolved(second.runtime, ended.storage.close());
  const third = await openStore({ level: "sync", database: second.database.crashed() });
  const synced = third.open("test", 13);
  assert.equal(synced.restored.sessions, [
    { sessionId: 11, complete: false },
    { sessionId: 12, complete: true },
  ]);
  synced.add(3);
  third.runtime.settle();
  const fourth = await openStore({ level: "os", database: third.database.crashed() });
  // A session that writes nothing is none.
  fourth.open("test", 14);
  const fifth = await openStore({ database: fourth.database.crashed() });
  assert.equal(fifth.open().restored.sessions, [
    { sessionId: 11, complete: false },
    { sessionId: 12, complete: true },
    { sessionId: 13, complete: true },
  ]);
});

test("loses with the power what level os had not synced, and nothing at level sync", async () => {
  for (const level of ["sync", "os"] as const) {
    const { runtime, database, open } = await openStore({ level });
    const session = open("test", 5);
    session.add(1);
    runtime.settle();
    session.add(2);
    runtime.settle();
    const after = (await openStore({ level, database: database.withoutPower() })).open();
    assert.equal(numbersOf(after.restored), level === "sync" ? [1, 2] : [1]);
    // That there was a session is never lost: peers may know of it, and who does not takes itself for a copy.
    assert.equal(after.restored.sessions, [{ sessionId: 5, complete: level === "sync" }]);
  }
});

test("remembers acquaintances at once, forgets them, and keeps the newest thousand", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  session.add(1);
  runtime.settle();
  for (let i = 0; i < 1_100; i++) session.storage.meet(`replica ${i}`);
  session.storage.meet("replica 1000");
  session.storage.forget("replica 1099");
  session.storage.forget("nobody");
  runtime.settle();
  const { acquaintances } = (await openStore({ database: database.crashed() })).open().restored;
  assert.is(acquaintances.length, 999);
  assert.is(acquaintances[0], "replica 100");
  assert.is(acquaintances.at(-1), "replica 1098");
});

test("stores whom it met when it ends, if there is something to protect", async () => {
  const { runtime, open } = await openStore();
  const first = open();
  first.add(1);
  await resolved(runtime, first.storage.close());
  const second = open();
  second.storage.meet("friend ü");
  await resolved(runtime, second.storage.close());
  assert.equal(open().restored.acquaintances, ["friend ü"]);
});

test("renounces: a new id and no earlier session, stored at once, and the current one stays", async () => {
  const { runtime, database, open } = await openStore();
  const first = open("test", 21);
  first.add(1);
  await resolved(runtime, first.storage.close());
  const second = open("test", 22);
  const { replicaId } = second.storage;
  second.add(2);
  runtime.settle();
  const { writes } = database;
  second.storage.renounce();
  const renamed = second.storage.replicaId;
  assert.is.not(renamed, replicaId);
  runtime.settle();
  assert.is(database.writes, writes + 1);
  const third = (await openStore({ database: database.crashed() })).open("test", 23);
  assert.is(third.storage.replicaId, renamed);
  assert.equal(third.restored.sessions, [{ sessionId: 22, complete: true }]);
  assert.equal(numbersOf(third.restored), [1, 2]);
});

test("renounces before its first update too", async () => {
  const { runtime, database, open } = await openStore();
  const first = open("test", 31);
  first.add(1);
  await resolved(runtime, first.storage.close());
  const second = open("test", 32);
  second.storage.renounce();
  runtime.settle();
  const third = (await openStore({ database: database.crashed() })).open();
  assert.is(third.storage.replicaId, second.storage.replicaId);
  assert.equal(third.restored.sessions, []);
});

test("stores what was appended before it ends, calls back no more, and takes nothing after", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  database.isHanging = true;
  session.addAll(1, 4);
  runtime.settle();
  session.addAll(4, 6);
  const closed = session.storage.close();
  assert.is(session.storage.close(), closed);
  session.add(6);
  session.storage.renounce();
  database.release();
  await resolved(runtime, closed);
  assert.equal(session.events, []);
  const next = open();
  assert.equal(numbersOf(next.restored), [1, 2, 3, 4, 5]);
  assert.equal(
    next.restored.sessions.map(({ complete }) => complete),
    [true],
  );
});

test("ends although the store fails: after one more attempt, and nothing of it follows", async () => {
  const { runtime, database, store, open } = await openStore({ level: "os" });
  const a = open("a", 41);
  const b = open("b", 42);
  a.add(1);
  b.add(1);
  runtime.settle();
  database.failure = new Error("broken");
  a.add(2);
  b.add(2);
  runtime.advance(1_500);
  const { reopenings } = database;
  await resolved(runtime, a.storage.close());
  assert.is(database.reopenings, reopenings + 1);
  assert.equal(a.events, [1, "failing: store-failed"]);
  database.failure = undefined;
  runtime.advance(1_000);
  assert.equal(b.stored, [1, 2]);
  const next = open("a", 43);
  assert.equal(numbersOf(next.restored), [1]);
  assert.equal(next.restored.sessions, [{ sessionId: 41, complete: false }]);
  next.add(3);
  await resolved(runtime, store.close());
  const last = await openStore({ database: database.crashed() });
  assert.equal(numbersOf(last.open("a").restored), [1, 3]);
});

test("ends when the attempt that is under way fails", async () => {
  const { runtime, database, open, store } = await openStore();
  const session = open();
  session.add(1);
  runtime.settle();
  database.isHanging = true;
  session.add(2);
  runtime.settle();
  const closed = session.storage.close();
  database.failure = new Error("broken");
  database.release();
  await resolved(runtime, closed);
  assert.is(database.reopenings, 0);
  // With nobody left it still finds out when the store works again.
  database.failure = undefined;
  runtime.advance(1_000);
  assert.is(store.failure, undefined);
  assert.equal(numbersOf(open().restored), [1]);
});

test("keeps with each update the highest stamp that was seen, over a crash", async () => {
  const { runtime, database, open } = await openStore();
  const first = open();
  for (const [number, stamp] of [-1, 2 ** 52, 7].entries()) {
    first.stamp = stamp;
    first.add(number);
    runtime.settle();
  }
  assert.is((await openStore({ database: database.crashed() })).open().restored.seenStamp, 2 ** 52);
});

test("numbers on past 2^20", async () => {
  const { runtime, database, open } = await openStore();
  const first = open();
  first.add(1);
  await resolved(runtime, first.storage.close());
  const key = database.keysWith("l/")[0] as string;
  assert.is(key, "l/test/0000000000000000");
  const keys = new ChannelKeys("test");
  const far = 2 ** 20 - 2;
  const metadata = { ...metadataOf(database), firstNumber: far, endNumber: far + 5 };
  const operations = [...metadataOperations(keys, metadata)];
  for (let i = 0; i < 5; i++) {
    const at = keys.update(far + i);
    operations.push({ type: "put", key: at, value: frameUpdate(at, update(10 + i), 100 + i) });
  }
  const moved = new FaultyDatabase({ steps: [{ operations, sync: true, isClearing: false }] });
  const after = await openStore({ database: moved });
  const second = after.open();
  assert.equal(second.restored.updates.length, 5);
  assert.is(second.restored.seenStamp, 104);
  second.add(20);
  after.runtime.settle();
  assert.ok(after.database.value("l/test/0000000001048579"));
});

test("starts once, and not after its end", async () => {
  const { runtime, store, open } = await openStore();
  const session = open("test", 51);
  session.storage.start(new Session(store.openChannel("elsewhere"), 52));
  session.add(1);
  runtime.settle();
  await resolved(runtime, session.storage.close());
  session.storage.start(session);
  session.add(2);
  runtime.settle();
  assert.equal(session.events, [1]);
  assert.equal(open().restored.sessions, [{ sessionId: 51, complete: true }]);
});

test("reads no further than it must: nothing of a channel that is new, an idle one up to its end", async () => {
  const { runtime, database, store, open } = await openStore();
  const session = open();
  session.addAll(0, 300);
  open("idle");
  await resolved(runtime, store.close());
  const { database: second, open: reopen } = await openStore({ database: database.crashed() });
  for (const [name, reads] of [
    ["new", 2],
    ["idle", 2],
    ["test", 302],
  ] as const) {
    second.reads = 0;
    assert.not(reopen(name).restored.isDamaged);
    assert.is(second.reads, reads, name);
  }
});

test("notes the end of a log without one, though the session wrote nothing", async () => {
  const first = await openStore();
  first.open().addAll(0, 10);
  first.runtime.settle();
  const second = await openStore({ database: first.database.crashed() });
  assert.is(metadataOf(second.database).endNumber, undefined);
  assert.equal(second.open().document.size, 10);
  await resolved(second.runtime, second.store.close());
  assert.is(metadataOf(second.database).endNumber, 10);
  const third = await openStore({ database: second.database.crashed() });
  third.database.reads = 0;
  assert.equal(numbersOf(third.open().restored).length, 10);
  assert.is(third.database.reads, 12);
});

test("reads the metadata of earlier versions, which note no end", async () => {
  const { runtime, database, open } = await openStore();
  const session = open();
  session.addAll(0, 10);
  await resolved(runtime, session.storage.close());
  const { endNumber, ...former } = metadataOf(database);
  assert.is(endNumber, 10);
  const earlier = withMetadata(database, { endNumber: undefined });
  assert.equal(metadataOf(earlier), former);
  const { restored } = (await openStore({ database: earlier })).open();
  assert.equal(numbersOf(restored).length, 10);
  assert.equal(restored.findings, []);
});

test("has no end any more before the log grows, whatever step of its writes a crash is at", async () => {
  const first = await openStore();
  first.open().addAll(0, 10);
  await resolved(first.runtime, first.store.close());
  const { runtime, database, open } = await openStore({
    database: first.database.crashed(),
    maxBatchBytes: 1,
  });
  const session = open();
  const before = database.steps.length;
  session.addAll(10, 20);
  runtime.settle();
  await resolved(runtime, session.storage.close());
  assert.ok(database.steps.length > before + 10);
  for (let kept = before; kept <= database.steps.length; kept++) {
    const crashed = database.crashed(kept);
    const { restored } = (await openStore({ database: crashed })).open();
    assert.is(restored.updates.length, crashed.keysWith("l/").length, `after ${kept} steps`);
    assert.not(restored.isDamaged);
  }
});
