// Tells by its keys whose a LevelDB is, before anybody opens it: opening it writes. Must never write.
import { listLevelFiles, readLevelFile } from "./leveldb-files.js";
import { readBatch, readLog } from "./leveldb-log.js";
import { readCurrentManifest } from "./leveldb-manifest.js";
import { readTable } from "./leveldb-table.js";

/**
 * Whether a database has keys, and none of those that could be read is ours: then somebody else's. Looks at the first
 * and last key of each table, since tables of others are compressed, and at those of the logs. Rejects when a file
 * cannot be read for a reason that is not damage.
 */
export async function isForeign(folder: string, isOurs: (key: string) => boolean): Promise<boolean> {
  let hasKeys = false;
  for await (const keys of readKeys(folder)) {
    if (keys.some(isOurs)) return false;
    hasKeys ||= keys.length > 0;
  }
  return hasKeys;
}

async function* readKeys(folder: string): AsyncGenerator<string[]> {
  const files = await listLevelFiles(folder);
  const manifest = await readCurrentManifest(folder, files);
  if (typeof manifest === "object") yield [...manifest.tables.values()].flat();
  for (const name of files.logs.values()) {
    const bytes = await readLevelFile(folder, name);
    for (const record of bytes === undefined ? [] : readLog(bytes).records) yield keysOf(record);
  }
  if (typeof manifest === "object") return;
  for (const name of files.tables.values()) {
    const bytes = await readLevelFile(folder, name);
    if (bytes !== undefined) yield readTable(bytes).map(({ key }) => key);
  }
}

function keysOf(record: Buffer): string[] {
  try {
    return readBatch(record).map(({ key }) => key);
  } catch {
    return [];
  }
}
