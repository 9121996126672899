// Incoming frames of all connections of a channel, worked off in short turns, so that a burst stalls nobody. The
// frames of one connection keep their order; whatever a frame does wrong is its own connection's matter.
import type { Runtime } from "./runtime.js";

/** A connection as the inbox sees it. */
export interface InboxSource {
  /** Bytes of this source that wait in the inbox; written by the inbox only. */
  queuedBytes: number;
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
  /** Sources and frames in turn, from `#head` on: two slots per frame instead of an object. */
  #queue: (InboxSource | Uint8Array)[] = [];
  #head = 0;
  #scheduled = false;
  #handling = false;
  /** Start of the current window of twice the budget, and the time that frames took in it. */
  #windowStart = Number.NEGATIVE_INFINITY;
  #spentMs = 0;

  constructor(runtime: Runtime, limits: InboxLimits) {
    this.#runtime = runtime;
    this.#limits = limits;
  }

  /** Frames that wait. */
  get length(): number {
    return (this.#queue.length - this.#head) / 2;
  }

  /** Works the frame off at once while there is time for it and nothing waits, otherwise in its turn. */
  push(source: InboxSource, frame: Uint8Array): void {
    if (this.#scheduled || this.#handling || !this.#hasTime()) {
      this.#enqueue(source, frame);
      return;
    }
    this.#handle(source, frame);
    if (this.#head < this.#queue.length) this.#schedule();
  }

  /** Forgets everything that waits. */
  close(): void {
    this.#queue = [];
    this.#head = 0;
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
