// A process as the engine sees it: core's Runtime over virtual time, with a wall clock of its own that is
// wrong by minutes and jumps. When the process is killed nothing of it runs any more: that is the crash.
import type { Runtime, Timer } from "@chorus/core";
import type { Random } from "./random.js";
import type { Scheduler } from "./scheduler.js";

/** The virtual time 0 as a wall clock: 2026-01-01. */
export const EPOCH_MS = 1767225600000;

/** The longest that the work of a turn can seem to take. */
const LONG_TURN_MS = 30;

/** A computer's wall clock; it outlives the processes on it. */
export interface WallClock {
  /** Milliseconds it is ahead of virtual time; negative when behind. */
  skewMs: number;
}

export interface VirtualRuntimeOptions {
  scheduler: Scheduler;
  random: Random;
  clock: WallClock;
  /** Gives the ids of sessions; default fresh ones. Replaced by the planted fault "reuse-id". */
  newId?: () => number;
  /** A later turn begins at most so many milliseconds later; default 0.5. */
  turnMs?: number;
  /** Work takes time: the monotonic clock advances by up to this at every look at it; default 0. */
  workMs?: number;
}

export class VirtualRuntime implements Runtime {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #clock: WallClock;
  readonly #newId: () => number;
  readonly #turnMs: number;
  readonly #workMs: number;
  #elapsedMs = 0;
  #lastLaterMs = 0;
  #alive = true;

  constructor(options: VirtualRuntimeOptions) {
    this.#scheduler = options.scheduler;
    this.#random = options.random;
    this.#clock = options.clock;
    this.#newId = options.newId ?? (() => options.random.id53());
    this.#turnMs = options.turnMs ?? 0.5;
    this.#workMs = options.workMs ?? 0;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** The death of the process, in the middle of whatever it does: every task it still waits for is void. */
  kill(): void {
    this.#alive = false;
  }

  now(): number {
    return Math.floor(EPOCH_MS + this.#scheduler.nowMs + this.#clock.skewMs);
  }

  elapsed(): number {
    const { nowMs } = this.#scheduler;
    // Ahead of the world by no more than a long turn takes, else a busy process would live faster than the
    // others.
    const workedMs =
      this.#workMs > 0
        ? Math.min(this.#elapsedMs + this.#random.next() * this.#workMs, nowMs + LONG_TURN_MS)
        : 0;
    this.#elapsedMs = Math.max(this.#elapsedMs, workedMs, nowMs);
    return this.#elapsedMs;
  }

  /** Bound, because the engine passes it on as a function. */
  readonly soon = (task: () => void): void => {
    this.#scheduler.soon(() => {
      if (this.#alive) task();
    });
  };

  later(task: () => void): void {
    // Other input may come between two turns, but the turns of one process keep their order.
    const atMs = Math.max(this.#lastLaterMs, this.#scheduler.nowMs + this.#random.next() * this.#turnMs);
    this.#lastLaterMs = atMs;
    this.#scheduler.after(atMs - this.#scheduler.nowMs, () => {
      if (this.#alive) task();
    });
  }

  after(delayMs: number, task: () => void): Timer {
    // No real timer is shorter than a millisecond, and with shorter ones rounding could stop time for good.
    const cancel = this.#scheduler.after(Math.max(1, delayMs), () => {
      if (this.#alive) task();
    });
    return { cancel };
  }

  random(): number {
    return this.#random.next();
  }

  newId(): number {
    return this.#newId();
  }
}
