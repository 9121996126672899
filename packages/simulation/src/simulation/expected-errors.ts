// Error events that are no failure of a run.

/** Errors that a network such as ours explains; any other error event is a failure of the run. */
export const EXPECTED_ERRORS: ReadonlySet<string> = new Set([
  "closed",
  "connection-failed",
  "duplicate",
  "replaced",
  "self",
  "stalled",
  "timeout",
]);

/** What a store says whose disk is in trouble. */
export const DISK_ERRORS: readonly string[] = ["store-failed", "store-full"];
