// Reads the manifest of a LevelDB: which tables and logs count. Must never take it for shorter than it was where that
// would cost anything: LevelDB deletes tables that its manifest does not name.
import { LevelBytes } from "./leveldb-bytes.js";
import { type LevelFiles, readLevelFile } from "./leveldb-files.js";
import { readLog } from "./leveldb-log.js";

/** What a manifest says. */
export interface Manifest {
  /** The first and the last key of each table that counts, by its number; one character for each byte (latin1). */
  readonly tables: ReadonlyMap<number, readonly [string, string]>;
  /** The first log that is not in the tables yet. */
  readonly firstLog: number;
}

/**
 * The manifest that counts, or a text that says what is damaged. One whose end is torn may lack edits: whoever relies on
 * it must see that all it names is there. Rejects when a file cannot be read for a reason that is not damage.
 */
export async function readCurrentManifest(folder: string, files: LevelFiles): Promise<Manifest | string> {
  if (!files.hasCurrent) return "CURRENT is missing";
  const current = (await readLevelFile(folder, "CURRENT"))?.toString("latin1");
  const name = files.manifests.find((manifest) => `${manifest}\n` === current);
  if (name === undefined) return "CURRENT does not name a manifest that is there";
  return readManifest(await readLevelFile(folder, name)) ?? `${name} is damaged`;
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

/** A key within LevelDB ends with the record's sequence number and type. */
const KEY_END_BYTES = 8;

function readManifest(bytes: Buffer | undefined): Manifest | undefined {
  if (bytes === undefined) return undefined;
  const { records, isDamaged } = readLog(bytes);
  if (records.length === 0 || isDamaged) return undefined;
  const state: ManifestState = { tables: new Map(), firstLog: undefined };
  try {
    for (const record of records) {
      for (const cursor = new LevelBytes(record); cursor.left > 0; ) readEdit(cursor, state);
    }
  } catch {
    return undefined;
  }
  // LevelDB deletes what an edit replaces only when the edit is stored. So if a torn end was the last edit, interrupted,
  // all that the edits before it name is there, and it lacks nothing. Without a log LevelDB refuses it: it is stored
  // before CURRENT names the manifest.
  const { tables, firstLog } = state;
  return firstLog === undefined ? undefined : { tables, firstLog };
}

interface ManifestState {
  readonly tables: Map<number, [string, string]>;
  firstLog: number | undefined;
}

function readEdit(cursor: LevelBytes, state: ManifestState): void {
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
    const table = cursor.varint();
    cursor.varint(); // its bytes
    state.tables.set(table, [readKey(cursor), readKey(cursor)]);
  } else throw new RangeError(`an edit of the unknown kind ${tag}`);
}

function readKey(cursor: LevelBytes): string {
  const key = cursor.text();
  return key.toString("latin1", 0, Math.max(0, key.length - KEY_END_BYTES));
}
