import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { assert, suite, until } from "@chorus/testing";
import { type Ch, type ChEvents, createCh } from "../src/index.js";
import { readRows } from "../src/row-file.js";
import { type Cleanup, folder, pair } from "./support.js";

const test = suite("storeAdd and storeRestore");

interface Setting {
  readonly $ch: Ch;
  readonly file: string;
  readonly errors: ChEvents["error"][];
  /** The values in the file, when it has been brought up to date. */
  rows(): Promise<unknown>;
}

async function create(t: Cleanup, file?: string): Promise<Setting> {
  // Before the registry: clean-ups run in reverse order, and the last write needs the folder.
  const path = file ?? join(await folder(t), "data.gz");
  const $ch = createCh();
  t.after(() => $ch.close());
  const errors: ChEvents["error"][] = [];
  $ch.on("error", (event) => errors.push(event));
  const rows = async (): Promise<unknown> => {
    await $ch("data").waitForJobs(5_000);
    return readRows(path).rows;
  };
  return { $ch, file: path, errors, rows };
}

const TWO = [
  { id: 2, city: "Faro" },
  { id: 1, city: "Porto" },
];

function write(file: string, rows: unknown, agoMs = 0): void {
  writeFileSync(file, gzipSync(JSON.stringify(rows)));
  const seconds = (Date.now() - agoMs) / 1_000;
  utimesSync(file, seconds, seconds);
}

test("creates the channel, begins with the file, in its order, and keeps the file up to date", async (t) => {
  const { $ch, file, rows, errors } = await create(t);
  write(file, TWO);
  const data = $ch("data");
  assert.is(data.storeAdd(file, ["id"], true, false), data);
  assert.equal(data.getAll(), TWO);
  assert.equal(data.shift(), TWO[0]);
  data.set({ id: 3 }, { id: 3, city: "Évora" });
  assert.equal(await rows(), [TWO[1], { id: 3, city: "Évora" }]);
  data.unset({ id: 1 });
  assert.equal(await rows(), [{ id: 3, city: "Évora" }]);
  assert.equal(errors, []);
  assert.equal(readdirSync(join(file, "..")), ["data.gz"]);
});

test("writes the file at the next change only, or at once when told to", async (t) => {
  const { $ch, file } = await create(t);
  const data = $ch("data").create();
  data.set("k", 1);
  data.storeAdd(`${file}.later`).storeAdd(file, undefined, false, true);
  await data.waitForJobs(5_000);
  assert.equal(readdirSync(join(file, "..")), ["data.gz"]);
  assert.equal(readRows(file).rows, [{ key: "k", value: 1 }]);
  data.set("k", 2);
  await data.waitForJobs(5_000);
  assert.equal(readRows(`${file}.later`).rows, [{ key: "k", value: 2 }]);
});

test("is there again in another registry, maps and scalars", async (t) => {
  const first = await create(t);
  const data = first.$ch("data").storeAdd(first.file, ["id"]);
  data.set({ id: 1 }, { id: 1, deep: { a: [1, null] } });
  data.set("k", 5);
  data.set({ id: 2 }, "scalar");
  const before = data.getAll();
  await first.$ch.close();
  const second = await create(t, first.file);
  const again = second.$ch("data").storeAdd(first.file, ["id"]);
  assert.equal(again.getAll(), before);
  assert.equal(again.get("k"), { key: "k", value: 5 });
  assert.equal(again.get({ id: 2 }), { key: { id: 2 }, value: "scalar" });
});

test("keeps what was written later than the file, and does not touch what is equal", async (t) => {
  const { $ch, file, errors } = await create(t);
  const data = $ch("data").create();
  data.set({ id: 1 }, { id: 1, city: "newer" });
  data.set({ id: 2 }, { id: 2, city: "older" }, 1_000);
  data.set({ id: 3 }, { id: 3, city: "same" }, 1_000);
  write(file, [{ id: 1, city: "file" }, { id: 2, city: "file" }, { id: 3, city: "same" }, { id: 4 }], 60_000);
  const told: unknown[] = [];
  data.subscribe((...call: unknown[]) => told.push(call.slice(1, 4)), true);
  data.storeAdd(file, ["id"]);
  assert.equal(data.get({ id: 1 }), { id: 1, city: "newer" });
  assert.equal(data.get({ id: 2 }), { id: 2, city: "file" });
  await data.waitForJobs(5_000);
  assert.equal(told, [["setall", ["id"], [{ id: 2, city: "file" }, { id: 4 }]]]);
  assert.equal(errors, []);
});

