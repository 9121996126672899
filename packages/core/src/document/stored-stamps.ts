// Reads the stamps out of stored updates: a tombstone that was dropped since stands there still, and nowhere else.
import * as Y from "yjs";

/** The highest stamp of a tombstone in these updates, -1 when there is none. */
export function highestTombstone(updates: Iterable<Uint8Array>): number {
  let highest = -1;
  for (const update of updates) {
    for (const struct of Y.decodeUpdate(update).structs) {
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentAny)) continue;
      const entry: unknown = struct.content.arr[0];
      if (Array.isArray(entry) && entry.length === 1 && entry[0] > highest) highest = Number(entry[0]);
    }
  }
  return highest;
}
