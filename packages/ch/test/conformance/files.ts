// storeAdd and storeRestore: what is read from the file, when it is written, and what becomes of files that are wrong.
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert } from "@chorus/testing";
import { createCh } from "../../src/index.js";
import { folder } from "../support.js";
import { type Case, calls, pairOf, type Scene, told } from "./cases.js";

const DAMAGED =
  "`storeAdd`, `storeRestore`: a damaged or foreign file, or one with a row that cannot be stored";
const OLDER = "`storeAdd` with a file that is there";

const ROWS = [
  { id: 2, city: "Faro" },
  { id: 1, city: "Porto" },
];

/** A path in an empty folder, and a channel that is closed before the folder is removed. */
async function setting(scene: Scene) {
  const file = join(await folder(scene), "data.gz");
  const ch = createCh();
  scene.after(() => ch.close());
  return { file, ch, data: ch("data") };
}

/** Writes a file as the original does, a minute ago. */
function writeOld(file: string, rows: unknown): void {
  writeFileSync(file, gzipSync(JSON.stringify(rows)));
  const seconds = Date.now() / 1_000 - 60;
  utimesSync(file, seconds, seconds);
}

function rowsOf(file: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(file)).toString());
}

const adding: Case[] = [
  {
    method: "storeAdd",
    title: "creates the channel and begins with the file, chainable",
    source: "S3",
    original: "creates, restores the file if there; $ch",
    here: "same",
    run: async (_, scene) => {
      const { file, ch, data } = await setting(scene);
      writeOld(file, ROWS);
      assert.is(data.storeAdd(file, ["id"]), data);
      assert.equal(ch().list(), ["data"]);
      assert.equal(data.getAll(), ROWS);
      assert.equal(data.getKeys(), [{ id: 2 }, { id: 1 }]);
    },
  },
  {
    method: "storeAdd",
    title: "writes all values, compressed, after changes",
    source: "S3",
    original: "rewrites the whole compressed file on every change",
    here: "same",
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      data.create(scene.type).storeAdd(file, ["id"]);
      data.setAll(["id"], ROWS);
      await data.waitForJobs();
      assert.equal(rowsOf(file), ROWS);
      data.unset({ id: 2 });
      data.set({ id: 3 }, { id: 3 });
      await data.waitForJobs();
      assert.equal(rowsOf(file), [ROWS[1], { id: 3 }]);
    },
  },
  {
    method: "storeAdd",
    title: "writes what peers change",
    source: "S3",
    original: "subscribes a writer, so every change of a peer too",
    here: "same",
    run: async (_, scene) => {
      const file = join(await folder(scene), "data.gz");
      const [a, b] = await pairOf(scene);
      b.data.storeAdd(file, ["id"]);
      a.data.setAll(["id"], ROWS);
      await a.data.waitForJobs();
      await b.data.waitForJobs();
      assert.equal(rowsOf(file), ROWS);
      a.data.unset({ id: 2 });
      await a.data.waitForJobs();
      await b.data.waitForJobs();
      assert.equal(rowsOf(file), [ROWS[1]]);
    },
  },
  {
    method: "storeAdd",
    title: "writes at the next change, with forAll at once",
    source: "S3",
    original: "onlyFromNow = !forAll",
    here: "same",
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      data.create(scene.type).set({ id: 1 }, { id: 1 });
      data.storeAdd(file, ["id"], false, false).storeAdd(`${file}.all`, ["id"], true, true);
      await data.waitForJobs();
      assert.equal([existsSync(file), rowsOf(`${file}.all`)], [false, [{ id: 1 }]]);
      data.set({ id: 2 }, { id: 2 });
      await data.waitForJobs();
      assert.equal(rowsOf(file), [{ id: 1 }, { id: 2 }]);
    },
  },
  {
    method: "storeAdd",
    title: "rows of the file do not overwrite what was written later",
    source: "S3",
    original: "they overwrite what the channel has",
    here: "they count as old as the file: a restart must not undo what peers did",
    row: OLDER,
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      writeOld(file, ROWS);
      data.create(scene.type).set({ id: 1 }, { id: 1, city: "newer" });
      data.storeAdd(file, ["id"]);
      assert.equal(data.get({ id: 1 }), { id: 1, city: "newer" });
      assert.equal(data.get({ id: 2 }), ROWS[0]);
    },
  },
  {
    method: "storeAdd",
    title: "the file is replaced, never half written",
    source: "S3",
    original: "rewritten in its place",
    here: "a new file takes its place: a crash leaves one of them whole",
    row: "`storeAdd`",
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      writeOld(file, ROWS);
      data.storeAdd(file, ["id"]);
      const opened = openSync(file, "r");
      data.set({ id: 3 }, { id: 3 });
      await data.waitForJobs();
      // Who opened it before still reads the old one, whole.
      const before = readFileSync(opened);
      closeSync(opened);
      assert.equal(JSON.parse(gunzipSync(before).toString()), ROWS);
      assert.equal(readdirSync(join(file, "..")), ["data.gz"]);
      assert.equal(rowsOf(file), [...ROWS, { id: 3 }]);
    },
  },
  {
    method: "storeAdd",
    title: "ends with unsubscribe of the file",
    source: "S3",
    original: "with the process: its subscriber has no known id",
    here: "the path is the id",
    row: "`storeAdd`: the end",
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      data.storeAdd(file, ["id"]).set({ id: 1 }, { id: 1 });
      await data.waitForJobs();
      data.unsubscribe(file).set({ id: 2 }, { id: 2 });
      await data.waitForJobs();
      assert.equal(rowsOf(file), [{ id: 1 }]);
    },
  },
  {
    method: "storeAdd",
    title: "a damaged file is refused and left as it is",
    source: "S3",
    original: "ignored, and overwritten at the next change",
    here: "file-failed, nothing is created: it may be all there is of the data",
    row: DAMAGED,
    run: async (_, scene) => {
      const { file, ch, data } = await setting(scene);
      writeFileSync(file, "no gzip, no JSON");
      assert.throwsCode(() => data.storeAdd(file, ["id"]), "file-failed");
      assert.equal(ch().list(), []);
      assert.is(readFileSync(file, "utf8"), "no gzip, no JSON");
    },
  },
  {
    method: "storeAdd",
    title: "one file is one channel's",
    source: "S3",
    original: "two channels overwrite each other's rows",
    here: "file-failed for the second",
    row: "`storeAdd`: a file for two channels",
    run: async (_, scene) => {
      const { file, ch, data } = await setting(scene);
      data.storeAdd(file, ["id"]);
      assert.throwsCode(() => ch("other").storeAdd(file, ["id"]), "file-failed");
    },
  },
];

