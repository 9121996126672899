// When to drop and clean: lazily, in batches with pauses between, never while a write waits to be committed.
import type { Cleaning } from "./document/cleaning.js";
import type { CommitQueue } from "./commit-queue.js";
import type { Runtime, Timer } from "./runtime.js";
import type { Wholeness } from "./wholeness.js";

/** Pauses of the background work, in milliseconds. */
export interface MaintenanceIntervals {
  /** From a change to the first drop: short enough to matter, long enough to gather a batch. */
  dropDelayMs: number;
  /** Between two batches. */
  batchPauseMs: number;
  /** Without any write, here or from a peer, for this long the channel counts as idle. */
  idleAfterMs: number;
}

export const defaultMaintenanceIntervals: MaintenanceIntervals = {
  dropDelayMs: 250,
  batchPauseMs: 20,
  idleAfterMs: 2_000,
};

/** While the store fails, in place of the pause between two batches. */
const FAILED_PAUSE_MS = 1_000;

/** What one step of maintenance may do; the simulation calls steps at random moments. */
export interface MaintenanceStep {
  idle: boolean;
  /** Default: the limits of the channel. */
  dropBatch?: number;
  moveBatch?: number;
}

export class Maintenance {
  readonly #cleaning: Cleaning;
  readonly #queue: CommitQueue;
  readonly #wholeness: Wholeness;
  readonly #runtime: Runtime;
  readonly #intervals: MaintenanceIntervals;
  #timer: Timer | undefined;
  #idleTimer: Timer | undefined;
  #lastActivity = 0;
  #closed = false;

  constructor(
    parts: { cleaning: Cleaning; queue: CommitQueue; wholeness: Wholeness; runtime: Runtime },
    intervals: MaintenanceIntervals,
  ) {
    this.#cleaning = parts.cleaning;
    this.#queue = parts.queue;
    this.#wholeness = parts.wholeness;
    this.#runtime = parts.runtime;
    this.#intervals = intervals;
  }

  /** Something was written, here or by a peer. */
  noteActivity(): void {
    if (this.#closed) return;
    this.#lastActivity = this.#runtime.elapsed();
    this.#timer ??= this.#after(this.#intervals.dropDelayMs, () => this.#work());
    this.#idleTimer ??= this.#after(this.#intervals.idleAfterMs, () => this.#idle());
  }

  /** One step, now: one batch of drops and one of cleaning. @returns whether it found anything to do */
  step(options: MaintenanceStep): boolean {
    if (this.#closed) return false;
    if (this.#mustWait) return false;
    // What is pending decides what may go: it is committed first, or, when it is large, left to finish. Not only when
    // the queue is quiet: a busy writer with a slow store never is.
    if (this.#queue.hasPending) this.#queue.commit();
    if (this.#queue.hasPending) return false;
    const dropped = this.#submit(this.#cleaning.drop(options.dropBatch));
    return this.#submit(this.#clean(options)) || dropped;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#idleTimer?.cancel();
  }

  /** Of a document that is not whole nothing may be concluded. */
  get #mustWait(): boolean {
    return !this.#wholeness.isWhole || this.#isStoreBusy;
  }

  /**
   * The store has more to do than the batch of a busy writer: what maintenance gave it before, or it hangs. Or somebody
   * waits for it to be done: on a slow disk one batch after the other would let nobody have a diff.
   */
  get #isStoreBusy(): boolean {
    const { failed, storing, isAwaited } = this.#queue;
    return failed || storing > 1 || (storing > 0 && isAwaited);
  }

  #clean({ idle, moveBatch }: MaintenanceStep): Uint8Array | undefined {
    this.#cleaning.sealIfFull(idle);
    return this.#cleaning.clean(moveBatch === undefined ? { idle } : { idle, batch: moveBatch });
  }

  #submit(update: Uint8Array | undefined): boolean {
    if (update) this.#queue.submit(update);
    return update !== undefined;
  }

  #work(): void {
    this.#timer = undefined;
    const idle = this.#idleFor() >= this.#intervals.idleAfterMs;
    // What could not be done now is tried again: the work must not be forgotten.
    const again = this.step({ idle }) || this.#mustWait || this.#queue.hasPending;
    if (!again || this.#closed) return;
    const pauseMs = this.#queue.failed ? FAILED_PAUSE_MS : this.#intervals.batchPauseMs;
    this.#timer = this.#after(pauseMs, () => this.#work());
  }

  #idle(): void {
    this.#idleTimer = undefined;
    // Rounded up: a clock of fractions could otherwise ask for a timer too short to move it on.
    const left = Math.ceil(this.#intervals.idleAfterMs - this.#idleFor());
    if (left > 0) {
      this.#idleTimer = this.#after(left, () => this.#idle());
      return;
    }
    this.#timer?.cancel();
    this.#work();
  }

  #idleFor(): number {
    return this.#runtime.elapsed() - this.#lastActivity;
  }

  #after(delayMs: number, task: () => void): Timer {
    return this.#runtime.after(delayMs, task, { background: true });
  }
}
