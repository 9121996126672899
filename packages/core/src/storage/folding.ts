// Folds the log of a channel: walks through the whole document, writes it down in slices while updates go on arriving,
// and then lets one batch make the new snapshot the one that counts. No turn takes long, and a crash at any point
// leaves either the old snapshot with its log or the new one.
import type { DiffCursor } from "../document/update-slices.js";
import type { Runtime } from "../runtime.js";

/** Bytes of a slice, of which one takes 0.5 ms to cut and to store. */
const SLICE_BYTES = 65_536;

/** A turn ends after so long, or so many slices: a busy writer must not keep the walk from its end, nor it the writer. */
const TURN_MS = 8;
const TURN_SLICES = 4;

/** Slices that may wait to be stored: a slow disk slows the walk down, not the memory up. */
const MAX_WAITING = 16;

export interface FoldingOptions {
  readonly runtime: Runtime;
  readonly cursor: DiffCursor;
  /** See `StoredChannel.whenWhole`. */
  whenWhole: (task: () => void) => void;
  /** Stores a slice, then calls back. */
  store: (slice: Uint8Array, index: number, stored: () => void) => void;
  /** All slices were handed to `store`, in the turn in which the walk came to the document's end. */
  finish: (slices: number, bytes: number) => void;
  /** The document could not be walked. */
  fail: (error: unknown) => void;
}

export class Folding {
  readonly #options: FoldingOptions;
  #slices = 0;
  #bytes = 0;
  #waiting = 0;
  #isPaused = false;
  /** Every slice was cut, or it was cancelled. */
  #isOver = false;

  constructor(options: FoldingOptions) {
    this.#options = options;
    this.#continue();
  }

  cancel(): void {
    this.#isOver = true;
  }

  #continue(): void {
    const { runtime, whenWhole } = this.#options;
    const walk = (): void => {
      if (!this.#isOver) this.#walk();
    };
    runtime.later(() => whenWhole(walk));
  }

  #walk(): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#isPaused = true;
      return;
    }
    const { runtime, cursor } = this.#options;
    const endsAt = runtime.elapsed() + TURN_MS;
    try {
      for (let slices = 0; slices < TURN_SLICES && runtime.elapsed() < endsAt; slices++) {
        const slice = cursor.next(SLICE_BYTES);
        if (!slice) return this.#finish();
        this.#store(slice);
      }
    } catch (error) {
      this.#isOver = true;
      this.#options.fail(error);
      return;
    }
    this.#continue();
  }

  #finish(): void {
    this.#isOver = true;
    this.#options.finish(this.#slices, this.#bytes);
  }

  #store(slice: Uint8Array): void {
    this.#bytes += slice.length;
    this.#waiting++;
    this.#options.store(slice, this.#slices++, () => {
      this.#waiting--;
      if (!this.#isPaused) return;
      this.#isPaused = false;
      this.#continue();
    });
  }
}
