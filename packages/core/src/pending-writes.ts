// What is set and not yet committed: in the index already, under the pending segment, so that reads see it at once.
import type { PendingEntry } from "./document/entries.js";
import type { Holder } from "./document/entry-index.js";
import type { SegmentDocument } from "./document/segment-document.js";
import { MAX_BATCH_UNITS } from "./limits.js";

export class PendingWrites {
  readonly #document: SegmentDocument;
  readonly #maxEntries: number;
  /**
   * In the order of their first write, each with an entry of the pending segment in the index, where it is found: a
   * map of those entries here would cost two more look-ups for every write.
   */
  #keys: string[] = [];

  /** @param maxEntries what one slice carries at most */
  constructor(document: SegmentDocument, maxEntries: number) {
    this.#document = document;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#keys.length;
  }

  /** A later write of the same key replaces the earlier one, and keeps its place in the order. */
  add(key: string, holder: Holder): void {
    const { index, pendingSegment } = this.#document;
    const before = pendingSegment.held;
    index.put(key, holder);
    // It holds no more entries than before when it held one for this key.
    if (pendingSegment.held > before) this.#keys.push(key);
  }

  /**
   * Takes out the next slice to write. What a peer's newer entry has overtaken is written too while it covers anything:
   * its writer had seen that, and it must not come back when the newer entry goes. What covers nothing is forgotten.
   */
  takeSlice(): PendingEntry[] {
    const { index, pendingSegment } = this.#document;
    const slice: PendingEntry[] = [];
    let taken = 0;
    for (let size = 0; taken < this.#keys.length; taken++) {
      if (slice.length >= this.#maxEntries || size >= MAX_BATCH_UNITS) break;
      const key = this.#keys[taken] as string;
      const holder = index.find(key, pendingSegment) as Holder;
      if (holder.next === undefined && (holder.json === undefined || index.winner(key) !== holder)) {
        index.remove(key, pendingSegment);
        continue;
      }
      slice.push({ key, holder });
      size += key.length + (holder.json?.length ?? 0);
    }
    this.#keys = this.#keys.slice(taken);
    return slice;
  }
}
