// What leaves the index only when a large answer is applied to its end. Entries that come can only raise a key's winner,
// so they may be seen one by one; one that goes may have a copy that comes later, or uncover what a later one covers.
// It decides nothing: what the document holds at the end counts.
import type { Segment } from "./segment.js";

export interface DeferredRemovalsParts {
  /** Whether the document holds an entry of this segment for the key. */
  readonly holds: (segment: Segment, key: string) => boolean;
  /** The segment holds nothing for the key any more. */
  readonly remove: (segment: Segment, key: string) => void;
  /** The segment is gone. */
  readonly detach: (segment: Segment) => void;
}

export class DeferredRemovals {
  readonly #parts: DeferredRemovalsParts;
  readonly #segments = new Map<string, Segment[]>();
  readonly #detached = new Set<Segment>();
  #isDeferring = false;

  constructor(parts: DeferredRemovalsParts) {
    this.#parts = parts;
  }

  /** Whether something may have gone that the index still holds. */
  get isDeferring(): boolean {
    return this.#isDeferring;
  }

  /** From now on what goes is kept, until `settle` is through. */
  begin(): void {
    this.#isDeferring = true;
  }

  /** @returns whether it is kept for later; otherwise it is the caller's to do now */
  defer(segment: Segment, keys: Iterable<string>, isDetached: boolean): boolean {
    if (!this.#isDeferring) return false;
    for (const key of keys) {
      const segments = this.#segments.get(key);
      if (segments) segments.push(segment);
      else this.#segments.set(key, [segment]);
    }
    if (isDetached) this.#detached.add(segment);
    return true;
  }

  /**
   * Removes what is gone, all that concerns one key at a time, until `isTimeUp` says so, which is asked after each key.
   * @returns whether nothing is left, and nothing is deferred any more
   */
  settle(isTimeUp: () => boolean): boolean {
    for (const [key, segments] of this.#segments) {
      this.#segments.delete(key);
      for (const segment of new Set(segments)) {
        if (!this.#parts.holds(segment, key)) this.#parts.remove(segment, key);
      }
      if (isTimeUp() && this.#segments.size > 0) return false;
    }
    for (const segment of this.#detached) this.#parts.detach(segment);
    this.#detached.clear();
    this.#isDeferring = false;
    return true;
  }
}
