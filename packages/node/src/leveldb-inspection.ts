// Looks at the files of a LevelDB before LevelDB does. It must: LevelDB leaves out damaged records of its log without a
// word, makes a new database when one small file is missing (and then deletes the others), and ends the process by an
// assertion when it compacts a damaged table. Must never write.
import { listLevelFiles, type LevelFiles, readLevelFile } from "./leveldb-files.js";
import { readBatch, readLog } from "./leveldb-log.js";
import { type Manifest, readCurrentManifest } from "./leveldb-manifest.js";
import { isTableIntact } from "./leveldb-table.js";

/**
 * What is damaged in a database that no process has open: a text for the first thing found, undefined when there is
 * nothing, or no database. Reads every file once. Rejects when a file cannot be read for a reason that is not damage.
 */
export async function findDamage(folder: string): Promise<string | undefined> {
  const files = await listLevelFiles(folder);
  if (isNew(files)) return undefined;
  const manifest = await readCurrentManifest(folder, files);
  if (typeof manifest === "string") return manifest;
  return (await findDamagedTable(folder, files, manifest)) ?? findDamagedLog(folder, files, manifest);
}

/** Whether there is no database in the folder, or one whose making was interrupted. */
export async function isDatabaseMissing(folder: string): Promise<boolean> {
  return isNew(await listLevelFiles(folder));
}

/** Nothing was stored yet, even if the making of the database was interrupted. */
function isNew({ hasCurrent, manifests, logs, tables }: LevelFiles): boolean {
  if (logs.size > 0 || tables.size > 0) return false;
  return manifests.every((name) => name === "MANIFEST-000001") && (!hasCurrent || manifests.length === 1);
}

async function findDamagedTable(
  folder: string,
  { tables }: LevelFiles,
  manifest: Manifest,
): Promise<string | undefined> {
  for (const number of manifest.tables.keys()) {
    const name = tables.get(number);
    if (name === undefined) return `table ${number} is missing`;
    const bytes = await readLevelFile(folder, name);
    if (bytes === undefined || !isTableIntact(bytes)) return `${name} is damaged`;
  }
  return undefined;
}

async function findDamagedLog(
  folder: string,
  { logs }: LevelFiles,
  { firstLog }: Manifest,
): Promise<string | undefined> {
  // LevelDB does not miss it: the manifest names a log only after it was made.
  if (firstLog > 0 && !logs.has(firstLog)) return `log ${firstLog} is missing`;
  const live = [...logs.keys()].filter((number) => number >= firstLog).sort((a, b) => a - b);
  let tornName: string | undefined;
  for (const number of live) {
    const name = logs.get(number) as string;
    const bytes = await readLevelFile(folder, name);
    const { records, isDamaged, isTorn } = readLog(bytes ?? Buffer.alloc(0));
    if (bytes === undefined || isDamaged) return `${name} is damaged`;
    if (!records.every(isBatch)) return `${name} has a record that is no batch`;
    // Torn is how the last log is left by a process that was ended in the middle of a write. Attempts to open the
    // database without room leave empty ones behind it.
    if (records.length > 0 && tornName !== undefined) return `${tornName} is cut`;
    if (isTorn) tornName = name;
  }
  return undefined;
}

function isBatch(record: Buffer): boolean {
  try {
    readBatch(record);
    return true;
  } catch {
    return false;
  }
}
