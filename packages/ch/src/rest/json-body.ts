// The body of a request as JSON. What a client sends is hostile until proven otherwise: deep nesting would cost the
// parser seconds and hundreds of megabytes, so it is looked for first. Must never throw anything but a refusal.
import { invalidRequest, type Refusal } from "./rest-refusal.js";

/** Rows of values, which may be nested 64 levels deep, and some to spare. */
const MAX_NESTING = 80;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The JSON value that the bytes hold, as UTF-8; or the refusal. */
export function parseBody(bytes: Uint8Array): { readonly kind: "json"; readonly value: unknown } | Refusal {
  if (isTooDeep(bytes)) return invalidRequest(`the body is nested deeper than ${MAX_NESTING} levels`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { kind: "json", value: JSON.parse(text) };
  } catch {
    return invalidRequest("the body is no JSON in UTF-8");
  }
}

/** Counts brackets outside of strings; of what is no JSON it may say anything, since the parser refuses that. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      if (++depth > MAX_NESTING) return true;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
  }
  return false;
}
