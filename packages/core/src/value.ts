// Values are JSON, stored as text and parsed when read (rule 10 of docs/document.md). Everything that JSON cannot
// carry unchanged is refused here, before the document is touched.
import { ChorusError, describe } from "./errors.js";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [field: string]: JsonValue };

/** Arrays and objects may be nested this deep. */
export const MAX_VALUE_DEPTH = 64;

/**
 * The JSON text of a value. Fields that are `undefined` count as absent; field order is kept.
 * @throws ChorusError invalid-value, naming the place, for anything JSON would change or drop
 */
export function encodeValue(value: unknown): string {
  assertJson(value, "", 0);
  return JSON.stringify(value);
}

/** Throws unless JSON carries the value unchanged. `path` is where it stands, for the message. */
function assertJson(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case "boolean":
      return;
    case "string":
      if (!value.isWellFormed()) refuse(path, "a string with a lone surrogate");
      return;
    case "number":
      if (!Number.isFinite(value)) refuse(path, String(value));
      return;
    case "object":
      if (value !== null) assertJsonObject(value, path, depth + 1);
      return;
    default:
      refuse(path, typeof value === "bigint" ? "a bigint" : describe(value));
  }
}

function assertJsonObject(value: object, path: string, depth: number): void {
  if (depth > MAX_VALUE_DEPTH) refuse(path, `nesting deeper than ${MAX_VALUE_DEPTH}, or a cycle`);
  if (Array.isArray(value)) {
    const isPlain =
      Object.getPrototypeOf(value) === Array.prototype && Object.keys(value).length === value.length;
    if (!isPlain) refuse(path, "an array with holes, fields or a class of its own");
    for (let i = 0; i < value.length; i++) assertJson(value[i], `${path}[${i}]`, depth);
    return;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    refuse(path, `an instance of ${className(prototype)}`);
  }
  for (const field of Object.keys(value)) {
    if (field === "__proto__") refuse(path, "a field named __proto__");
    if (!field.isWellFormed()) refuse(path, "a field name with a lone surrogate");
    const member = (value as Record<string, unknown>)[field];
    if (member !== undefined) assertJson(member, path === "" ? field : `${path}.${field}`, depth);
  }
}

function className(prototype: object): string {
  const maker = (prototype as { constructor?: unknown }).constructor;
  return typeof maker === "function" && maker.name ? maker.name : "a class";
}

function refuse(path: string, found: string): never {
  const place = path === "" ? "the value" : `the value's ${path.slice(0, 200)}`;
  throw new ChorusError("invalid-value", `${place} is ${found}; values must be plain JSON`);
}

/** The value of a stored text; undefined for a text that is no JSON, which the guard keeps out. */
export function parseValue(json: string): JsonValue | undefined {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    return undefined;
  }
}