const restoring: Case[] = [
  {
    method: "storeRestore",
    title: "is a setAll of the file, over whatever is there, chainable",
    source: "S3",
    original: "$ch; setAll of the file content",
    here: "same",
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      writeOld(file, ROWS);
      data.create(scene.type).setAll(["id"], [{ id: 1, city: "newer" }, { id: 9 }]);
      const list = calls(data);
      assert.is(data.storeRestore(file, ["id"]), data);
      assert.equal(data.getAll(), [{ id: 9 }, ...ROWS]);
      await data.waitForJobs();
      assert.equal(told(list), [["setall", ["id"], ROWS]]);
    },
  },
  {
    method: "storeRestore",
    title: "without names takes key of rows that look like { key, value }",
    source: "S3",
    original: 'keyNames default ["key"] when rows look like {key,value}',
    here: "same",
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      writeOld(file, [
        { key: "a", value: 1 },
        { key: "b", value: true },
      ]);
      data.create(scene.type).storeRestore(file);
      assert.equal(data.get("a"), { key: "a", value: 1 });
      assert.equal(data.getKeys(), [{ key: "a" }, { key: "b" }]);
    },
  },
  {
    method: "storeRestore",
    title: "a file that is missing or damaged is an error, and nothing is changed",
    source: "S3",
    original: "swallowed; an inner function returns -1",
    here: "file-failed: who restores must know whether it worked",
    row: DAMAGED,
    run: async (_, scene) => {
      const { file, data } = await setting(scene);
      data.create(scene.type).set({ id: 1 }, { id: 1 });
      assert.throwsCode(() => data.storeRestore(file, ["id"]), "file-failed");
      writeFileSync(file, gzipSync('[{"id":2},{"name":"no key"}]'));
      assert.throwsCode(() => data.storeRestore(file, ["id"]), "file-failed");
      assert.equal(data.getAll(), [{ id: 1 }]);
    },
  },
];

export const files: readonly Case[] = [...adding, ...restoring];
