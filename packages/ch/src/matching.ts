// The condition of getSet: does a stored value match? Pure; never called for a key that is absent.
import { OptionError } from "@chorus/core";

/**
 * True when `match` is a function that answers truthy, or a map all of whose fields the stored value has, nested
 * maps compared the same way and arrays as a whole.
 * @throws OptionError for a match that is neither a map nor a function, and for an answer that is a promise: it would
 *   count as true whatever becomes of it
 */
export function matches(stored: unknown, match: unknown): boolean {
  if (typeof match === "function") return isTrue(match(stored));
  if (!isMap(match)) throw new OptionError("the match", match, "a map of fields or a function");
  return isMap(stored) && includes(stored, match);
}

/** Checks a match before it is used, so that a wrong one is refused for absent keys as well. */
export function checkMatch(match: unknown): void {
  if (typeof match !== "function" && !isMap(match)) {
    throw new OptionError("the match", match, "a map of fields or a function");
  }
}

function isTrue(answer: unknown): boolean {
  if (!(answer instanceof Promise)) return Boolean(answer);
  answer.catch(() => undefined);
  throw new OptionError(
    "the match",
    "an async function",
    "a map of fields or a function that answers at once",
  );
}

type Fields = { readonly [field: string]: unknown };

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function includes(stored: Fields, match: Fields): boolean {
  return Object.keys(match).every((field) => {
    const wanted = match[field];
    if (!Object.hasOwn(stored, field)) return wanted === undefined;
    return isMap(wanted)
      ? isMap(stored[field]) && includes(stored[field], wanted)
      : equal(stored[field], wanted);
  });
}

function equal(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((member, i) => equal(member, other[i]));
  }
  if (!isMap(one) || !isMap(other)) return false;
  const fields = Object.keys(one);
  return (
    fields.length === Object.keys(other).length &&
    fields.every((field) => Object.hasOwn(other, field) && equal(one[field], other[field]))
  );
}
