// What an original's replies tell about the original itself: how far its clock is off, and whether its process was
// started again. Guesses, made so that an error costs an order of concurrent writes and never data.
import { TOLERATED_CLOCK_MS } from "./client-clocks.js";
import type { ReplyState } from "./original-endpoint.js";

/** HTTP's date has whole seconds. */
const DATE_TOLERATED_MS = 3_000;

/** Fewer keys than this may well be removed while a link is down. */
const MANY = 16;

/** Writes by REST that an original carries out in a millisecond, at most, when it is busy. */
const MOST_WRITES_PER_MS = 0.2;

/** The original's clock against ours. */
export class OriginalClock {
  /** By how much it is ahead, from the versions that our own writes made there. */
  #aheadMs: number | undefined;
  /** The same from the dates of its replies. */
  #dateAheadMs: number | undefined;

  /** A write of ours made this version; its request was under way between these readings of our clock. */
  wrote(version: number, sentMs: number, receivedMs: number): void {
    this.#aheadMs = version - Math.round((sentMs + receivedMs) / 2);
  }

  replied(dateMs: number | undefined, receivedMs: number): void {
    if (dateMs !== undefined) this.#dateAheadMs = dateMs - receivedMs;
  }

  /**
   * A time of the original by our clock, at most `latestMs`: later than when it was told it cannot be, but for a clock
   * that is only a little ahead and whose messages are taken at their word too.
   */
  toOurs(timeMs: number, latestMs: number): number {
    const exact = beyond(this.#aheadMs, TOLERATED_CLOCK_MS);
    const aheadMs = this.#aheadMs === undefined ? beyond(this.#dateAheadMs, DATE_TOLERATED_MS) : exact;
    return Math.max(1, Math.min(timeMs - aheadMs, latestMs + TOLERATED_CLOCK_MS));
  }
}

function beyond(aheadMs: number | undefined, toleratedMs: number): number {
  return aheadMs === undefined || Math.abs(aheadMs) <= toleratedMs ? 0 : aheadMs;
}

/** Watches the number of writes that came to the original by REST: a new process begins anew. */
export class RestartWatch {
  #counter: number | undefined;
  /** The lowest and the number before it went down; undefined while it did not. */
  #fall: { readonly from: number; to: number } | undefined;
  #vanished = false;
  /** The counter when a request last failed; undefined while none did. */
  #failedAt: number | undefined;
  /** The counter before it rose so fast that a new process may have got there; undefined while it did not. */
  #leaptFrom: number | undefined;
  #notedMs: number | undefined;
  #settledCounter: number | undefined;

  get counter(): number | undefined {
    return this.#counter;
  }

  /** The counter to go on with after a restart of ours: a new one not before all was compared with its fall in mind. */
  get settledCounter(): number | undefined {
    return this.#settledCounter;
  }

  /** What `settledCounter` was. Nobody knows what has happened since, as behind a failure. */
  restore(counter: number | undefined): void {
    this.#counter = counter;
    this.#settledCounter = counter;
    this.#failedAt = counter;
  }

  /** A request came to nothing: the process may be going down. */
  failed(): void {
    this.#failedAt ??= this.#counter;
  }

  /**
   * @param wasUnsetAll an unsetAll of ours: the original counts it backwards
   * @param elapsedMs a reading of a clock that never goes back, in milliseconds
   */
  noted({ counter }: ReplyState, wasUnsetAll: boolean, elapsedMs: number): void {
    const before = this.#counter;
    this.#counter = counter;
    this.#notedAt(elapsedMs, before);
    if (before !== undefined && counter === undefined) this.#vanished = true;
    if (before !== undefined && counter !== undefined && counter < before - (wasUnsetAll ? 1 : 0)) {
      this.#fall = { from: Math.max(before, this.#fall?.from ?? 0), to: counter };
    }
    if (!this.#isUnsettled) this.#settledCounter = counter;
  }

  /** A process that was started in between has had that long to count. One write more may be ours. */
  #notedAt(elapsedMs: number, before: number | undefined): void {
    const counter = this.#counter ?? 0;
    const most = MOST_WRITES_PER_MS * (elapsedMs - (this.#notedMs ?? elapsedMs));
    this.#notedMs = elapsedMs;
    if (before !== undefined && counter > before + 1 && counter <= most) this.#leaptFrom ??= before;
  }

  get #isUnsettled(): boolean {
    const isSuspect = this.#failedAt !== undefined || this.#leaptFrom !== undefined;
    return this.#vanished || this.#fall !== undefined || isSuspect;
  }

  /**
   * Whether the process may have been started again since the last `settle`. Somebody else's unsetAll takes one off the
   * counter too: so a small fall counts only when most keys are missing; and so does a failure that it did not survive
   * unchanged (also of a few keys, when none is left), or a rise in so long a time that it may have begun at nothing, since others may have raised it anew: unless
   * that many writes explain what is missing. Without a counter only an empty channel tells.
   * @param known how many keys it was known to hold @param missing how many of them it does not
   */
  isSuspected({ known, missing }: { known: number; missing: number }): boolean {
    if (this.#vanished) return true;
    if (this.#counter === undefined) return known > 0 && missing === known;
    const mostAreMissing = missing * 2 > known;
    if (this.#fall) return this.#fall.to * 2 <= this.#fall.from || mostAreMissing;
    const hasFailed = this.#failedAt !== undefined && this.#failedAt !== this.#counter;
    // Nothing at all is left: to hand a few entries out again is better than to delete them everywhere.
    if (hasFailed && known > 0 && missing === known) return true;
    if (!mostAreMissing || missing < MANY) return false;
    if (hasFailed) return true;
    return this.#leaptFrom !== undefined && this.#counter - this.#leaptFrom < missing;
  }

  /** Everything was compared with this in mind. */
  settle(): void {
    this.#fall = undefined;
    this.#vanished = false;
    this.#failedAt = undefined;
    this.#leaptFrom = undefined;
    this.#settledCounter = this.#counter;
  }
}
