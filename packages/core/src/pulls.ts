// One question at a time per channel: a joiner with many peers must not fetch the same state from each of them. A
// puller that makes no progress, or takes too long altogether, loses its turn, never its question.
import { Alarm } from "./alarm.js";
import type { Runtime } from "./runtime.js";

/** Somebody who wants to ask. */
export interface Puller {
  /** Its turn has come: ask now. Must not throw. */
  pull(): void;
}

/** However steadily an answer trickles, a turn ends after this many times the time without progress. */
const TURN_TIMEOUTS = 3;

export class Pulls {
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Puller>();
  readonly #alarm: Alarm;
  #active: Puller | undefined;
  #turnAt = 0;
  #progressAt = 0;

  /** @param timeoutMs time without progress, or a third of the whole time, after which the next has its turn */
  constructor(runtime: Runtime, timeoutMs: number) {
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
    this.#alarm = new Alarm(runtime, () => this.#check());
  }

  /** Whether an answer is being waited for. */
  get busy(): boolean {
    return this.#active !== undefined;
  }

  /** Asks for a turn, which may come at once. */
  request(puller: Puller): void {
    this.#waiting.add(puller);
    if (this.#active) this.#alarm.by(this.#turnEndsAt());
    else this.#next();
  }

  /** A part of the answer arrived. */
  progress(puller: Puller): void {
    if (puller === this.#active) this.#progressAt = this.#runtime.elapsed();
  }

  /** The answer is complete, or its connection is gone. */
  release(puller: Puller): void {
    this.#waiting.delete(puller);
    if (puller !== this.#active) return;
    this.#active = undefined;
    this.#next();
  }

  close(): void {
    this.#alarm.cancel();
    this.#waiting.clear();
    this.#active = undefined;
  }

  #next(): void {
    const [puller] = this.#waiting;
    if (puller === undefined) {
      this.#alarm.cancel();
      return;
    }
    this.#waiting.delete(puller);
    this.#active = puller;
    this.#turnAt = this.#runtime.elapsed();
    this.#progressAt = this.#turnAt;
    if (this.#waiting.size > 0) this.#alarm.by(this.#turnEndsAt());
    puller.pull();
  }

  #check(): void {
    if (this.#active === undefined || this.#waiting.size === 0) return;
    if (this.#runtime.elapsed() >= this.#turnEndsAt()) {
      this.#active = undefined;
      this.#next();
    } else {
      this.#alarm.by(this.#turnEndsAt());
    }
  }

  /** When the turn is over, on the monotonic clock, if somebody waits for it. */
  #turnEndsAt(): number {
    return Math.min(this.#progressAt + this.#timeoutMs, this.#turnAt + TURN_TIMEOUTS * this.#timeoutMs);
  }
}
