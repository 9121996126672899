// Reads stored updates without a document: a tombstone that was dropped since stands there still, and nowhere else.
import * as Y from "yjs";

/** What is in an update; undefined for bytes that are none. */
export function decodeStored(update: Uint8Array): ReturnType<typeof Y.decodeUpdate> | undefined {
  try {
    return Y.decodeUpdate(update);
  } catch {
    return undefined;
  }
}

/** The highest stamp of a tombstone in these updates, -1 when there is none. */
export function highestTombstone(updates: Iterable<Uint8Array>): number {
  let highest = -1;
  for (const update of updates) {
    for (const struct of decodeStored(update)?.structs ?? []) {
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentAny)) continue;
      const entry: unknown = struct.content.arr[0];
      if (Array.isArray(entry) && entry.length === 1 && entry[0] > highest) highest = Number(entry[0]);
    }
  }
  return highest;
}
