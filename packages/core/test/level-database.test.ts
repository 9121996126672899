import { assert, suite } from "@chorus/testing";
import { MemoryLevel } from "memory-level";
import { type AnyLevel, LevelDatabase, Store } from "../src/index.js";
import { testDatabase } from "./store-database-suite.js";
import { numbersOf, Session } from "./store-support.js";

const test = suite("level database");

testDatabase(test, async () => {
  const level = new MemoryLevel({ storeEncoding: "view" });
  return {
    open: async () => {
      await level.open();
      return new LevelDatabase(level);
    },
  };
});

test("takes databases with other encodings of their own", async () => {
  const level = new MemoryLevel<string, object>({ valueEncoding: "json" });
  const database = new LevelDatabase(level);
  assert.ok(database.readsNow);
  await new Promise((resolve) =>
    database.write([{ type: "put", key: "k", value: Uint8Array.of(65) }], { sync: true }, resolve),
  );
  assert.equal([...((await database.read(["k"]))[0] as Uint8Array)], [65]);
  await database.close();
});

/** A database that reads in turns only, and some of whose values are unreadable. */
function inTurns(level: MemoryLevel, unreadable: readonly string[]): AnyLevel {
  const refuse = (keys: readonly string[]): void => {
    if (keys.some((key) => unreadable.includes(key))) throw new Error("Corruption: block checksum mismatch");
  };
  return {
    supports: { getSync: false },
    open: () => level.open(),
    close: () => level.close(),
    get: async (key, options) => {
      refuse([key]);
      return level.get<string, Uint8Array>(key, options);
    },
    getMany: async (keys, options) => {
      refuse(keys);
      return level.getMany<string, Uint8Array>(keys, options);
    },
    keys: (options) => level.keys<string>(options),
    batch: (operations, options) => level.batch<string, Uint8Array>(operations, options),
    clear: (options) => level.clear<string>(options),
  };
}

test("reads what is intact beside what is not, also in turns", async () => {
  const level = new MemoryLevel({ storeEncoding: "view" });
  const store = await Store.open(new LevelDatabase(level));
  const session = new Session(store.openChannel("test"), 1);
  session.addAll(0, 10);
  await store.close();
  await level.open();
  const damaged = new LevelDatabase(inTurns(level, ["l/test/0000000000000004", "a/test/"]));
  assert.not(damaged.readsNow);
  const next = new Session(await (await Store.open(damaged)).loadChannel("test"), 2);
  assert.equal(numbersOf(next.restored), [0, 1, 2, 3, 5, 6, 7, 8, 9]);
  assert.is(next.storage.replicaId, session.storage.replicaId);
  await next.storage.close();
});
