// Stamps: readings of a hybrid logical clock, one safe integer each. Rule 2 of docs/document.md.
import { ChorusError } from "./errors.js";

/** Stamps per millisecond: a stamp is milliseconds × 1024 + counter. */
export const STAMPS_PER_MS = 1024;

/** Stamps above this are refused, so that a later one always fits a safe integer. */
export const MAX_STAMP = 2 ** 53 - 2 ** 40;

/** The stamp of a caller's own timestamp in milliseconds. @throws ChorusError invalid-timestamp */
export function stampOfTimestamp(timestampMs: number): number {
  const stamp = timestampMs * STAMPS_PER_MS;
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0 || stamp > MAX_STAMP) {
    throw new ChorusError(
      "invalid-timestamp",
      `a timestamp must be whole milliseconds from 0 to ${Math.floor(MAX_STAMP / STAMPS_PER_MS)}, not ${timestampMs}`,
    );
  }
  return stamp;
}

/** The milliseconds part of a stamp. */
export function timestampOfStamp(stamp: number): number {
  return Math.floor(stamp / STAMPS_PER_MS);
}

/**
 * A session's clock. It follows the session's own wall clock only: stamps of others never enter it, so one fast
 * clock does not push everybody into the future.
 */
export class StampClock {
  #last = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A stamp above every earlier one of this session and above `winnerStamp`, what the writer has seen.
   * @throws ChorusError invalid-timestamp when there is no room above the winner: peers would refuse the stamp
   */
  next(winnerStamp: number | undefined): number {
    const last = Math.max(Math.floor(this.#now()) * STAMPS_PER_MS, this.#last + 1);
    const stamp = Math.max(last, (winnerStamp ?? -1) + 1);
    if (stamp > MAX_STAMP) {
      throw new ChorusError("invalid-timestamp", "no stamp is left above the one this key or this clock has");
    }
    this.#last = last;
    return stamp;
  }
}

/** So many keys are remembered one by one. */
const REMEMBERED_KEYS = 16_384;

/**
 * The stamps that a session has seen win a key and go again: a tombstone that was dropped, above all. A later write
 * must be above them too, because what they covered may still be on its way here, and would supersede it although it
 * is dead (docs/document.md, rule 2). The oldest are merged into one floor for all keys.
 */
export class SeenStamps {
  readonly #stamps = new Map<string, number>();
  readonly #limit: number;
  readonly #ceiling: () => number;
  #floor = -1;
  #highest = -1;
  #top = -1;

  /**
   * @param limit default 16,384 keys @param ceiling the highest stamp that may count for all keys: one that is far in
   * the future counts for its own only, or a single wrong clock would push every later write there. Default: none
   */
  constructor(limit = REMEMBERED_KEYS, ceiling = (): number => MAX_STAMP) {
    this.#limit = limit;
    this.#ceiling = ceiling;
  }

  /** Earlier sessions of this replica have seen this stamp: for which key is forgotten, so it counts for all. */
  raiseFloor(stamp: number): void {
    if (stamp > this.#ceiling()) return;
    this.#floor = Math.max(this.#floor, stamp);
    this.#highest = Math.max(this.#highest, stamp);
  }

  /** The winner of `key` had this stamp, and what wins now, if anything, is lower. */
  note(key: string, stamp: number): void {
    if (stamp <= (this.#stamps.get(key) ?? this.#floor)) return;
    this.#stamps.set(key, stamp);
    if (stamp > this.#top) this.#top = stamp;
    if (stamp <= this.#ceiling()) this.#highest = Math.max(this.#highest, stamp);
    if (this.#stamps.size <= this.#limit) return;
    for (const [oldestKey, oldest] of this.#stamps) {
      this.#stamps.delete(oldestKey);
      this.raiseFloor(oldest);
      break;
    }
  }

  /** The highest stamp seen for `key` that is remembered, -1 for none. */
  of(key: string): number {
    return this.#stamps.get(key) ?? -1;
  }

  /** No stamp that `of` or `below` gives for what was seen is above this one. */
  get top(): number {
    return Math.max(this.#top, this.#floor);
  }

  /** The highest stamp seen for any key that may count for all, -1 for none. */
  get highest(): number {
    return this.#highest;
  }

  /** The stamp that a write of `key` has to be above, given the one that wins now. */
  below(key: string, winnerStamp: number | undefined): number {
    return Math.max(winnerStamp ?? -1, this.#stamps.get(key) ?? -1, this.#floor);
  }
}
