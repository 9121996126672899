// One timer that stands for many deadlines: it rings at the earliest, and whoever is woken says when next. Deadlines
// that only move further away (as with every frame) cost nothing.
import { MAX_DELAY_MS } from "./limits.js";
import type { Runtime, Timer } from "./runtime.js";

export class Alarm {
  readonly #runtime: Runtime;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;

  /** @param ring must not throw */
  constructor(runtime: Runtime, ring: () => void) {
    this.#runtime = runtime;
    this.#ring = ring;
  }

  /** Rings at `elapsedMs` of the runtime's monotonic clock, or before. */
  by(elapsedMs: number): void {
    if (elapsedMs >= this.#due || !Number.isFinite(elapsedMs)) return;
    this.#timer?.cancel();
    this.#due = elapsedMs;
    // Of a longer one the alarm rings early, and is set again.
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(elapsedMs - this.#runtime.elapsed())));
    this.#timer = this.#runtime.after(delayMs, this.#fire, { background: true });
  }

  /** Forgets every deadline. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    this.#ring();
  };
}
