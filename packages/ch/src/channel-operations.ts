// The data methods of $ch on one existing channel: wrapping, key equality, orders, returns and notifications as in the
// original's "simple" type. Synchronous throughout; knows nothing of registries, links or sockets.
import type { JsonValue } from "@chorus/core";
import { keyText, parseKeyText, wrapKey } from "./keys.js";
import type { LocalChannel } from "./local-channel.js";
import { checkMatch, matches } from "./matching.js";
import type { Row } from "./row-keys.js";
import type { Call } from "./subscribers.js";
import type { KeyMap, Operation } from "./types.js";
import { checkFieldNames, checkRows, pickKey, snapshot, wrapValue } from "./wrapping.js";

/** What set, unset and the others take after their data, in the original's words. */
export interface CallDetails {
  /** Forced timestamp in milliseconds: writes nothing when the entry there is later. */
  readonly timestamp?: number | undefined;
  /** Passed through to subscribers. */
  readonly uuid?: string | undefined;
  /** Passed through to subscribers. */
  readonly x?: unknown;
}

/** Writes one entry. Returns its key map, or undefined when a forced timestamp did not win. */
export function setOne(
  local: LocalChannel,
  [key, value]: [unknown, unknown],
  details: CallDetails,
): KeyMap | undefined {
  const text = keyText(wrapKey(key));
  if (!local.channel.set(text, wrapValue(key, value), writeOptions(details))) return undefined;
  tell(local, "set", { keys: [text], key, value, details });
  return parseKeyText(text);
}

/** Like setOne when the value that is there matches; otherwise writes nothing and tells nobody. */
export function setMatching(
  local: LocalChannel,
  [match, key, value]: [unknown, unknown, unknown],
  details: CallDetails,
): KeyMap | undefined {
  checkMatch(match);
  const present = getOne(local, key);
  if (present === undefined || !matches(present, match)) return undefined;
  return setOne(local, [key, value], details);
}

export function getOne(local: LocalChannel, key: unknown): JsonValue | undefined {
  return local.channel.get(keyText(wrapKey(key)));
}

/** Removes one entry; an absent key is fine. */
export function unsetOne(local: LocalChannel, key: unknown, details: CallDetails): void {
  const text = keyText(wrapKey(key));
  const removed = local.channel.delete(text, writeOptions(details));
  // Still there: a forced timestamp did not win.
  if (!removed && local.channel.has(text)) return;
  tell(local, "unset", { keys: removed ? [text] : [], key, value: undefined, details });
}

/** Writes rows, whole, under the fields of these names. All are checked before any is written. */
export function setRows(local: LocalChannel, call: [unknown, unknown], details: CallDetails): void {
  const { fields, rows } = rowsOf(call);
  const entries = rows.map(({ key, row }) => [key, row] as const);
  const wrote = local.channel.update(entries, writeOptions(details));
  const told = wrote === rows.length ? rows : rows.filter(({ key }) => holds(local, key, details));
  if (told.length === 0) return;
  tell(local, "setall", { keys: keysOf(told), key: fields, value: told.map(({ row }) => row), details });
}

/** Removes the entries of rows, which need only the key fields; absent ones are ignored. */
export function unsetRows(local: LocalChannel, call: [unknown, unknown], details: CallDetails): void {
  const { fields, rows } = rowsOf(call);
  const present = new Set(keysOf(rows).filter((key) => local.channel.has(key)));
  local.channel.update(
    rows.map(({ key }) => [key, undefined] as const),
    writeOptions(details),
  );
  const told = rows.filter(({ key }) => !local.channel.has(key));
  if (told.length === 0) return;
  // Of the rows only the key fields were checked, so only they are handed on.
  const value = told.map(({ keyMap }) => keyMap);
  const keys = [...present].filter((key) => !local.channel.has(key));
  tell(local, "unsetall", { keys, key: fields, value, details });
}

