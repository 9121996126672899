import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Store, type StoreDatabase, type WriteOperation } from "@chorus/core";
import { assert, suite, until } from "@chorus/testing";
import { addFile } from "../src/file-operations.js";
import { chSettings } from "../src/options.js";
import { Registry } from "../src/registry.js";
import type { ChEvents } from "../src/types.js";
import { folder } from "./support.js";

const test = suite("registry over a store that fails");

const NO_SPACE = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

/** A database in memory that fails when told to. */
class MapDatabase implements StoreDatabase {
  readonly readsNow = true;
  readonly #values = new Map<string, Uint8Array>();
  failure: Error | undefined;

  readNow(keys: readonly string[]): (Uint8Array | undefined)[] {
    return keys.map((key) => this.#values.get(key));
  }

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.readNow(keys);
  }

  async keys({ from, to }: { from: string; to: string }): Promise<string[]> {
    return [...this.#values.keys()].filter((key) => key >= from && key < to).sort();
  }

  write(batch: readonly WriteOperation[], _options: unknown, done: (error?: Error) => void): void {
    const { failure } = this;
    if (!failure) {
      for (const operation of batch) {
        if (operation.type === "put") this.#values.set(operation.key, operation.value);
        else this.#values.delete(operation.key);
      }
    }
    setImmediate(() => done(failure));
  }

  clear({ from, to }: { from: string; to: string }, done: (error?: Error) => void): void {
    for (const key of [...this.#values.keys()]) if (key >= from && key < to) this.#values.delete(key);
    setImmediate(() => done());
  }

  reopen(done: (error?: Error) => void): void {
    setImmediate(() => done(this.failure));
  }

  async close(): Promise<void> {}
}

test("tells of a failing store once, refuses writes meanwhile, and tells when it stores again", async (t) => {
  const database = new MapDatabase();
  const registry = new Registry(chSettings({}), await Store.open(database, { retryMs: 5 }));
  t.after(() => registry.close());
  const [errors, stores]: [ChEvents["error"][], ChEvents["store"][]] = [[], []];
  registry.on("error", (event) => errors.push(event));
  registry.on("store", (event) => stores.push(event));
  const { channel } = registry.create("data").replicated;
  channel.set("before", 1);
  await channel.whenDurable();
  database.failure = NO_SPACE;
  channel.set("first", 1);
  await assert.rejectsCode(channel.whenDurable(), "store-full");
  assert.throwsCode(() => channel.set("second", 1), "store-full");
  assert.is(channel.get("first"), 1);
  assert.equal(
    errors.map(({ channel: name, error }) => [name, error.code]),
    [["data", "store-full"]],
  );
  assert.equal(
    stores.map(({ channel: name, failure }) => [name, failure?.code]),
    [["data", "store-full"]],
  );
  database.failure = undefined;
  await until(() => stores.length === 2, { what: "the store to recover" });
  assert.equal(stores[1], { channel: "data", failure: undefined });
  channel.set("second", 1);
  await channel.whenDurable();
  await registry.close();
  const again = new Registry(chSettings({}), await Store.open(database));
  t.after(() => again.close());
  assert.equal([...again.create("data").replicated.channel.keys()], ["before", "first", "second"]);
});

test("closes while the store fails, and says what that may cost", async () => {
  const database = new MapDatabase();
  const registry = new Registry(chSettings({}), await Store.open(database, { retryMs: 5 }));
  const errors: ChEvents["error"][] = [];
  registry.on("error", (event) => errors.push(event));
  database.failure = new Error("broken");
  registry.create("data").replicated.channel.set("k", 1);
  await registry.close();
  const texts = errors.map(({ channel, error }) => `${channel} ${error.code}: ${error.message}`);
  assert.match(texts.at(-1) ?? "", /^data store-failed: the last writes of "data" may be lost/);
});

test("creates no channel while the store is full but those that are open in it, and storeAdd none at all", async (t) => {
  const file = join(await folder(t), "data.json");
  writeFileSync(file, '[{"id":1}]');
  const database = new MapDatabase();
  const registry = new Registry(chSettings({}), await Store.open(database, { retryMs: 5 }));
  t.after(() => registry.close());
  const { channel } = registry.create("data").replicated;
  registry.create("parked");
  registry.destroy("parked");
  let recovered = false;
  registry.on("store", ({ failure }) => (recovered = failure === undefined));
  database.failure = NO_SPACE;
  channel.set("k", 1);
  await assert.rejectsCode(channel.whenDurable(), "store-full");
  assert.throwsCode(() => registry.create("new"), "store-full");
  const call = { file, keyNames: ["id"], forAll: false };
  for (const name of ["new", "parked"]) {
    assert.throwsCode(() => addFile(registry, name, call), "store-full");
    assert.equal(registry.names(), ["data"]);
  }
  assert.is(registry.create("parked").replicated.channel.size, 0);
  database.failure = undefined;
  await until(() => recovered, { what: "the store to recover" });
  addFile(registry, "new", call);
  addFile(registry, "parked", { ...call, file: `${file}.other` });
  assert.equal(registry.names(), ["data", "parked", "new"]);
  assert.is(registry.find("new")?.replicated.channel.size, 1);
});
