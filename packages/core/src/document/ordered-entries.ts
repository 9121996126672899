// The orders in which entries can be read: the same on every replica that holds the same.
import { OptionError } from "../errors.js";
import { type JsonValue, parseValue } from "../value.js";
import type { EntryIndex } from "./entry-index.js";
import type { Holder } from "./holder.js";

/** By key, in UTF-16 code units; by stamp, oldest write first and equal ones by key; or any, which costs no sort. */
export type EntryOrder = "key" | "stamp" | "any";

/**
 * Every key that has a value, with its winner, as they are now.
 * @throws OptionError for any other order
 */
export function orderedEntries(index: EntryIndex, order: EntryOrder): [string, Holder][] {
  if (!["key", "stamp", "any"].includes(order))
    throw new OptionError("order", order, '"key", "stamp" or "any"');
  const entries: [string, Holder][] = [];
  for (const entry of index.entries()) if (entry[1].json !== undefined) entries.push(entry);
  if (order === "any") return entries;
  const byKey = (a: [string, Holder], b: [string, Holder]): number => (a[0] < b[0] ? -1 : 1);
  return entries.sort(order === "key" ? byKey : (a, b) => a[1].stamp - b[1].stamp || byKey(a, b));
}

/** The keys that have a value, as they are now. @throws OptionError for any other order */
export function readKeys(index: EntryIndex, order: EntryOrder): IterableIterator<string> {
  return order === "any" ? presentKeys(index) : mapped(orderedEntries(index, order), ([key]) => key);
}

function presentKeys(index: EntryIndex): IterableIterator<string> {
  const keys: string[] = [];
  for (const [key, { json }] of index.entries()) if (json !== undefined) keys.push(key);
  return keys.values();
}

/** The keys and their values as they are now, each parsed when it is reached. @throws OptionError for any other order */
export function readEntries(index: EntryIndex, order: EntryOrder): IterableIterator<[string, JsonValue]> {
  return mapped(orderedEntries(index, order), ([key, winner]) => [
    key,
    parseValue(winner.json ?? "null") ?? null,
  ]);
}

function* mapped<From, To>(items: readonly From[], map: (item: From) => To): IterableIterator<To> {
  for (const item of items) yield map(item);
}