/** Whether a row's entry is the one just written: with a forced timestamp a later one may have stayed. */
function holds(local: LocalChannel, key: string, { timestamp }: CallDetails): boolean {
  return timestamp === undefined || timestamp === null || local.channel.timestampOf(key) === timestamp;
}

function keysOf(rows: readonly Row[]): string[] {
  return rows.map(({ key }) => key);
}

/** Removes and returns the entry that was modified last ("pop") or first ("shift"). */
export function takeOne(local: LocalChannel, end: "first" | "last"): JsonValue | undefined {
  const text = end === "first" ? local.order.oldest() : local.order.newest();
  if (text === undefined) return undefined;
  const value = local.channel.get(text);
  local.channel.delete(text);
  tell(local, "unset", { keys: [text], key: parseKeyText(text), value: undefined, details: {} });
  return value;
}

/** Key maps, the one written longest ago first. */
export function keyMaps(local: LocalChannel): KeyMap[] {
  return Array.from(local.channel.keys("stamp"), parseKeyText);
}

/** Key maps and values as they are now, the one written longest ago first. */
export function entries(local: LocalChannel): [KeyMap, JsonValue][] {
  return Array.from(local.channel.entries("stamp"), ([text, value]) => [parseKeyText(text), value]);
}

/** Values, the one written longest ago first. */
export function values(local: LocalChannel): JsonValue[] {
  return Array.from(local.channel.entries("stamp"), ([, value]) => value);
}

/** Makes `call` a subscriber; without `onlyFromNow` it first gets every entry as a "set". */
export function addSubscriber(
  local: LocalChannel,
  call: Call,
  { id, onlyFromNow }: { id: string; onlyFromNow: boolean },
): void {
  if (local.subscribers.has(id)) return;
  const replay = onlyFromNow ? [] : Array.from(local.channel.entries("stamp"), replayed(local));
  local.subscribers.add(id, call, replay);
}

/**
 * Tells the subscribers of rows that were written: of those that tell their key in these fields in one call, of the
 * others one by one.
 */
export function tellRows(
  local: LocalChannel,
  fields: readonly string[],
  { rows, timestamp }: { rows: readonly Row[]; timestamp?: number },
): void {
  const tellsKey = ({ key, row }: Row): boolean => keyText(pickKey(row, fields)) === key;
  const together = rows.filter(tellsKey);
  const details = timestamp === undefined ? {} : { timestamp };
  if (together.length > 0) {
    const value = together.map(({ row }) => row);
    tell(local, "setall", { keys: keysOf(together), key: fields, value, details });
  }
  for (const row of rows) {
    if (tellsKey(row)) continue;
    tell(local, "set", { keys: [row.key], key: row.keyMap, value: row.row, details });
  }
}

function rowsOf([names, rows]: [unknown, unknown]): { fields: readonly string[]; rows: Row[] } {
  const fields = checkFieldNames(names);
  const list = checkRows(rows).map((row) => {
    const keyMap = pickKey(row, fields);
    return { key: keyText(keyMap), keyMap, row };
  });
  return { fields, rows: list };
}

interface Told {
  readonly keys: readonly string[];
  readonly key: unknown;
  readonly value: unknown;
  readonly details: CallDetails;
}

function tell(local: LocalChannel, op: Operation, { keys, key, value, details }: Told): void {
  local.wrote(keys, () => ({
    op,
    key: snapshot(key),
    value: snapshot(value),
    timestamp: details.timestamp ?? local.channel.runtime.now(),
    uuid: details.uuid,
    x: details.x,
  }));
}

function replayed(local: LocalChannel) {
  return ([text, value]: [string, JsonValue]) => ({
    op: "set" as const,
    key: () => parseKeyText(text),
    value: () => value,
    timestamp: local.channel.timestampOf(text),
    uuid: undefined,
    x: undefined,
  });
}

function writeOptions({ timestamp }: CallDetails): { timestampMs?: number } {
  return timestamp === undefined || timestamp === null ? {} : { timestampMs: timestamp };
}
