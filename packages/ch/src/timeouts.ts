// Timeouts as the methods of `$ch` take them: milliseconds, where a negative one, or Infinity, is none.
import { OptionError } from "@chorus/core";

/** The longest delay a timer takes, in milliseconds. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** The timeout, or -1 for none. @throws OptionError */
export function checkTimeout(timeoutMs: number): number {
  if (timeoutMs < 0 || timeoutMs === Number.POSITIVE_INFINITY) return -1;
  if (Number.isInteger(timeoutMs) && timeoutMs <= MAX_DELAY_MS) return timeoutMs;
  throw new OptionError(
    "the timeout",
    timeoutMs,
    `whole milliseconds up to ${MAX_DELAY_MS}, or below 0 for none`,
  );
}

/** The same as core's options take it: none is no option. @throws OptionError */
export function timeoutOption(timeoutMs: number): { timeoutMs?: number } {
  const checked = checkTimeout(timeoutMs);
  return checked < 0 ? {} : { timeoutMs: checked };
}
