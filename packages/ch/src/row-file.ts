// A file that holds the values of a channel as one JSON array, gzipped as the original writes it: reading it whole, and
// replacing it so that a crash at any moment leaves either the old or the new one. It knows no channel and no keys.
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync, unlinkSync } from "node:fs";
import { open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import { ChorusError, OptionError } from "@chorus/core";

/** What a file may hold when unpacked; a small file can claim to be of any size. */
const MAX_FILE_BYTES = 2 ** 30;

const gzipAsync = promisify(gzip);

/** Temporary files of this process that are being written at the moment. */
const temporaries = new Set<string>();

/** What was read from a file. */
export interface FileContent {
  readonly rows: readonly unknown[];
  /** When the file was written, in milliseconds. */
  readonly writtenMs: number;
}

/**
 * The one path of a file, whatever way to it is given, so that nobody writes it under two names.
 * @throws OptionError unless a text; ChorusError file-failed when its folder is missing
 */
export function locateFile(file: unknown): string {
  if (typeof file !== "string" || file === "") throw new OptionError("the file", file, "a path");
  try {
    if (existsSync(file)) return realpathSync(file);
    return join(realpathSync(dirname(resolve(file))), basename(resolve(file)));
  } catch (error) {
    throw fileFailure(`the folder of ${file} cannot be used`, error);
  }
}

/** The rows of a file, gzipped or plain. Throws whatever is wrong with it: the file system's error, or one of content. */
export function readRows(path: string, maxBytes = MAX_FILE_BYTES): FileContent {
  const writtenMs = Math.floor(statSync(path).mtimeMs);
  return { rows: parseRows(unpack(readFileSync(path), maxBytes)), writtenMs };
}

/** The same of a text that was not written yet. */
export function parseRows(text: string): readonly unknown[] {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new TypeError("it holds no JSON array");
  return rows;
}

/**
 * Puts a gzipped text in the place of the file: a temporary file in the same folder, made durable, takes its name.
 * Rejects with whatever failed; then the old file is whole, and the temporary one is gone.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const bytes = await gzipAsync(Buffer.from(text));
  const temporary = `${path}.${randomUUID()}.tmp`;
  temporaries.add(temporary);
  try {
    await writeDurably(temporary, bytes, await modeOf(path));
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    temporaries.delete(temporary);
  }
}

/** Removes temporary files that a crash left beside a file. Nobody depends on it: what it cannot remove stays. */
export function removeLeftovers(path: string): void {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  try {
    for (const name of readdirSync(folder)) {
      const isTemporary = name.startsWith(prefix) && /^[0-9a-f-]{36}\.tmp$/.test(name.slice(prefix.length));
      if (isTemporary && !temporaries.has(join(folder, name))) unlinkSync(join(folder, name));
    }
  } catch {
    // Harmless: they have names of their own.
  }
}

/** An error of the file system, or of what a file holds, with our code. */
export function fileFailure(what: string, cause: unknown): ChorusError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ChorusError("file-failed", `${what}: ${reason}`, { cause });
}

function unpack(bytes: Buffer, maxBytes: number): string {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: maxBytes }) : bytes;
  if (plain.length > maxBytes) throw new RangeError(`it holds over ${maxBytes} bytes`);
  return new TextDecoder("utf-8", { fatal: true }).decode(plain);
}

/** Who may read the file must not become more by replacing it. */
async function modeOf(path: string): Promise<number | undefined> {
  const known = await stat(path).catch(() => undefined);
  return known === undefined ? undefined : known.mode & 0o777;
}

async function writeDurably(path: string, bytes: Uint8Array, mode: number | undefined): Promise<void> {
  const handle = await open(path, "wx", mode === undefined ? 0o666 : 0o600);
  try {
    if (mode !== undefined) await handle.chmod(mode);
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The new name is durable only when its folder is. Windows opens no folders, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
