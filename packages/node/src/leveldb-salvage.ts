// Makes a new database of what is intact in a damaged one. Must never change the damaged one: LevelDB's own repair does,
// without a lock, and it keeps records whose checksums are wrong.
import { ClassicLevel } from "classic-level";
import type { LevelRecord } from "./leveldb-bytes.js";
import { listLevelFiles, readLevelFile } from "./leveldb-files.js";
import { readBatch, readLog } from "./leveldb-log.js";
import { readTable } from "./leveldb-table.js";

const BATCH_BYTES = 1_048_576;
const NOTHING = Buffer.alloc(0);

/**
 * Copies the newest intact version of every key into a new database; returns how many keys. Holds them all in memory.
 * What was deleted may come back, when the record that says so is lost. Rejects when a file cannot be read for a reason
 * that is not damage, or the new database cannot be written.
 */
export async function salvage(from: string, to: string): Promise<number> {
  const newest = await readIntact(from);
  const level = new ClassicLevel<Buffer, Buffer>(to, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    compression: false,
  });
  try {
    await level.open();
    return await writeAll(level, newest);
  } finally {
    await level.close();
  }
}

async function readIntact(folder: string): Promise<Map<string, LevelRecord>> {
  const newest = new Map<string, LevelRecord>();
  const add = (records: readonly LevelRecord[]): void => {
    for (const record of records) {
      const known = newest.get(record.key);
      if (known === undefined || known.sequence <= record.sequence) newest.set(record.key, record);
    }
  };
  const { tables, logs } = await listLevelFiles(folder);
  for (const name of tables.values()) add(readTable((await readLevelFile(folder, name)) ?? NOTHING));
  for (const name of logs.values()) {
    const { records } = readLog((await readLevelFile(folder, name)) ?? NOTHING);
    for (const record of records) add(tryBatch(record));
  }
  return newest;
}

function tryBatch(record: Buffer): LevelRecord[] {
  try {
    return readBatch(record);
  } catch {
    return [];
  }
}

async function writeAll(
  level: ClassicLevel<Buffer, Buffer>,
  records: ReadonlyMap<string, LevelRecord>,
): Promise<number> {
  let written = 0;
  let batch: { type: "put"; key: Buffer; value: Buffer }[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await level.batch(batch, { sync: true });
    written += batch.length;
    batch = [];
    bytes = 0;
  };
  for (const { key, value } of records.values()) {
    if (value === undefined) continue;
    batch.push({ type: "put", key: Buffer.from(key, "latin1"), value });
    bytes += value.length;
    if (bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return written;
}
