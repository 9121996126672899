// The planted fault "read-index-in-transaction": decisions taken from the index while it is stale. Not for any use but
// to prove that the simulation sees it.
import {
  type DocumentRules,
  documentRules,
  type HolderView,
  type SegmentDocumentOptions,
} from "@chorus/core/internal";
import type { History } from "./history.js";
import { RecordingDocument } from "./recording-document.js";

/**
 * Decides what may be dropped at the moment an update is being applied. The index is brought up to date only after
 * the transaction, so these decisions do not know what the update brings.
 */
export class StaleIndexDocument extends RecordingDocument {
  readonly #decided: WeakSet<HolderView>;

  constructor(options: SegmentDocumentOptions, history: History, decided: WeakSet<HolderView>) {
    super(options, history);
    this.#decided = decided;
  }

  override apply(update: Uint8Array, source: object): boolean {
    for (const [, winner] of this.index.entries()) {
      for (const holder of documentRules.droppable(winner)) this.#decided.add(holder);
    }
    return super.apply(update, source);
  }
}

/** The rules, with what was decided inside a transaction carried out after it. */
export function staleRules(decided: WeakSet<HolderView>): DocumentRules {
  return {
    ...documentRules,
    droppable<Holder extends HolderView>(highest: Holder | undefined): Holder[] {
      const dropped = documentRules.droppable(highest);
      for (let holder = highest; holder; holder = holder.next as Holder | undefined) {
        if (decided.has(holder) && !dropped.includes(holder)) dropped.push(holder);
      }
      return dropped;
    },
  };
}
