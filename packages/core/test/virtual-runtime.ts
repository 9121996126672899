// A runtime on virtual time: nothing happens until a test lets it. Deterministic for a seed.
import type { Runtime, Timer } from "../src/runtime.js";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly task: () => void;
  readonly isTimer: boolean;
}

/** More tasks than this at one moment: something goes in circles. */
const MAX_TURNS = 200_000;

export class VirtualRuntime implements Runtime {
  /** Errors that tasks threw: nothing may. */
  readonly escaped: unknown[] = [];
  readonly #startMs = 1_700_000_000_000;
  #elapsedMs = 0;
  #order = 0;
  #state: number;
  #events: Event[] = [];
  #soon: (() => void)[] = [];

  constructor(seed = 1) {
    this.#state = seed >>> 0;
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#events.filter((event) => event.isTimer).length;
  }

  now(): number {
    return this.#startMs + Math.floor(this.#elapsedMs);
  }

  elapsed(): number {
    return this.#elapsedMs;
  }

  soon(task: () => void): void {
    this.#soon.push(task);
  }

  later(task: () => void): void {
    this.#add(0, task, false);
  }

  after(delayMs: number, task: () => void): Timer {
    // A delay that vanishes in rounding would make time stand still.
    const event = this.#add(Math.max(delayMs, 0.01), task, true);
    return {
      cancel: () => {
        this.#events = this.#events.filter((other) => other !== event);
      },
    };
  }

  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  }

  newId(): number {
    return Math.floor(this.random() * 2 ** 31) * 2 ** 21 + Math.floor(this.random() * 2 ** 21);
  }

  /** Lets time pass, running everything that falls due. */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms;
    let turns = 0;
    this.#drainSoon();
    for (let event = this.#first(); event !== undefined && event.at <= end; event = this.#first()) {
      this.#events.shift();
      turns = event.at > this.#elapsedMs ? 0 : turns + 1;
      if (turns > MAX_TURNS) throw new Error(`time stands still: ${event.task}`);
      this.#elapsedMs = Math.max(this.#elapsedMs, event.at);
      this.#attempt(event.task);
      this.#drainSoon();
    }
    this.#elapsedMs = end;
  }

  /** Runs everything that is due now, and what follows from it, without letting time pass. */
  settle(): void {
    this.advance(0);
  }

  #first(): Event | undefined {
    return this.#events[0];
  }

  #add(delayMs: number, task: () => void, isTimer: boolean): Event {
    const event = { at: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, task, isTimer };
    let index = this.#events.length;
    while (index > 0 && (this.#events[index - 1]?.at ?? 0) > event.at) index--;
    this.#events.splice(index, 0, event);
    return event;
  }

  #drainSoon(): void {
    for (let task = this.#soon.shift(); task !== undefined; task = this.#soon.shift()) this.#attempt(task);
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.escaped.push(error);
    }
  }
}
