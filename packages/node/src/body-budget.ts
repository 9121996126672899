// How much of request bodies may be held in memory at a time, over all requests that share a budget. Whoever
// takes must give back, whatever becomes of the request.
import { checkCount } from "./options.js";

/** Bytes that bodies share. */
export class BodyBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  /** A budget of `maxBytes`, at least 1. Throws OptionError. */
  constructor(maxBytes: number) {
    this.#maxBytes = checkCount("maxBytes", maxBytes, { least: 1, most: Number.MAX_SAFE_INTEGER });
  }

  /** Bytes of bodies being read now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes some bytes; false, and takes none, when so many are not left. */
  take(bytes: number): boolean {
    if (bytes > this.#maxBytes - this.#usedBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Gives back what was taken. */
  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