test("a file from the future does not put writes in the future", async (t) => {
  const { $ch, file } = await create(t);
  write(file, TWO, -3_600_000);
  const data = $ch("data").storeAdd(file, ["id"]);
  data.set({ id: 1 }, { id: 1, city: "now" }, Date.now() + 1_000);
  assert.equal(data.get({ id: 1 }), { id: 1, city: "now" });
});

const foreign: [string, Uint8Array | string][] = [
  ["a damaged file", gzipSync(JSON.stringify(TWO)).subarray(0, 30)],
  ["an empty file", ""],
  ["JSON that is no array", "{}"],
  ["rows without the key fields", '[{"id":1},{"name":"x"}]'],
  ["a row that is no map", "[1]"],
  ["a key that is too large", JSON.stringify([{ id: 1 }, { id: "x".repeat(5_000) }])],
  ["a row that cannot be stored", JSON.stringify([{ id: 1 }, { id: 2, text: "x".repeat(1_100_000) }])],
  ["a row that is too deep", `[{"id":1,"a":${"[".repeat(70)}${"]".repeat(70)}}]`],
];
for (const [what, bytes] of foreign) {
  test(`refuses ${what}, and changes nothing`, async (t) => {
    const { $ch, file } = await create(t);
    writeFileSync(file, bytes);
    assert.throwsCode(() => $ch("data").storeAdd(file, ["id"]), "file-failed");
    assert.equal($ch().list(), [], "no channel was created");
    assert.is($ch("data").create().size(), 0);
    const data = $ch("other").create();
    data.set({ id: 1 }, { id: 1, mine: true });
    assert.throwsCode(() => data.storeAdd(file, ["id"]), "file-failed");
    assert.throwsCode(() => data.storeRestore(file, ["id"]), "file-failed");
    assert.equal($ch().list(), ["data", "other"], "what was there stays");
    assert.equal(data.getAll(), [{ id: 1, mine: true }]);
    await data.waitForJobs(5_000);
    assert.equal(readFileSync(file), Buffer.from(bytes));
    assert.equal(readdirSync(join(file, "..")), ["data.gz"]);
  });
}

test("restores over what is there, also from plain JSON, and tells subscribers", async (t) => {
  const { $ch, file } = await create(t);
  writeFileSync(file, JSON.stringify(TWO));
  utimesSync(file, 1_000, 1_000);
  const data = $ch("data").create();
  data.set({ id: 1 }, { id: 1, city: "newer" });
  data.set({ id: 9 }, { id: 9 });
  const told: unknown[] = [];
  data.subscribe((...call: unknown[]) => told.push(call.slice(1, 4)), true);
  assert.is(data.storeRestore(file, ["id"]), data);
  await data.waitForJobs(5_000);
  assert.equal(told, [["setall", ["id"], TWO]]);
  assert.equal(data.getAll(), [{ id: 9 }, ...TWO]);
});

test("needs a file and a channel to restore, and names that are names", async (t) => {
  const { $ch, file } = await create(t);
  assert.throwsCode(() => $ch("data").storeRestore(file), "no-channel");
  const data = $ch("data").create();
  assert.throwsCode(() => data.storeRestore(file), "file-failed");
  assert.throwsCode(() => data.storeRestore(join(file, "..", "no", "such")), "file-failed");
  assert.throwsCode(() => data.storeAdd(join(file, "..", "no", "such")), "file-failed");
  assert.throwsCode(() => data.storeAdd(file, "id" as never), "invalid-option");
  assert.throwsCode(() => data.storeAdd(5 as never), "invalid-option");
  assert.throwsCode(() => $ch().storeAdd(file), "invalid-option");
});

test("writes what peers change", async (t) => {
  const file = join(await folder(t), "data.gz");
  const [here, there] = await pair(t);
  here.data.storeAdd(file, ["id"]);
  there.data.setAll(["id"], TWO);
  await until(() => here.data.size() === 2);
  await here.data.waitForJobs(5_000);
  assert.equal(readRows(file).rows, TWO);
  there.data.unsetAll(["id"], TWO);
  await until(() => here.data.size() === 0);
  await here.data.waitForJobs(5_000);
  assert.equal(readRows(file).rows, []);
});

