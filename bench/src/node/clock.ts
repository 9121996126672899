// The clock of the bench: monotonic, and the same in all processes of a machine (Linux, macOS, Windows), so that moments
// of different processes can be compared. Must never be the wall clock, which is set now and then.

/** Milliseconds since some moment that all processes here have in common. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
