// How long a link waits before it dials again: a pure function, so that it can be tested and simulated.

/** The bounds of the delays, in milliseconds. */
export interface BackoffBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Full jitter: a delay anywhere between `minMs` and a ceiling that doubles with every attempt up to `maxMs`.
 * @param attempt dials that failed since the last success, from 0
 * @param random in [0, 1)
 */
export function backoffMs(attempt: number, random: number, bounds: BackoffBounds): number {
  // 2 ** 1024 is Infinity, which Math.min copes with; the cap only keeps that from being a surprise.
  const ceilingMs = Math.min(bounds.maxMs, bounds.minMs * 2 ** (Math.min(attempt, 60) + 1));
  return bounds.minMs + random * (ceilingMs - bounds.minMs);
}