test("reports entries that the file cannot hold, once, and writes the others", async (t) => {
  const { $ch, rows, errors, file } = await create(t);
  const data = $ch("data").storeAdd(file, ["id"]);
  data.set({ id: 1 }, { id: 1 });
  data.set({ id: 2 }, { no: "key" });
  assert.equal(await rows(), [{ id: 1 }]);
  data.set({ id: 3 }, { id: 3 });
  assert.equal(await rows(), [{ id: 1 }, { id: 3 }]);
  assert.equal(
    errors.map(({ channel, error }) => [channel, error.code]),
    [["data", "file-failed"]],
  );
  assert.match(errors[0]?.error.message ?? "", /1 entries .* \{"id":2\}/);
  data.unset({ id: 2 });
  await rows();
  data.set({ id: 2 }, { no: "key" });
  await rows();
  assert.is(errors.length, 2);
});

test("reports once that it cannot write, and writes at the next change when it can", async (t) => {
  const { $ch, file, errors } = await create(t);
  const inner = join(file, "..", "inner");
  mkdirSync(inner);
  const data = $ch("data").storeAdd(join(inner, "rows"), ["id"]);
  data.set({ id: 1 }, { id: 1 });
  await data.waitForJobs(5_000);
  rmSync(inner, { recursive: true });
  for (const id of [2, 3]) {
    data.set({ id }, { id });
    await data.waitForJobs(5_000);
  }
  assert.equal(
    errors.map(({ error }) => error.code),
    ["file-failed"],
  );
  mkdirSync(inner);
  data.set({ id: 4 }, { id: 4 });
  await data.waitForJobs(5_000);
  assert.equal(readRows(join(inner, "rows")).rows, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
});

test("tries once more at the end what it could not write", async (t) => {
  const { $ch, file, errors } = await create(t);
  const inner = join(file, "..", "inner");
  mkdirSync(inner);
  const data = $ch("data").storeAdd(join(inner, "rows"), ["id"]);
  rmSync(inner, { recursive: true });
  data.set({ id: 1 }, { id: 1 });
  await data.waitForJobs(5_000);
  assert.is(errors.length, 1);
  mkdirSync(inner);
  await $ch.close();
  assert.equal(readRows(join(inner, "rows")).rows, [{ id: 1 }]);
});

test("close waits for the last write, also of a channel that was destroyed", async (t) => {
  const { $ch, file } = await create(t);
  const data = $ch("data").storeAdd(file, ["id"]);
  data.set({ id: 1 }, { id: 1 });
  data.destroy();
  await $ch.close();
  assert.equal(readRows(file).rows, [{ id: 1 }]);
});

test("begins with the newest content also while the last write of an earlier copy goes on", async (t) => {
  const { $ch, file, rows } = await create(t);
  const data = $ch("data").storeAdd(file, ["id"]);
  for (let id = 1; id <= 3; id++) {
    data.set({ id }, { id });
    data.destroy().storeAdd(file, ["id"]);
    assert.is(data.size(), id);
  }
  data.set({ id: 4 }, { id: 4 });
  assert.equal(await rows(), [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
});

test("ends with unsubscribe, when it is up to date", async (t) => {
  const { $ch, file } = await create(t);
  const data = $ch("data").storeAdd(file, ["id"]);
  data.set({ id: 1 }, { id: 1 });
  data.unsubscribe(file).set({ id: 2 }, { id: 2 });
  await data.waitForJobs(5_000);
  assert.equal(readRows(file).rows, [{ id: 1 }]);
  data.set({ id: 3 }, { id: 3 });
  await data.waitForJobs(5_000);
  assert.equal(readRows(file).rows, [{ id: 1 }]);
});

test("one channel keeps a file; the same one may ask twice", async (t) => {
  const { $ch, file, rows } = await create(t);
  const data = $ch("data").storeAdd(file, ["id"]);
  data.set({ id: 1 }, { id: 1 });
  assert.is(data.storeAdd(file, ["id"]), data);
  assert.throwsCode(() => $ch("other").storeAdd(file, ["id"]), "file-failed");
  assert.equal($ch().list(), ["data"]);
  assert.equal(await rows(), [{ id: 1 }]);
  data.unsubscribe(file);
  await data.waitForJobs(5_000);
  assert.is($ch("other").storeAdd(file, ["id"]).size(), 1);
});

test("removes temporary files that a crash left", async (t) => {
  const { $ch, file } = await create(t);
  writeFileSync(`${file}.0f8fad5b-d9cb-469f-a165-70867728950e.tmp`, "half");
  $ch("data").storeAdd(file, ["id"]);
  assert.equal(readdirSync(join(file, "..")), []);
});
