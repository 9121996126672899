// After sessions have become own ones, or foreign, their keys are looked at again: which entries are covered, which may go.
// That is bookkeeping only, so it takes its time: what may be done with an entry is decided from whose segment it is in.
import type { Segment } from "./document/segment.js";
import type { SegmentDocument } from "./document/segment-document.js";
import type { Runtime } from "./runtime.js";

/** Keys that are looked at in one turn, give or take a segment. */
const KEYS_PER_TURN = 4_096;

export class Recounting {
  readonly #runtime: Runtime;
  readonly #document: () => SegmentDocument;
  #waiting: Segment[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(runtime: Runtime, document: () => SegmentDocument) {
    this.#runtime = runtime;
    this.#document = document;
  }

  /** The owner of these segments has changed. Small ones are done at once. */
  add(segments: readonly Segment[]): void {
    this.#waiting.push(...segments);
    if (!this.#isScheduled) this.#work();
  }

  close(): void {
    this.#isClosed = true;
  }

  #work(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    for (let keys = 0; keys < KEYS_PER_TURN; ) {
      const segment = this.#waiting.shift();
      if (!segment) return;
      keys += this.#document().recount(segment);
    }
    if (this.#waiting.length === 0) return;
    this.#isScheduled = true;
    this.#runtime.later(() => this.#work());
  }
}
