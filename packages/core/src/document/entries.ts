// Entries on their way into and out of a segment. In the document an entry is [stamp, json], a tombstone [stamp].
import { Holder } from "./entry-index.js";
import type { Segment } from "./segment.js";

/** One entry to write to the current segment. */
export interface PendingEntry {
  readonly key: string;
  readonly holder: Holder;
}

/** One own entry to take out of its segment, and to write to the current one when it moves. */
export interface Relocation {
  readonly key: string;
  readonly holder: Holder;
  readonly moves: boolean;
}

/** What stands in the document for a holder. */
export function entryOf(holder: Holder): unknown[] {
  return holder.json === undefined ? [holder.stamp] : [holder.stamp, holder.json];
}

/** The holder for what stands in a segment; undefined for what is no entry of ours. */
export function holderOf(segment: Segment, entry: unknown): Holder | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [stamp, json] = entry as unknown[];
  if (typeof stamp !== "number" || (json !== undefined && typeof json !== "string")) return undefined;
  return new Holder(segment, stamp, json);
}
