// The 53-bit hash by which a value is remembered that an original holds: two values that are equal as JSON, whatever
// the order of their fields, have the same. It is no defence against somebody who looks for two values with one hash.
import { Digest } from "@chorus/core/internal";
import { canonicalText } from "../keys.js";
import { ABSENT } from "./original-decision.js";

/**
 * ABSENT for undefined. The hash is core's digest of a single entry.
 * @throws ChorusError invalid-key for what is not plain JSON
 */
export function valueHash(value: unknown): number {
  if (value === undefined) return ABSENT;
  const digest = new Digest();
  digest.add("", 0, canonicalText(value));
  return digest.value();
}

/** The same, but undefined for a value that cannot be stored here. */
export function usableHash(value: unknown): number | undefined {
  try {
    return valueHash(value);
  } catch {
    return undefined;
  }
}
