// How a value stands in the database: a format byte, a checksum, the payload. The checksum covers the key as well, so
// that a value that turned up under another key is found out. Only this file knows of checksums.
import CRC32 from "crc-32";
import type { ReadValue } from "./store-database.js";

const FORMAT = 1;
const HEADER_BYTES = 5;

/** What was found under a key: its payload, that it is missing, or that it is not what was written there. */
export type ReadRecord = Uint8Array | "missing" | "damaged";

/** The value to be stored under this key. */
export function frameRecord(key: string, payload: Uint8Array): Uint8Array {
  const value = new Uint8Array(HEADER_BYTES + payload.length);
  value.set(payload, HEADER_BYTES);
  return seal(key, value);
}

/** Puts the header in front of a payload that stands behind the room for it. */
function seal(key: string, value: Uint8Array): Uint8Array {
  value[0] = FORMAT;
  new DataView(value.buffer).setInt32(1, checksum(key, value.subarray(HEADER_BYTES)));
  return value;
}

/** What a stored value carries; the payload is a view on it. */
export function openRecord(key: string, value: ReadValue): ReadRecord {
  if (value === undefined) return "missing";
  if (value instanceof Error || value.length < HEADER_BYTES || value[0] !== FORMAT) return "damaged";
  const payload = value.subarray(HEADER_BYTES);
  const stored = new DataView(value.buffer, value.byteOffset).getInt32(1);
  return stored === checksum(key, payload) ? payload : "damaged";
}

/** Before the update itself: a stamp, as a float of 64 bits. */
const STAMP_BYTES = 8;

/** The value of an update. @param seenStamp see `RestoredState.seenStamp`: as it is with this update */
export function frameUpdate(key: string, update: Uint8Array, seenStamp: number): Uint8Array {
  // Not by way of a payload: every update that is stored would be copied once more.
  const value = new Uint8Array(HEADER_BYTES + STAMP_BYTES + update.length);
  new DataView(value.buffer).setFloat64(HEADER_BYTES, seenStamp);
  value.set(update, HEADER_BYTES + STAMP_BYTES);
  return seal(key, value);
}

/** What the payload of an update carries; undefined when it is none. */
export function openUpdate(payload: Uint8Array): { update: Uint8Array; seenStamp: number } | undefined {
  if (payload.length < STAMP_BYTES) return undefined;
  const seenStamp = new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
  return Number.isSafeInteger(seenStamp) ? { update: payload.subarray(STAMP_BYTES), seenStamp } : undefined;
}

function checksum(key: string, payload: Uint8Array): number {
  return CRC32.buf(payload, CRC32.str(key, FORMAT));
}
