// How long a link to an original waits, in milliseconds: from one look to the next, and after a failure. Pure functions.
import { backoffMs, MAX_DELAY_MS, type ReplicationLimits } from "@chorus/core/internal";

/** After a pull that took long nothing is asked for this many times as long. */
const REST_SHARE = 2;
/** Nor for this long for each row that was read: about twenty times what a row costs both sides. */
const REST_PER_ROW_MS = 0.5;

/** What the last pull cost. */
export interface PullCost {
  readonly tookMs: number;
  /** Rows that were read; 0 when nothing had changed. */
  readonly rows: number;
}

/** @param random in [0, 1): two replicas at the same original must not keep step, each would wait for what the other does */
export function pullDelayMs(restIntervalMs: number, { tookMs, rows }: PullCost, random: number): number {
  const delayMs = Math.max(restIntervalMs, REST_SHARE * tookMs, REST_PER_ROW_MS * rows);
  return Math.min(delayMs * (1 + random / 8), MAX_DELAY_MS);
}

/** @param attempt failures in a row before this one @param random in [0, 1) */
export function retryDelayMs(
  limits: ReplicationLimits,
  status: "offline" | "unauthorized",
  { attempt, random }: { attempt: number; random: number },
): number {
  const bounds =
    status === "unauthorized"
      ? { minMs: limits.refusedBackoffMinMs, maxMs: limits.refusedBackoffMaxMs }
      : { minMs: limits.backoffMinMs, maxMs: limits.backoffMaxMs };
  return backoffMs(attempt, random, bounds);
}
