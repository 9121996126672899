// The orders in which entries can be read: the same on every replica that holds the same.
import type { EntryIndex, Holder } from "./entry-index.js";

/** By key, in UTF-16 code units, or by stamp, oldest write first and equal ones by key. */
export type EntryOrder = "key" | "stamp";

/** Every key that has a value, with its winner, as they are now. */
export function orderedEntries(index: EntryIndex, order: EntryOrder): [string, Holder][] {
  const entries: [string, Holder][] = [];
  for (const entry of index.entries()) if (entry[1].json !== undefined) entries.push(entry);
  const byKey = (a: [string, Holder], b: [string, Holder]): number => (a[0] < b[0] ? -1 : 1);
  return entries.sort(order === "key" ? byKey : (a, b) => a[1].stamp - b[1].stamp || byKey(a, b));
}
