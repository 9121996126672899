// Which row of an original's answer belongs to which of its keys. The original answers keys and rows apart; pairing them
// wrongly would write values under the keys of others, so whatever is doubtful is left open, to be asked for by its key.
// Keys of different shapes are never merged, and nothing is guessed. It asks nobody and changes nothing.
import type { JsonValue } from "@chorus/core";
import { canonicalText, keyText } from "../keys.js";
import type { KeyMap } from "../types.js";
import { pickKey } from "../wrapping.js";

/** A key whose value is not certain. */
export interface OpenKey {
  readonly key: string;
  readonly keyMap: KeyMap;
  /** The row at the same place, when both answers are of the same state. */
  readonly candidate: JsonValue | undefined;
}

export interface PairedRows {
  /** Values by the text of their key. */
  readonly rows: Map<string, JsonValue>;
  readonly open: OpenKey[];
  /** Keys that cannot be keys here. */
  readonly unusable: number;
}

/** What an original answered. */
export interface Answers {
  /** To "k". */
  readonly keys: readonly unknown[];
  /** To "a". */
  readonly rows: readonly unknown[];
  /** Both are of the same state: then places are believed, unless a row contradicts its key. */
  readonly isSameVersion: boolean;
}

/** Between so many keys the turn may end. */
const KEYS_PER_BREATH = 64;

/** @param breathe called from time to time; it ends the turn when that has been long */
export async function pairRows(answers: Answers, breathe: () => Promise<void>): Promise<PairedRows> {
  const { keys, rows, isSameVersion } = answers;
  const isAligned = isSameVersion && keys.length === rows.length;
  const { list, unusable } = await usableKeys(keys, isAligned ? rows : [], breathe);
  const paired = new Map<string, JsonValue>();
  const doubtful: OpenKey[] = [];
  let isContradicted = false;
  for (const [i, entry] of list.entries()) {
    if (i % KEYS_PER_BREATH === 0) await breathe();
    const verdict = isAligned ? verdictOf(entry) : "silent";
    if (verdict === "confirms") paired.set(entry.key, entry.candidate as JsonValue);
    else doubtful.push(entry);
    if (verdict === "contradicts") isContradicted = true;
  }
  if (isAligned && !isContradicted) {
    for (const { key, candidate } of doubtful) paired.set(key, candidate as JsonValue);
    return { rows: paired, open: [], unusable };
  }
  return { rows: paired, open: await pickRows(doubtful, { list, rows, paired, breathe }), unusable };
}

async function usableKeys(keys: readonly unknown[], rows: readonly unknown[], breathe: () => Promise<void>) {
  const list: OpenKey[] = [];
  const seen = new Set<string>();
  let unusable = 0;
  for (let i = 0; i < keys.length; i++) {
    if (i % KEYS_PER_BREATH === 0) await breathe();
    const key = keyTextOf(keys[i]);
    if (key === undefined || seen.has(key)) {
      unusable++;
      continue;
    }
    seen.add(key);
    list.push({ key, keyMap: keys[i] as KeyMap, candidate: rows[i] as JsonValue | undefined });
  }
  return { list, unusable };
}

/** A row that has all fields of its key confirms or contradicts it; another one says nothing. */
function verdictOf({ key, keyMap, candidate }: OpenKey): "confirms" | "contradicts" | "silent" {
  const fields = Object.keys(keyMap);
  if (fields.length === 0 || !isMap(candidate)) return "silent";
  if (!fields.every((field) => Object.hasOwn(candidate, field))) return "silent";
  return keyTextOf(pickKey(candidate, fields)) === key ? "confirms" : "contradicts";
}

interface Picking extends Pick<Answers, "rows"> {
  readonly list: readonly OpenKey[];
  readonly paired: Map<string, JsonValue>;
  readonly breathe: () => Promise<void>;
}

/**
 * For each key the one row that has its fields. Not when keys have different fields: a row that has those of one key may
 * belong to a longer one.
 */
async function pickRows(
  doubtful: readonly OpenKey[],
  { list, rows, paired, breathe }: Picking,
): Promise<OpenKey[]> {
  const shapes = new Set(list.map(({ keyMap }) => JSON.stringify(Object.keys(keyMap).sort())));
  const [first] = list;
  if (shapes.size !== 1 || !first) return [...doubtful];
  const picked = await rowsByKey(rows, Object.keys(first.keyMap), breathe);
  return doubtful.filter(({ key }) => {
    const row = picked.get(key);
    if (row !== undefined) paired.set(key, row);
    return row === undefined;
  });
}

/** Rows by what their fields say, when all do; undefined for a key that several different rows claim. */
async function rowsByKey(
  rows: readonly unknown[],
  fields: readonly string[],
  breathe: () => Promise<void>,
): Promise<Map<string, JsonValue | undefined>> {
  const byKey = new Map<string, JsonValue | undefined>();
  if (fields.length === 0) return byKey;
  for (const [i, row] of rows.entries()) {
    if (i % KEYS_PER_BREATH === 0) await breathe();
    // The row of some key tells nothing: then its key may be claimed by the row of another one.
    if (!isMap(row) || !fields.every((field) => Object.hasOwn(row, field))) return new Map();
    const key = keyTextOf(pickKey(row, fields));
    if (key === undefined) continue;
    byKey.set(key, byKey.has(key) ? undefined : (row as JsonValue));
  }
  return byKey;
}

/** Whether two values are equal as JSON, whatever the order of fields. */
export function isEqualJson(one: unknown, other: unknown): boolean {
  try {
    return canonicalText(one) === canonicalText(other);
  } catch {
    return false;
  }
}

function keyTextOf(key: unknown): string | undefined {
  if (!isMap(key)) return undefined;
  try {
    return keyText(key);
  } catch {
    return undefined;
  }
}

function isMap(value: unknown): value is KeyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
