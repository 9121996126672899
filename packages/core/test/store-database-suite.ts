// What every database must do for a store: the same body for memory-level, classic-level and whatever comes.
import { assert, type SuiteTest, until } from "@chorus/testing";
import { Store, type StoreDatabase, type WriteOperation } from "../src/index.js";
import { numbersOf, Session } from "./store-support.js";

/** A place for data that outlives the databases that are opened on it. */
export interface DatabasePlace {
  /** Opens a database on the same data; the one before was closed. */
  open(): Promise<StoreDatabase>;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const put = (key: string, value: Uint8Array): WriteOperation => ({ type: "put", key, value });

function write(database: StoreDatabase, batch: readonly WriteOperation[], sync = false): Promise<void> {
  return new Promise((resolve, reject) => {
    let isWithin = true;
    database.write(batch, { sync }, (error) => {
      if (isWithin) reject(new Error("answered within the call"));
      else if (error) reject(error);
      else resolve();
    });
    isWithin = false;
  });
}

const ask = (task: (done: (error?: Error) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => task((error) => (error ? reject(error) : resolve())));

/** @param place makes a fresh place, which cleans up after the test by itself */
export function testDatabase(
  test: SuiteTest,
  place: (t: { after(cleanup: () => unknown): void }) => Promise<DatabasePlace>,
): void {
  test("gives back what was written, bytes as they were, undefined for what is not there", async (t) => {
    const database = await (await place(t)).open();
    const large = new Uint8Array(300_000).map((_, index) => index * 7);
    await write(database, [put("a/1", bytes(0, 255, 128)), put("a/2", large), put("empty", bytes())], true);
    const keys = ["a/2", "nothing", "a/1", "empty"];
    const values = [await database.read(keys), ...(database.readsNow ? [database.readNow(keys)] : [])];
    for (const found of values) {
      assert.ok(found.every((value) => value === undefined || value instanceof Uint8Array));
      assert.equal(
        found.map((value) => (value instanceof Uint8Array ? [...value] : value)),
        [[...large], undefined, [0, 255, 128], []],
      );
    }
    await database.close();
  });

  test("overwrites and deletes in the order of a batch", async (t) => {
    const database = await (await place(t)).open();
    await write(database, [put("a", bytes(1)), put("b", bytes(1))]);
    await write(database, [put("a", bytes(2)), { type: "delete", key: "b" }, { type: "delete", key: "c" }]);
    await write(database, [{ type: "delete", key: "d" }, put("d", bytes(4))]);
    const found = await database.read(["a", "b", "d"]);
    assert.equal(
      found.map((value) => value && [...(value as Uint8Array)]),
      [[2], undefined, [4]],
    );
    await database.close();
  });

  test("lists the keys of a range in order, its end excluded, and only the first with a limit", async (t) => {
    const database = await (await place(t)).open();
    await write(
      database,
      ["a", "a/1", "a/10", "a/2", "a0", "ab/1", "A", "~"].map((key) => put(key, bytes(1))),
    );
    assert.equal(await database.keys({ from: "a/", to: "a0" }), ["a/1", "a/10", "a/2"]);
    assert.equal(await database.keys({ from: "", to: "b" }), ["A", "a", "a/1", "a/10", "a/2", "a0", "ab/1"]);
    assert.equal((await database.keys({ from: "a/", to: "a0" }, 1))[0], "a/1");
    assert.equal(await database.keys({ from: "b", to: "c" }), []);
    await database.close();
  });

  test("clears a range and nothing else", async (t) => {
    const database = await (await place(t)).open();
    await write(
      database,
      ["a", "a/1", "a/2", "a0", "b"].map((key) => put(key, bytes(1))),
    );
    await ask((done) => database.clear({ from: "a/", to: "a0" }, done));
    assert.equal(await database.keys({ from: "", to: "~" }), ["a", "a0", "b"]);
    await database.close();
  });

  test("goes on after it was opened anew", async (t) => {
    const { open } = await place(t);
    const database = await open();
    await write(database, [put("a", bytes(1))], true);
    await ask((done) => database.reopen(done));
    await write(database, [put("b", bytes(2))], true);
    assert.equal(await database.keys({ from: "", to: "~" }), ["a", "b"]);
    await database.close();
    const again = await open();
    assert.equal(await again.keys({ from: "", to: "~" }), ["a", "b"]);
    await again.close();
  });

  test("answers with an error, and does not throw, once it was closed, and stays closed", async (t) => {
    const database = await (await place(t)).open();
    await database.close();
    const failed = async (task: Promise<void>): Promise<boolean> => task.then(() => false).catch(() => true);
    assert.ok(await failed(write(database, [put("c", bytes(1))])));
    assert.ok(await failed(ask((done) => database.clear({ from: "a", to: "b" }, done))));
    assert.ok(await failed(ask((done) => database.reopen(done))));
    if (database.readsNow) assert.ok(database.readNow(["c"])[0] instanceof Error);
  });

  test("carries a store through sessions, with folds", async (t) => {
    const { open } = await place(t);
    for (let round = 0; round < 4; round++) {
      const store = await Store.open(await open(), { maxLogRecords: 50, place: "here" });
      const name = "ä/channel";
      const session = new Session(
        round % 2 ? await store.loadChannel(name) : store.openChannel(name),
        round + 1,
      );
      assert.equal(
        numbersOf(session.restored),
        Array.from({ length: round * 100 }, (_, i) => i),
      );
      assert.equal(session.restored.findings, []);
      session.perSlice = 20;
      for (let i = 0; i < 5; i++) {
        session.addAll(round * 100 + i * 20, round * 100 + i * 20 + 20);
        await until(() => session.stored.length === i * 20 + 20);
      }
      await until(() => session.diffs > 0);
      await session.storage.close();
      await store.close();
    }
  });
}
