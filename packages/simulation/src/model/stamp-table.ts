// The stamps that the engine's own StampClock would give, as a pure function: the state of a clock is in the model's
// state, the rule is the engine's. It must never compute a stamp itself.
import { STAMPS_PER_MS, StampClock } from "@chorus/core/internal";

/** What one reading of a session's clock gives. */
export interface StampReading {
  readonly stamp: number;
  /** The clock afterwards: foreign stamps never enter it. */
  readonly clock: number;
}

const known = new Map<number, StampReading>();

/**
 * The stamp of the next write of a session.
 * @param clock the last stamp of the session's clock, 0 before the first
 * @param winnerStamp the stamp of the entry that the writer sees as the winner, -1 for none
 * @param wallMs what its wall clock shows, in milliseconds
 */
export function nextStamp(clock: number, winnerStamp: number, wallMs: number): StampReading {
  const key = (clock * 8192 + winnerStamp + 1) * 64 + wallMs;
  let reading = known.get(key);
  if (!reading) {
    reading = readClock(clock, winnerStamp, wallMs);
    known.set(key, reading);
  }
  return reading;
}

function readClock(clock: number, winnerStamp: number, wallMs: number): StampReading {
  const winner = winnerStamp < 0 ? undefined : winnerStamp;
  const stamp = clockAt(clock, wallMs).next(winner);
  return { stamp, clock: clockAt(clock, wallMs).next(undefined) };
}

/** A StampClock brought to `clock` by reading it often enough, its wall clock showing `wallMs` from then on. */
function clockAt(clock: number, wallMs: number): StampClock {
  let wall = Math.floor(clock / STAMPS_PER_MS);
  const stampClock = new StampClock(() => wall);
  if (clock > 0) for (let last = -1; last < clock; ) last = stampClock.next(undefined);
  wall = wallMs;
  return stampClock;
}
