// How long a link to an original waits, in milliseconds: from one look to the next, and after a failure. Pure functions.
import { backoffMs, MAX_DELAY_MS, type ReplicationLimits } from "@chorus/core/internal";

/** A pull takes at most this part of the time. */
const PULL_SHARE = 20;

/** @param random in [0, 1): two replicas at the same original must not keep step, each would wait for what the other does */
export function pullDelayMs(restIntervalMs: number, tookMs: number, random: number): number {
  return Math.min(Math.max(restIntervalMs, PULL_SHARE * tookMs) * (1 + random / 8), MAX_DELAY_MS);
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
