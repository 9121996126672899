// The limits of keys and values, in bytes of UTF-8, and of delays; checked before anything is touched.
import { ChorusError, describe, OptionError } from "./errors.js";
import { MAX_STAMP } from "./stamp.js";

/** The most a key may take, however it is configured: peers refuse longer ones. */
export const MAX_KEY_BYTES = 4 * 1024;

/** The default of the most a value's JSON text may take. */
export const MAX_VALUE_BYTES = 1024 * 1024;

/**
 * One update is ended at this many UTF-16 units of keys and values. With one more value of the largest size it
 * stays under 4 MiB on the wire, the largest frame, unless nearly all of it is outside Latin scripts; hence the half.
 */
export const MAX_BATCH_UNITS = 512 * 1024;

/** The longest delay that a timer takes, in milliseconds. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** Checks a timeout in milliseconds; undefined is none. @throws OptionError */
export function checkTimeout(option: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0 && value <= MAX_DELAY_MS)) return;
  throw new OptionError(option, value, `a number from 0 to ${MAX_DELAY_MS}`);
}

/** @throws ChorusError invalid-key for what is no key, too-large for a longer one */
export function assertKey(key: unknown, maxBytes: number): asserts key is string {
  if (typeof key !== "string" || key === "" || !key.isWellFormed()) {
    throw new ChorusError(
      "invalid-key",
      `a key must be a non-empty, well-formed string, not ${describe(key)}`,
    );
  }
  if (exceeds(key, maxBytes)) {
    throw new ChorusError("too-large", `a key must be at most ${maxBytes} bytes: ${describe(key)}`);
  }
}

/** @throws ChorusError too-large */
export function assertValueSize(json: string, maxBytes: number): void {
  if (exceeds(json, maxBytes))
    throw new ChorusError("too-large", `a value must be at most ${maxBytes} bytes of JSON`);
}

/** @throws ChorusError invalid-timestamp when no stamp is left above the one that a write of a key has to beat */
export function assertRoomAbove(stamp: number): void {
  if (stamp >= MAX_STAMP) {
    throw new ChorusError("invalid-timestamp", "no stamp is left above the one this key has");
  }
}

/** Counts only when the length leaves it open: a code unit takes one to three bytes. */
function exceeds(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  if (text.length * 3 <= maxBytes) return false;
  return utf8Length(text) > maxBytes;
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) bytes++;
    // Each half of a pair counts two, together the four bytes of the character.
    if (unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff)) bytes++;
  }
  return bytes;
}
