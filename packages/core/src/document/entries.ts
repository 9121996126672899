// Entries on their way into and out of a segment. In the document an entry is [stamp, json], a tombstone [stamp].
import { Holder } from "./holder.js";
import type { Segment } from "./segment.js";

/** One entry to write to the current segment. */
export interface PendingEntry {
  readonly key: string;
  readonly holder: Holder;
  /** The winner of the key: the holder itself, or what a peer wrote above it. */
  readonly winner: Holder | undefined;
  /** Whether the segment that it is written to holds an entry of the key. True until the writer knows better. */
  replaces: boolean;
}

/** One own entry to take out of its segment, and to write to the current one when it moves. */
export interface Relocation {
  readonly key: string;
  readonly holder: Holder;
  readonly moves: boolean;
}

/** The holder for what stands in a segment; undefined for what is no entry of ours. */
export function holderOf(segment: Segment, entry: unknown): Holder | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [stamp, json] = entry as unknown[];
  if (typeof stamp !== "number" || (json !== undefined && typeof json !== "string")) return undefined;
  return new Holder(segment, stamp, json);
}

/** A relocation on its way into the document. */
export interface Removal {
  readonly key: string;
  /** Where the entry is taken out. */
  readonly segment: Segment;
  /** The same entry for the current segment; undefined when it is dropped. */
  readonly moved: Holder | undefined;
}
