// The planted fault "read-index-in-transaction": decisions taken from the index while a transaction is half
// in it. Not for any use but to prove that the simulation sees it.
import { type DocumentRules, documentRules, type SegmentDocumentOptions } from "@chorus/core/internal";
import type { HolderView, SegmentView } from "@chorus/core/internal";
import * as Y from "yjs";
import { type Recorder, RecordingDocument } from "./recording-document.js";

/** A holder as it looks in the middle of the transaction, and the one that it is. */
interface SeenHolder extends HolderView {
  readonly original: HolderView;
  next: SeenHolder | undefined;
}

/**
 * Decides what may be dropped in the middle of applying an update: what that deletes has left the index, what
 * it brings is not yet there. An entry that another replica moves is nowhere at that moment.
 */
export class HalfwayDocument extends RecordingDocument {
  readonly #decided: WeakSet<HolderView>;

  constructor(options: SegmentDocumentOptions, recorder: Recorder, decided: WeakSet<HolderView>) {
    super(options, recorder);
    this.#decided = decided;
  }

  override apply(update: Uint8Array, source: object): boolean {
    const deletions = Y.decodeUpdate(update).ds;
    for (const [key, winner] of deletions.clients.size > 0 ? this.index.entries() : []) {
      const staying = listOf(winner, (holder) => !this.#isDeleted(key, holder.segment, deletions));
      for (const { original } of documentRules.droppable(staying)) this.#decided.add(original);
    }
    return super.apply(update, source);
  }

  #isDeleted(key: string, segment: SegmentView, deletions: ReturnType<typeof Y.decodeUpdate>["ds"]): boolean {
    const map = this.doc.getMap<Y.Map<unknown>>("channel").get(segment.id);
    const item = map?._map.get(key);
    return item !== undefined && Y.isDeleted(deletions, item.id);
  }
}

function listOf(winner: HolderView, stays: (holder: HolderView) => boolean): SeenHolder | undefined {
  let first: SeenHolder | undefined;
  let last: SeenHolder | undefined;
  for (let holder: HolderView | undefined = winner; holder; holder = holder.next) {
    if (!stays(holder)) continue;
    const { stamp, json, segment } = holder;
    const seen: SeenHolder = { stamp, json, segment, next: undefined, original: holder };
    if (last) last.next = seen;
    else first = seen;
    last = seen;
  }
  return first;
}

/** The rules, with what was decided inside a transaction carried out after it. */
export function rulesCarryingOut(decided: WeakSet<HolderView>): DocumentRules {
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
