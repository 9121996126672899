// One question at a time per channel: a joiner with many peers must not fetch the same state from each of them. A
// puller that makes no progress loses its turn, never its question.
import { Alarm } from "./alarm.js";
import type { Runtime } from "./runtime.js";

/** Somebody who wants to ask. */
export interface Puller {
  /** Its turn has come: ask now. Must not throw. */
  pull(): void;
}

export class Pulls {
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<Puller>();
  readonly #alarm: Alarm;
  #active: Puller | undefined;
  #progressAt = 0;

  /** @param timeoutMs time without progress after which the next puller has its turn */
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
    if (this.#active) this.#alarm.by(this.#progressAt + this.#timeoutMs);
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
    this.#progressAt = this.#runtime.elapsed();
    if (this.#waiting.size > 0) this.#alarm.by(this.#progressAt + this.#timeoutMs);
    puller.pull();
  }

  #check(): void {
    if (this.#active === undefined || this.#waiting.size === 0) return;
    if (this.#runtime.elapsed() - this.#progressAt >= this.#timeoutMs) {
      this.#active = undefined;
      this.#next();
    } else {
      this.#alarm.by(this.#progressAt + this.#timeoutMs);
    }
  }
}
