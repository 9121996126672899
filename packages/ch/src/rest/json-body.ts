// The body of a request as JSON. What a client sends is hostile until proven otherwise: deep nesting would cost the
// parser seconds and hundreds of megabytes, so it is looked for first. Must never throw anything but a refusal.
import { invalidRequest, type Refusal } from "./rest-refusal.js";

/** Rows of values, which may be nested 64 levels deep, and some to spare. */
const MAX_NESTING = 80;

/**
 * So many arrays may any body hold; a larger one, one for every so many bytes. Each costs a hundred bytes when it is
 * parsed: 16 MiB of empty ones took five seconds and a gigabyte. A map counts as several: half a million of them, no two
 * with the same field names, take half a second.
 */
const MAX_PARTS = 2_000_000;
const BYTES_PER_PART = 8;
const PARTS_PER_MAP = 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The JSON value that the bytes hold, as UTF-8; or the refusal. @param maxRows so many maps may an array of them hold */
export function parseBody(
  bytes: Uint8Array,
  maxRows = Number.POSITIVE_INFINITY,
): { readonly kind: "json"; readonly value: unknown } | Refusal {
  const { deepest, parts, rows } = measure(bytes);
  if (deepest > MAX_NESTING) return invalidRequest(`the body is nested deeper than ${MAX_NESTING} levels`);
  if (rows > maxRows) return tooLarge(`a request has at most ${maxRows} rows`);
  if (parts > Math.max(MAX_PARTS, bytes.length / BYTES_PER_PART)) {
    return tooLarge("the body is made of too many maps and arrays");
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    return invalidRequest("the body is no JSON in UTF-8");
  }
}

function tooLarge(message: string): Refusal {
  return { kind: "refused", status: 413, code: "too-large", message };
}

/** Counts brackets outside of strings, until they are too deep; of what is no JSON it may say anything, since the parser refuses that. */
function measure(bytes: Uint8Array): { deepest: number; parts: number; rows: number } {
  let depth = 0;
  let deepest = 0;
  let parts = 0;
  let rows = 0;
  let inString = false;
  for (let i = 0; i < bytes.length && deepest <= MAX_NESTING; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      parts += byte === OPEN_BRACE ? PARTS_PER_MAP : 1;
      if (++depth > deepest) deepest = depth;
      if (depth === 2) rows++;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
  }
  return { deepest, parts, rows };
}
