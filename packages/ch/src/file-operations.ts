// storeAdd and storeRestore: a file is read and checked whole before a channel is changed, and a channel that was created
// for a file that core refuses is gone again. What keeps the file up to date afterwards is in file-copies.ts.
import { FileWriter } from "./file-writer.js";
import {
  fileFailure,
  locateFile,
  parseRows,
  readRows,
  removeLeftovers,
  type FileContent,
} from "./row-file.js";
import { canonicalText } from "./keys.js";
import type { Registry } from "./registry.js";
import type { Replication } from "./replication.js";
import { type KeyNames, type Row, rowsWithKeys } from "./row-keys.js";
import { checkFieldNames } from "./wrapping.js";

/** The arguments of storeAdd and storeRestore, not checked yet. */
export interface FileCall {
  readonly file: unknown;
  readonly keyNames: unknown;
}

/** What belongs to the rows of a file. */
interface CopyOfRows {
  readonly names: KeyNames;
  readonly writtenMs: number;
}

/** See ChannelHandle.storeAdd. */
export function addFile(
  registry: Registry,
  name: string | undefined,
  { file, keyNames, forAll }: FileCall & { forAll: unknown },
): void {
  const present = registry.find(name)?.replicated;
  const path = locateFile(file);
  const names = namesOf(keyNames);
  if (present?.files.has(path)) return;
  FileWriter.assertFree(path);
  const content = read(path, { optional: true });
  const rows = content && rowsWithKeys(content.rows, names);
  const isNew = present === undefined;
  const replication = registry.create(name).replicated;
  try {
    if (content && rows) beginWith(replication, rows, { names, writtenMs: content.writtenMs });
    replication.files.add(String(file), { path, names });
  } catch (error) {
    // Nothing was written: core checks all rows, and whether the store takes any, before the first.
    if (isNew) registry.destroy(name);
    throw error;
  }
  removeLeftovers(path);
  if (forAll && replication.channel.size > 0) replication.files.changed(path);
}

/** See ChannelHandle.storeRestore. */
export function restoreFile(replication: Replication, { file, keyNames }: FileCall): void {
  const names = namesOf(keyNames);
  const content = read(locateFile(file), { optional: false });
  writeRows(replication, rowsWithKeys(content?.rows ?? [], names), names);
}

/** Writes all rows now, over whatever is there. All are checked before any is written. */
function writeRows(replication: Replication, rows: readonly Row[], names: KeyNames): void {
  checked(() => replication.channel.update(rows.map(({ key, row }) => [key, row] as const)));
  replication.data.tellRows(names ?? ["key"], { rows });
}

/** A data folder knows more than its copy in a file, which may be older and have what was deleted since. */
function beginWith(replication: Replication, rows: readonly Row[], copy: CopyOfRows): void {
  const isKept = replication.channel.durable && replication.channel.size > 0;
  if (!isKept) writeRowsOfFile(replication, rows, copy);
}

/**
 * Writes rows as old as their file: what was written later, here or by a peer, stays. The last row gets the time of the
 * file and each one before it a millisecond less, so that their order stays too. Rows that are stored already are left.
 */
function writeRowsOfFile(
  replication: Replication,
  rows: readonly Row[],
  { names, writtenMs }: CopyOfRows,
): void {
  const { channel } = replication;
  const isNews = ({ key, row }: Row): boolean => {
    const stored = channel.get(key);
    return stored === undefined || canonicalText(stored) !== canonicalText(row);
  };
  const news = checked(() => rows.filter(isNews));
  const lastMs = Math.min(writtenMs, Math.floor(channel.runtime.now()));
  const firstMs = Math.max(0, lastMs - news.length);
  // The first checks them all; only then each gets a time of its own.
  checked(() =>
    channel.update(
      news.map(({ key, row }) => [key, row] as const),
      { timestampMs: firstMs },
    ),
  );
  const won = news.filter(({ key, row }, i) => channel.set(key, row, { timestampMs: firstMs + i + 1 }));
  replication.data.tellRows(names ?? ["key"], { rows: won, timestamp: lastMs });
}

/** What core refuses of a row is the file's fault; anything else, such as a full store, is not. */
function checked<Result>(task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const isOfRow = code === "invalid-key" || code === "invalid-value" || code === "too-large";
    throw isOfRow ? fileFailure("the file has a row that cannot be stored", error) : error;
  }
}

/** What a file holds, or will hold in a moment; undefined for one that may be missing, and is. */
function read(path: string, { optional }: { optional: boolean }): FileContent | undefined {
  const text = FileWriter.lastWords(path);
  if (text !== undefined) return { rows: parseRows(text), writtenMs: Number.POSITIVE_INFINITY };
  try {
    return readRows(path);
  } catch (error) {
    if (optional && (error as { code?: unknown }).code === "ENOENT") return undefined;
    throw fileFailure(`${path} cannot be read as rows of a channel`, error);
  }
}

function namesOf(keyNames: unknown): KeyNames {
  return keyNames === undefined || keyNames === null ? undefined : checkFieldNames(keyNames);
}
