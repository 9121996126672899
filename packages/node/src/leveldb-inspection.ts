// Looks at the files of a LevelDB before LevelDB does. It must: LevelDB leaves out damaged records of its log without a
// word, makes a new database when one small file is missing (and then deletes the others), and ends the process by an
// assertion when it compacts a damaged table. Must never write.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { LevelBytes } from "./leveldb-bytes.js";
import { readBatch, readLog } from "./leveldb-log.js";
import { isTableIntact } from "./leveldb-table.js";

/** The files of a database by what they are, with their numbers; others are not listed. */
export interface LevelFiles {
  readonly hasCurrent: boolean;
  readonly manifests: readonly string[];
  readonly logs: ReadonlyMap<number, string>;
  readonly tables: ReadonlyMap<number, string>;
}

/** The bytes of a file; undefined when the disk cannot give them: that is damage too. */
export async function readLevelFile(folder: string, name: string): Promise<Buffer | undefined> {
  return readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EIO") return undefined;
    throw error;
  });
}

/** What a manifest says: the tables that count, and the first log that is not in them yet. */
interface Manifest {
  readonly tables: ReadonlySet<number>;
  readonly firstLog: number;
}

/** The names of LevelDB's files in a folder; none for a folder that does not exist. */
export async function listLevelFiles(folder: string): Promise<LevelFiles> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const numbered = (pattern: RegExp): Map<number, string> => {
    const found = names.map((name) => pattern.exec(name)).filter((match) => match !== null);
    return new Map(found.map((match) => [Number(match[1]), match[0]]));
  };
  return {
    hasCurrent: names.includes("CURRENT"),
    manifests: names.filter((name) => /^MANIFEST-\d+$/.test(name)),
    logs: numbered(/^(\d+)\.log$/),
    tables: numbered(/^(\d+)\.(?:ldb|sst)$/),
  };
}

/**
 * What is damaged in a database that no process has open: a text for the first thing found, undefined when there is
 * nothing, or no database. Reads every file once. Rejects when a file cannot be read for a reason that is not damage.
 */
export async function findDamage(folder: string): Promise<string | undefined> {
  const files = await listLevelFiles(folder);
  if (isNew(files)) return undefined;
  if (!files.hasCurrent) return "CURRENT is missing";
  const current = (await readLevelFile(folder, "CURRENT"))?.toString("latin1");
  const name = files.manifests.find((manifest) => `${manifest}\n` === current);
  if (name === undefined) return "CURRENT does not name a manifest that is there";
  const manifest = readManifest(await readLevelFile(folder, name));
  if (manifest === undefined) return `${name} is damaged`;
  return (await findDamagedTable(folder, files, manifest)) ?? findDamagedLog(folder, files, manifest);
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
  for (const number of manifest.tables) {
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

/** What an edit of a manifest begins with. */
const Tag = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
};

function readManifest(bytes: Buffer | undefined): Manifest | undefined {
  if (bytes === undefined) return undefined;
  const { records, isDamaged, isTorn } = readLog(bytes);
  // A torn manifest may be the loss of power; but taken for shorter than it was, LevelDB deletes tables that count.
  if (records.length === 0 || isDamaged || isTorn) return undefined;
  const state = { tables: new Set<number>(), firstLog: 0 };
  try {
    for (const record of records) {
      for (const cursor = new LevelBytes(record); cursor.left > 0; ) readEdit(cursor, state);
    }
    return state;
  } catch {
    return undefined;
  }
}

function readEdit(cursor: LevelBytes, state: { tables: Set<number>; firstLog: number }): void {
  const tag = cursor.varint();
  if (tag === Tag.comparator) cursor.text();
  else if (tag === Tag.logNumber) state.firstLog = cursor.varint();
  else if (tag === Tag.nextFile || tag === Tag.lastSequence || tag === Tag.previousLog) cursor.varint();
  else if (tag === Tag.compactPointer) {
    cursor.varint(); // the level, here and below
    cursor.text();
  } else if (tag === Tag.deletedFile) {
    cursor.varint();
    state.tables.delete(cursor.varint());
  } else if (tag === Tag.newFile) {
    cursor.varint();
    state.tables.add(cursor.varint());
    cursor.varint(); // its bytes
    cursor.text(); // its first key
    cursor.text(); // its last key
  } else throw new RangeError(`an edit of the unknown kind ${tag}`);
}
