// What is set and not yet committed: in the index already, under the pending segment, so that reads see it at once.
import type { PendingEntry } from "./document/entries.js";
import type { Holder } from "./document/holder.js";
import type { SegmentDocument } from "./document/segment-document.js";
import { MAX_BATCH_UNITS } from "./limits.js";

export class PendingWrites {
  readonly #document: SegmentDocument;
  readonly #maxEntries: number;
  readonly #holders = new Map<string, Holder>();

  /** @param maxEntries what one slice carries at most */
  constructor(document: SegmentDocument, maxEntries: number) {
    this.#document = document;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#holders.size;
  }

  /**
   * A later write of the same key replaces the earlier one, and keeps its place in the order.
   * @param winner of the key until now
   */
  add(key: string, holder: Holder, winner: Holder | undefined): void {
    const { size } = this.#holders;
    this.#holders.set(key, holder);
    const { index, pendingSegment } = this.#document;
    const first = this.#holders.size > size ? index.add(winner, key, holder) : index.put(key, holder);
    if (first !== holder) pendingSegment.overtaken++;
  }

  /**
   * Takes out the next slice to write. What a peer's newer entry has overtaken is written too while it covers anything:
   * its writer had seen that, and it must not come back when the newer entry goes. What covers nothing is forgotten.
   */
  takeSlice(): PendingEntry[] {
    const { index, pendingSegment } = this.#document;
    const slice: PendingEntry[] = [];
    let size = 0;
    // A look into the index for each entry is a fifth of a commit; mostly nobody has written the same keys meanwhile.
    const isOvertaken = pendingSegment.overtaken > 0;
    for (const [key, holder] of this.#holders) {
      if (slice.length >= this.#maxEntries || size >= MAX_BATCH_UNITS) break;
      this.#holders.delete(key);
      const winner = isOvertaken ? index.winner(key) : holder;
      if (holder.next === undefined && (winner !== holder || holder.json === undefined)) {
        index.remove(key, pendingSegment);
        continue;
      }
      slice.push({ key, holder, winner, replaces: true });
      size += key.length + (holder.json?.length ?? 0);
    }
    if (this.#holders.size === 0) pendingSegment.overtaken = 0;
    return slice;
  }
}
