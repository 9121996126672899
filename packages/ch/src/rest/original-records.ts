// How what is known of an original is written down: rows of their own for keys that changed lately, chunks of many rows for
// all others, and one head that says which of them count. Pure functions; what is not as they write it is refused whole.
import type { JsonValue } from "@chorus/core";
import type { KnownRow } from "./known-rows.js";

/** The version of this format: what another one has written is not read. */
const FORMAT = 1;

/** The key of the head. Rows of their own have keys that begin with "{" or "=". */
export const HEAD_KEY = "head";

export interface MemoryHead {
  /** Rows and chunks of other generations are leftovers. */
  readonly generation: number;
  readonly chunks: number;
  /** See KnownRows.isComplete. */
  readonly isComplete: boolean;
  /** Writes that had come to the original by REST, see RestartWatch. */
  readonly counter: number | undefined;
}

export function headValue({ counter, ...head }: MemoryHead): JsonValue {
  return { format: FORMAT, ...head, counter: counter ?? null };
}

/** Undefined for anything else, and for another format. */
export function readHead(value: unknown): MemoryHead | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { format, generation, chunks, isComplete, counter } = value as {
    [field: string]: unknown;
  };
  if (format !== FORMAT || typeof isComplete !== "boolean") return undefined;
  if (!isNumber(generation) || !isNumber(chunks) || !(counter === null || isNumber(counter)))
    return undefined;
  return { generation, chunks, isComplete, counter: counter ?? undefined };
}

/** How the keys of all chunks of a generation begin. */
export function chunkPrefix(generation: number): string {
  return `chunk/${generation}/`;
}

export function chunkKey(generation: number, chunk: number): string {
  return `${chunkPrefix(generation)}${chunk}`;
}

/** The key of a row of its own; undefined for the key of another kind of program that is too long for one. */
export function rowKey(key: string): string | undefined {
  if (key.startsWith("{")) return key;
  return key.length * 3 < MAX_FOREIGN_BYTES ? `=${key}` : undefined;
}

const MAX_FOREIGN_BYTES = 4_096;

/** The key that a row of its own is about; undefined for what is no such row. */
export function keyOfRow(stored: string): string | undefined {
  if (stored.startsWith("{")) return stored;
  return stored.startsWith("=") ? stored.slice(1) : undefined;
}

/** Of a row of its own, or a row of a chunk: what it belongs to comes first. */
export function rowValue(first: number | string, { known, past, heard }: KnownRow): JsonValue[] {
  const notes = past.length + heard.length > 0 ? [[...past], [...heard]] : [];
  return [first, known?.hash ?? null, known?.stamp ?? null, ...notes];
}

/** A row of its own, if it is one of this generation. @throws Error for what is no row */
export function readOwnRow(value: unknown, generation: number): KnownRow | undefined {
  const [first, row] = readRow(value);
  return first === generation ? row : undefined;
}

/** @throws Error for what is no chunk */
export function readChunk(value: unknown): [key: string, row: KnownRow][] {
  if (!Array.isArray(value)) throw new Error("no chunk");
  return value.map((one) => {
    const [key, row] = readRow(one);
    if (typeof key !== "string") throw new Error("no row of a chunk");
    return [key, row];
  });
}

function readRow(value: unknown): [first: unknown, row: KnownRow] {
  if (!Array.isArray(value)) throw new Error("no row");
  const [first, hash, stamp, past = [], heard = []] = value as readonly unknown[];
  if (!isHashes(past) || !isHashes(heard)) throw new Error("no notes");
  if (hash === null && stamp === null) return [first, { known: undefined, past, heard }];
  if (!isNumber(hash) || !isNumber(stamp)) throw new Error("no hash, or no stamp");
  return [first, { known: { hash, stamp }, past, heard }];
}

function isHashes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isNumber);
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
