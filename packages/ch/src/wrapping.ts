// How keys and values of calls become what is stored, exactly as the original wraps them, and how rows give up
// their keys. Stores nothing and never changes what it is given.
import { ChorusError, OptionError } from "@chorus/core";
import { keyText } from "./keys.js";

/** The value to store: a value that is no object is wrapped together with its key as passed. */
export function wrapValue(key: unknown, value: unknown): unknown {
  return typeof value === "object" ? value : { key, value };
}

/** The field names of a setAll or unsetAll. @throws OptionError unless an array of strings */
export function checkFieldNames(names: unknown): readonly string[] {
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw new OptionError("the key names", names, "an array of field names");
  }
  return names;
}

/** The rows of a setAll or unsetAll. @throws OptionError unless an array; ChorusError invalid-value unless of maps */
export function checkRows(rows: unknown): readonly object[] {
  if (!Array.isArray(rows)) throw new OptionError("the values", rows, "an array of maps");
  for (let i = 0; i < rows.length; i++) {
    const row: unknown = rows[i];
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      throw new ChorusError(
        "invalid-value",
        `row ${i} of the values is no map; every row must be a map with the key fields`,
      );
    }
  }
  return rows;
}

/** The key map of a row: its own fields of these names. A missing one is absent, so `{}` is a possible key. */
export function pickKey(row: object, names: readonly string[]): object {
  const picked: [string, unknown][] = [];
  for (const name of names) {
    if (Object.hasOwn(row, name)) picked.push([name, (row as { [field: string]: unknown })[name]]);
  }
  // fromEntries defines fields, so that no name, not even __proto__, can reach a prototype.
  return Object.fromEntries(picked);
}

/**
 * Whether a row tells its own key: whether a reader of "setall" picks this key from it by these field names.
 * @param key its text @throws ChorusError invalid-key for fields that hold what no key can
 */
export function tellsKey(key: string, row: unknown, names: readonly string[]): boolean {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return false;
  return keyText(pickKey(row, names)) === key;
}

/**
 * Keeps JSON data as it is now and gives a fresh copy at every call, so that nobody sees a later change of the
 * original or of another copy. The data must have passed core's value check.
 */
export function snapshot(data: unknown): () => unknown {
  if (typeof data !== "object" || data === null) return () => data;
  const text = JSON.stringify(data);
  return () => JSON.parse(text);
}
