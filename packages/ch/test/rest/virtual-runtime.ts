// Time that passes only when a test lets it, and chance from a seed. Promises are given their turns in between.
import type { Runtime, Timer } from "@chorus/core";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
}

export const START_MS = 1_700_000_000_000;

export class VirtualRuntime implements Runtime {
  #elapsedMs = 0;
  #order = 0;
  #state: number;
  #due: Due[] = [];

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  now(): number {
    return START_MS + Math.floor(this.#elapsedMs);
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  soon(task: () => void): void {
    queueMicrotask(task);
  }

  later(task: () => void): void {
    this.after(0, task);
  }

  after(delayMs: number, task: () => void): Timer {
    const due = { at: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#due.push(due);
    return {
      cancel: () => {
        this.#due = this.#due.filter((other) => other !== due);
      },
    };
  }

  random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  newId(): number {
    return Math.floor(this.random() * 2 ** 26) * 2 ** 26 + Math.floor(this.random() * 2 ** 26);
  }

  /** A whole number from 0 to below `count`. */
  pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  /** Lets time pass, running everything that falls due and what follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await turns();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.at);
      next.task();
      await turns();
    }
    this.#elapsedMs = end;
  }

  #next(end: number): Due | undefined {
    let first: Due | undefined;
    for (const due of this.#due) {
      if (due.at > end) continue;
      if (!first || due.at < first.at || (due.at === first.at && due.order < first.order)) first = due;
    }
    this.#due = this.#due.filter((due) => due !== first);
    return first;
  }
}

/** What promises wait for, up to a certain depth. */
async function turns(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}
