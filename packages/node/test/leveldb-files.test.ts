// Reading LevelDB's own files: nothing is missed in what LevelDB wrote, nothing wrong is taken for right.
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { ClassicLevel } from "classic-level";
import { crc32c, maskCrc } from "../src/crc32c.js";
import { listLevelFiles } from "../src/leveldb-files.js";
import { findDamage } from "../src/leveldb-inspection.js";
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

test("a manifest with a torn end is read up to it, as LevelDB does, if all that it names is there", async (t) => {
  const folder = join(makeFolder(t), "db");
  const expected = await write(folder);
  const [name] = (await listLevelFiles(folder)).manifests as [string];
  const path = join(folder, name);
  const bytes = readFileSync(path);
  for (let kept = 1; kept < 60; kept += 1) {
    writeFileSync(path, bytes);
    appendFileSync(path, bytes.subarray(0, kept)); // an edit of which only the beginning was written
    assert.is(await findDamage(folder), undefined, `${kept} bytes`);
  }
  assert.equal(sorted(await readAll(folder)), sorted(expected));
});

for (const runs of [1, 3]) {
  test(`a manifest of ${runs} openings that is cut is damaged: it lacks what counts`, async (t) => {
    const folder = join(makeFolder(t), "db");
    await write(folder, runs);
    const [name] = (await listLevelFiles(folder)).manifests as [string];
    const path = join(folder, name);
    const bytes = readFileSync(path);
    assert.is(await findDamage(folder), undefined);
    // Each edit here names a log, and the one before it is deleted; the first names none.
    for (let end = 0; end < bytes.length; end += 1) {
      writeFileSync(path, bytes.subarray(0, end));
      assert.ok(await findDamage(folder), `cut at ${end}`);
    }
  });
}

test("a file longer than Node reads is damaged", async (t) => {
  const folder = join(makeFolder(t), "db");
  const expected = await write(folder);
  const { logs } = await listLevelFiles(folder);
  const name = [...logs.values()].sort().at(-1) as string;
  truncateSync(join(folder, name), 2 ** 31 + 1);
  assert.is(await findDamage(folder), `${name} is damaged`);
  assert.ok((await salvage(folder, join(makeFolder(t), "to"))) < expected.size);
});

test("a log with 32 MB of zeros and something behind them is read in one pass", () => {
  const bytes = Buffer.alloc(32 * 2 ** 20);
  bytes[bytes.length - 1] = 1;
  const beginMs = performance.now();
  const { records, isDamaged } = readLog(bytes);
  assert.equal([records.length, isDamaged], [0, true]);
  // Some 0.1 s; half a minute when the zeros are gone through again for each block.
  assert.ok(performance.now() - beginMs < 8_000, "it takes too long");
});

test("without a footer the index of a table is not taken for records", () => {
  const key = Buffer.from("key\u0001\u0007\0\0\0\0\0\0", "latin1"); // a put with sequence 7
  const data = block([[key, Buffer.from("the value")]]);
  const index = block([[key, Buffer.from([0, data.length - 5])]]);
  const table = Buffer.concat([data, block([]), index]);
  assert.equal(
    readTable(table).map(({ value }) => String(value)),
    ["the value"],
  );
});

/** A block of a table, with its checksum. */
function block(entries: [Buffer, Buffer][]): Buffer {
  const parts = entries.map(([key, value]) =>
    Buffer.concat([Buffer.from([0, key.length, value.length]), key, value]),
  );
  const end = Buffer.from([0, 0, 0, 0, 1, 0, 0, 0, 0]); // one restart, at 0; the count; not compressed
  const content = Buffer.concat([...parts, end]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32LE(maskCrc(crc32c(content)));
  return Buffer.concat([content, crc]);
}

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
