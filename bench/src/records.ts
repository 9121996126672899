// Keys, values and chance of the benchmarks: the same in every run. Must never depend on the clock.
import { createHash } from "node:crypto";

/** The seed of every choice; printed with the reports that depend on it. */
export const SEED = 20_240_229;

/** A fresh generator of whole numbers in [0, bound), mulberry32: the same numbers for the same seed. */
export function numbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** `key:0` and so on. Made beforehand, so that no figure counts it. */
export function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key:${index}`);
}

/** A small record, about 35 bytes of JSON. */
export function recordOf(serial: number): { serial: number; text: string } {
  return { serial, text: `value ${serial}` };
}

/** A hash of keys and values, whatever their order: to compare contents without trusting the engine's own digest. */
export function hashOf(entries: Iterable<readonly [string, unknown]>): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}
