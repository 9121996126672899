// Rows of a file and the entries of a channel: which key a row belongs to. A row that does not tell its key is refused,
// never stored under another. Reads no file and writes none, and knows no channel.
import { ChorusError, type JsonValue } from "@chorus/core";
import { keyText, wrapKey } from "./keys.js";
import { fileFailure } from "./row-file.js";
import { pickKey } from "./wrapping.js";

/** Names of key fields; undefined for a channel whose values were all stored under scalars. */
export type KeyNames = readonly string[] | undefined;

/** One row: the text of its key, the key map, and the whole row. */
export interface Row {
  readonly key: string;
  readonly keyMap: object;
  readonly row: object;
}

/** The JSON text of a value that tells its own key; undefined for another. */
export function rowText(key: string, value: JsonValue, names: KeyNames): string | undefined {
  return keyTextOf(value, names) === key ? JSON.stringify(value) : undefined;
}

/**
 * The rows of a file with their keys.
 * @throws ChorusError file-failed for a row that is no map, or has no key fields, or a key that cannot be
 */
export function rowsWithKeys(rows: readonly unknown[], names: KeyNames): Row[] {
  return rows.map((row, i) => {
    const keyMap = keyMapOf(row, names);
    if (keyMap === undefined) throw new ChorusError("file-failed", `row ${i} has none of the key fields`);
    try {
      return { key: keyText(keyMap), keyMap, row: row as object };
    } catch (error) {
      throw fileFailure(`row ${i} has a key that cannot be`, error);
    }
  });
}

function keyTextOf(value: unknown, names: KeyNames): string | undefined {
  const keyMap = keyMapOf(value, names);
  try {
    return keyMap && keyText(keyMap);
  } catch {
    return undefined;
  }
}

/** The key fields of a row; for a scalar value that was wrapped, the key in the wrapper. */
function keyMapOf(row: unknown, names: KeyNames): object | undefined {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return undefined;
  const picked = pickKey(row, names ?? []);
  if (Object.keys(picked).length > 0) return picked;
  if (!Object.hasOwn(row, "key") || !Object.hasOwn(row, "value")) return undefined;
  const { key, value } = row as { key: unknown; value: unknown };
  const isWrapper = typeof value !== "object";
  try {
    return isWrapper ? wrapKey(key) : { key };
  } catch {
    return undefined;
  }
}
