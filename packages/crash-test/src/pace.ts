// How long things take on this machine, learnt from the victim's lives, so that kills fall everywhere into what they are
// meant to hit and not only at its beginning.
import type { CyclePlan } from "./crash-plan.js";
import type { Life } from "./watched-victim.js";

/** The longest times to a kill, in milliseconds, where there is nothing to learn. */
const LONGEST_WRITING_MS = 300;
const LONGEST_CLOSING_MS = 25;

export class Pace {
  #openingMs = 30;
  #foldMs = 150;

  /** From the beginning of a plan's phase to the kill, in milliseconds. */
  delayMs({ phase, share }: CyclePlan): number {
    switch (phase) {
      case "boot":
        return this.#openingMs * share;
      case "folding":
        return this.#foldMs * share;
      case "writing":
        // Squared: early moments are the delicate ones.
        return LONGEST_WRITING_MS * share ** 2;
      case "closing":
        return LONGEST_CLOSING_MS * share ** 2;
      case "acknowledgement":
        return 0;
    }
  }

  /** One more life is over. @param killedMs when it was killed, since its start */
  note({ startedMs, openedMs, foldBeganMs, foldMs, isFolding }: Life, killedMs: number): void {
    if (openedMs !== undefined && startedMs !== undefined) this.#openingMs = openedMs - startedMs;
    if (foldMs !== undefined) this.#foldMs = foldMs;
    // A fold that was killed took at least so long; only longer waits can show how long it would have taken.
    if (isFolding && foldBeganMs !== undefined)
      this.#foldMs = Math.max(this.#foldMs, 1.3 * (killedMs - foldBeganMs));
  }
}
