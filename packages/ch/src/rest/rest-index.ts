// The index of a REST request as OpenAF writes it: "/name/value" pairs in the path, behind the path of the channel.
// Pure text work: knows no operations and no channels, and must never throw on what a client sent.
import { ChorusError } from "@chorus/core";

/** More fields than any operation takes; a longer index is no request of an OpenAF client. */
const MAX_FIELDS = 16;

/** How JSON begins. An error costs twenty times as much as looking first, and every request has an operation like "e". */
const MAY_BE_JSON = /^[\t\n\r "[{\-0-9tfn]/;

/**
 * "/o/e/k/%7B…%7D/t/179…" of fields in their order; objects and arrays JSON first, everything else as its text. So a
 * text that is JSON itself ("5") comes back as what it says: keys belong in maps.
 * @throws ChorusError invalid-key for a text with a lone surrogate, which no path can carry
 */
export function indexPath(fields: readonly (readonly [name: string, value: unknown])[]): string {
  return fields.map(([name, value]) => `/${encoded(name)}/${encoded(textOf(value))}`).join("");
}

/**
 * The fields of a still encoded subpath, each value parsed as JSON where it is JSON and a text where it is not
 * ("undefined" is a text); undefined for one that is malformed: an odd count, broken percent encoding, a query, a name
 * twice, over 16 fields.
 */
export function parseIndex(subpath: string): ReadonlyMap<string, unknown> | undefined {
  const fields = new Map<string, unknown>();
  if (subpath === "") return fields;
  if (!subpath.startsWith("/") || /[?#]/.test(subpath)) return undefined;
  const segments = subpath.slice(1).split("/", 2 * MAX_FIELDS + 1);
  if (segments.length % 2 !== 0 || segments.length > 2 * MAX_FIELDS) return undefined;
  for (let i = 0; i < segments.length; i += 2) {
    const name = decoded(segments[i]);
    const value = decoded(segments[i + 1]);
    if (name === undefined || value === undefined || fields.has(name)) return undefined;
    fields.set(name, parsed(value));
  }
  return fields;
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function encoded(text: string): string {
  if (!text.isWellFormed())
    throw new ChorusError("invalid-key", "a text with a lone surrogate fits in no path");
  return encodeURIComponent(text);
}

function decoded(segment = ""): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  if (!MAY_BE_JSON.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
