// Timeouts as the methods of `$ch` take them: milliseconds, where a negative one, or Infinity, is none. A wrong one is
// refused: it would be none, and its caller would wait for ever.
import { OptionError } from "@chorus/core";
import { MAX_DELAY_MS } from "@chorus/core/internal";
import type { SyncedOptions } from "./handle.js";

/** The timeout, or -1 for none. @throws OptionError */
export function checkTimeout(timeoutMs: unknown): number {
  if (typeof timeoutMs === "number") {
    if (timeoutMs < 0 || timeoutMs === Number.POSITIVE_INFINITY) return -1;
    if (Number.isInteger(timeoutMs) && timeoutMs <= MAX_DELAY_MS) return timeoutMs;
  }
  throw new OptionError(
    "the timeout",
    timeoutMs,
    `whole milliseconds up to ${MAX_DELAY_MS}, or below 0 for none`,
  );
}

/** The same as core's options take it: none is no option. @throws OptionError */
export function timeoutOption(timeoutMs: unknown): { timeoutMs?: number } {
  const checked = checkTimeout(timeoutMs);
  return checked < 0 ? {} : { timeoutMs: checked };
}

/** What `whenSynced` takes, as core's takes it, which checks how many peers. @throws OptionError */
export function syncedOptions(options: SyncedOptions): { peers: number; timeoutMs?: number } {
  const title = "the options of whenSynced";
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new OptionError(title, options, "an object made of peers, timeout");
  }
  for (const option of Object.keys(options)) {
    if (option !== "peers" && option !== "timeout")
      throw new OptionError(title, option, "made of peers, timeout");
  }
  const { peers = 1, timeout = -1 } = options;
  return { peers, ...timeoutOption(timeout) };
}
