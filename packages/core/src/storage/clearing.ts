// Deletes what a fold or a crash has left behind. It may fail: what stays is never read, and goes another time.
import type { KeyRange, StoreDatabase } from "./store-database.js";

/** Clears one range after the other, then calls back, however that went. */
export function clearRanges(database: StoreDatabase, ranges: readonly KeyRange[], done: () => void): void {
  const [range, ...others] = ranges;
  if (!range) return done();
  let answered = false;
  const next = (): void => {
    if (answered) return;
    answered = true;
    clearRanges(database, others, done);
  };
  try {
    database.clear(range, next);
  } catch {
    next();
  }
}
