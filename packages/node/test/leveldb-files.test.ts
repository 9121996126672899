// Reading LevelDB's own files: nothing is missed in what LevelDB wrote, nothing wrong is taken for right.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { ClassicLevel } from "classic-level";
import { crc32c } from "../src/crc32c.js";
import { findDamage, listLevelFiles } from "../src/leveldb-inspection.js";
import { readBatch, readLog } from "../src/leveldb-log.js";
import { salvage } from "../src/leveldb-salvage.js";
import { isTableIntact, readTable } from "../src/leveldb-table.js";
import { makeFolder, makeRandom, randomBytes } from "./store-helpers.js";

const test = suite("leveldb files");
const ENCODINGS = { keyEncoding: "buffer", valueEncoding: "buffer", compression: false } as const;

/** Small and large values, overwritten and deleted ones, spread over logs and tables. */
async function write(folder: string, runs = 3): Promise<Map<string, Buffer>> {
  const random = makeRandom(7);
  const expected = new Map<string, Buffer>();
  for (let run = 0; run < runs; run += 1) {
    const level = new ClassicLevel<Buffer, Buffer>(folder, { ...ENCODINGS, writeBufferSize: 65_536 });
    await level.open();
    for (let i = 0; i < 300; i += 1) {
      const key = `key-${random(500)}`;
      if (random(5) === 0) {
        expected.delete(key);
        await level.del(Buffer.from(key));
        continue;
      }
      const value = randomBytes(random, random(100) === 0 ? 70_000 : random(500));
      expected.set(key, value);
      await level.put(Buffer.from(key), value);
    }
    await level.close();
  }
  return expected;
}

async function readAll(folder: string): Promise<Map<string, Buffer>> {
  const level = new ClassicLevel<Buffer, Buffer>(folder, ENCODINGS);
  await level.open();
  try {
    const entries = await level.iterator().all();
    return new Map(entries.map(([key, value]) => [key.toString(), value]));
  } finally {
    await level.close();
  }
}

const sorted = (map: Map<string, Buffer>): [string, Buffer][] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

test("the checksum is the one LevelDB uses", () => {
  assert.is(crc32c(Buffer.from("123456789")), 0xe3069283);
  assert.is(crc32c(Buffer.from("xx123456789x"), 2, 11), 0xe3069283);
  assert.is(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.is(crc32c(Buffer.alloc(0)), 0);
});

test("an intact database has no damage, and everything in it is read", async (t) => {
  const folder = join(makeFolder(t), "db");
  const expected = await write(folder);
  const { tables, logs } = await listLevelFiles(folder);
  assert.ok(tables.size > 1 && logs.size > 0, "both kinds of files are needed");
  assert.is(await findDamage(folder), undefined);
  const to = join(makeFolder(t), "to");
  assert.is(await salvage(folder, to), expected.size);
  assert.equal(sorted(await readAll(to)), sorted(expected));
  assert.equal(sorted(await readAll(folder)), sorted(expected));
});

test("a folder without a database has no damage", async (t) => {
  const folder = makeFolder(t);
  assert.is(await findDamage(folder), undefined);
  assert.is(await findDamage(join(folder, "missing")), undefined);
  writeFileSync(join(folder, "MANIFEST-000001"), ""); // as an interrupted first start leaves it
  assert.is(await findDamage(folder), undefined);
});

test("a missing file is found, whichever", async (t) => {
  const folder = join(makeFolder(t), "db");
  await write(folder);
  const { tables, logs, manifests } = await listLevelFiles(folder);
  const newestLog = [...logs.values()].sort().at(-1) as string;
  for (const name of ["CURRENT", ...manifests, ...tables.values(), ...logs.values()]) {
    const bytes = readFileSync(join(folder, name));
    rmSync(join(folder, name));
    const damage = await findDamage(folder);
    // Of several logs only the first has its name in the manifest; a table that was merged into others counts no more.
    const mayMiss = (logs.size > 1 && name === newestLog) || name.endsWith(".ldb");
    if (!mayMiss) assert.ok(damage, `${name} is not missed`);
    writeFileSync(join(folder, name), bytes);
  }
  assert.is(await findDamage(folder), undefined);
});

test("every flipped bit of a log loses one record, and no more", async (t) => {
  const folder = join(makeFolder(t), "db");
  const level = new ClassicLevel<Buffer, Buffer>(folder, ENCODINGS);
  await level.open();
  for (let i = 0; i < 40; i += 1) await level.put(Buffer.from(`key-${10 + i}`), Buffer.alloc(30, i));
  await level.close();
  const [name] = (await listLevelFiles(folder)).logs.values();
  const bytes = readFileSync(join(folder, name as string));
  const whole = readLog(bytes);
  assert.is(whole.records.length, 40);
  assert.equal([whole.isDamaged, whole.isTorn], [false, false]);
  const recordBytes = bytes.length / 40;
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
    const { records, isDamaged, isTorn } = readLog(flipped);
    assert.ok(isDamaged || isTorn, `byte ${at}`);
    // The length of a record is under no checksum of its own: with it the rest of the block is lost.
    const isLength = at % recordBytes === 4 || at % recordBytes === 5;
    if (!isLength) assert.is(records.length, 39, `byte ${at}`);
    const known = new Set(whole.records.map((record) => record.toString("latin1")));
    assert.ok(
      records.every((record) => known.has(record.toString("latin1"))),
      `byte ${at}`,
    );
  }
});

