// Incoming frames of all connections of a channel, worked off in short turns, so that a burst stalls nobody. The
// frames of one connection keep their order; whatever a frame does wrong is its own connection's matter. While a large
// answer is applied the frames of those who may change or ask for the document are held back.
import type { Runtime } from "./runtime.js";

/** A connection as the inbox sees it. */
export interface InboxSource {
  /** Bytes of this source that wait in the inbox; written by the inbox only. */
  queuedBytes: number;
  /** Nothing of it may be worked off now: its frames wait until all may go. Default false. */
  readonly mustWait?: boolean;
  /** Works off one frame; must not throw. A source that has ended ignores it. */
  handleFrame(frame: Uint8Array): void;
  pause(): void;
  resume(): void;
}

/** What the inbox needs of the limits. */
export interface InboxLimits {
  readonly turnBudgetMs: number;
  readonly inboxBytes: number;
}

export class Inbox {
  readonly #runtime: Runtime;
  readonly #limits: InboxLimits;
  readonly #whenWhole: (task: () => void) => void;
  /** Sources and frames in turn, from `#head` on: two slots per frame instead of an object. */
  #queue: (InboxSource | Uint8Array)[] = [];
  #head = 0;
  /** Frames that are held back, in the same form. They came before all of the same source in the queue. */
  #held: (InboxSource | Uint8Array)[] = [];
  #scheduled = false;
  #handling = false;
  /** Start of the current window of twice the budget, and the time that frames took in it. */
  #windowStart = Number.NEGATIVE_INFINITY;
  #spentMs = 0;

  /** @param whenWhole calls back when nobody must wait any more */
  constructor(
    runtime: Runtime,
    limits: InboxLimits,
    whenWhole: (task: () => void) => void = () => undefined,
  ) {
    this.#runtime = runtime;
    this.#limits = limits;
    this.#whenWhole = whenWhole;
  }

  /** Frames that wait. */
  get length(): number {
    return (this.#queue.length - this.#head + this.#held.length) / 2;
  }

  /** Works the frame off at once while there is time for it and nothing waits, otherwise in its turn. */
  push(source: InboxSource, frame: Uint8Array): void {
    if (this.#scheduled || this.#handling || source.mustWait || !this.#hasTime()) {
      this.#enqueue(source, frame);
      return;
    }
    this.#handle(source, frame);
    if (this.#head < this.#queue.length) this.#schedule();
  }

  /** Forgets everything that waits. */
  close(): void {
    this.#held = [];
    this.#queue = [];
    this.#head = 0;
  }

  /** Nobody must wait any more: what was held back has its turn before all others. */
  #release(): void {
    if (this.#held.length === 0) return;
    this.#queue = [...this.#held, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#held = [];
    if (!this.#handling) this.#schedule();
  }

  #hasTime(): boolean {
    const now = this.#runtime.elapsed();
    if (now - this.#windowStart > 2 * this.#limits.turnBudgetMs) {
      this.#windowStart = now;
      this.#spentMs = 0;
    }
    return this.#spentMs < this.#limits.turnBudgetMs;
  }

  #handle(source: InboxSource, frame: Uint8Array): void {
    const start = this.#runtime.elapsed();
    this.#handling = true;
    try {
      source.handleFrame(frame);
    } finally {
      this.#handling = false;
      this.#spentMs += this.#runtime.elapsed() - start;
    }
  }

  #enqueue(source: InboxSource, frame: Uint8Array): void {
    this.#queue.push(source, frame);
    const before = source.queuedBytes;
    source.queuedBytes = before + frame.length;
    if (before <= this.#limits.inboxBytes && source.queuedBytes > this.#limits.inboxBytes) source.pause();
    if (!this.#handling) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#runtime.later(this.#work);
  }

  readonly #work = (): void => {
    const end = this.#runtime.elapsed() + this.#limits.turnBudgetMs;
    try {
      do this.#workOne();
      while (this.#head < this.#queue.length && this.#runtime.elapsed() < end);
    } finally {
      this.#scheduled = false;
      if (this.#head < this.#queue.length) this.#schedule();
      this.#compact();
    }
  };

  #workOne(): void {
    const source = this.#queue[this.#head] as InboxSource | undefined;
    const frame = this.#queue[this.#head + 1] as Uint8Array | undefined;
    if (source === undefined || frame === undefined) return;
    this.#head += 2;
    if (source.mustWait) {
      if (this.#held.length === 0) this.#whenWhole(() => this.#release());
      this.#held.push(source, frame);
      return;
    }
    const before = source.queuedBytes;
    source.queuedBytes = before - frame.length;
    const half = this.#limits.inboxBytes / 2;
    this.#handle(source, frame);
    if (before > half && source.queuedBytes <= half) source.resume();
  }

  /** Frames that were worked off must not stay in memory behind a queue that never empties. */
  #compact(): void {
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