test("a log cut anywhere is torn and keeps what stands before the cut", async (t) => {
  const folder = join(makeFolder(t), "db");
  const level = new ClassicLevel<Buffer, Buffer>(folder, ENCODINGS);
  await level.open();
  for (let i = 0; i < 3; i += 1) await level.put(Buffer.from(`key-${i}`), Buffer.alloc(20_000, i));
  await level.close();
  const [name] = (await listLevelFiles(folder)).logs.values();
  const bytes = readFileSync(join(folder, name as string));
  for (let end = 0; end < bytes.length; end += 97) {
    const { records, isDamaged } = readLog(bytes.subarray(0, end));
    assert.is(isDamaged, false);
    assert.is(records.length, Math.floor(end / (bytes.length / 3)));
  }
  const padded = readLog(Buffer.concat([bytes, Buffer.alloc(5_000)]));
  assert.equal([padded.records.length, padded.isDamaged, padded.isTorn], [3, false, true]);
});

test("every byte of a table is under a checksum, and what is intact is read without the index", async (t) => {
  const folder = join(makeFolder(t), "db");
  const expected = await write(folder, 2);
  const { tables } = await listLevelFiles(folder);
  const bytes = readFileSync(join(folder, [...tables.values()].sort()[0] as string));
  assert.ok(isTableIntact(bytes));
  const all = readTable(bytes);
  const known = new Set(
    all.map(({ key, sequence, value }) => `${key} ${sequence} ${value?.toString("latin1")}`),
  );
  const random = makeRandom(11);
  for (let round = 0; round < 400; round += 1) {
    const at = random(bytes.length - 48);
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] as number) ^ (1 << random(8));
    assert.not(isTableIntact(flipped), `byte ${at}`);
    for (const { key, sequence, value } of readTable(flipped)) {
      assert.ok(known.has(`${key} ${sequence} ${value?.toString("latin1")}`), `byte ${at}`);
    }
  }
  assert.equal(readTable(bytes.subarray(0, bytes.length - 48)), all, "without the footer");
  assert.ok(readTable(bytes.subarray(0, bytes.length / 2)).length > all.length / 3, "the first half");
  assert.ok(expected.size > 0);
});

test("bytes that are no LevelDB file are damage, and throw nothing", () => {
  const random = makeRandom(5);
  for (let round = 0; round < 500; round += 1) {
    const bytes = randomBytes(random, random(3_000));
    assert.equal(readTable(bytes), []);
    assert.not(isTableIntact(bytes));
    assert.equal(readLog(bytes).records, []);
  }
  assert.throws(
    () => readBatch(Buffer.from("no batch")),
    (error) => error instanceof RangeError,
  );
  assert.throws(
    () => readBatch(Buffer.alloc(13, 255)),
    (error) => error instanceof RangeError,
  );
});
