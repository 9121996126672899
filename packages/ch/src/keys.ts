// Key maps and the plain strings that core uses as keys: a key's canonical JSON text, fields sorted at every level.
// So field order is irrelevant, 1 differs from "1", and a field that is undefined is absent. Never touches values.
import { ChorusError } from "@chorus/core";
import type { KeyMap } from "./types.js";

/** Maps and arrays in a key may be nested this deep. */
const MAX_KEY_DEPTH = 64;

/**
 * The key map of a key as passed: a scalar `k` becomes `{ key: k }`.
 * @throws ChorusError invalid-key for null and for an array
 */
export function wrapKey(key: unknown): object {
  if (key === null || Array.isArray(key)) {
    throw new ChorusError(
      "invalid-key",
      `a key must be a map of fields or a scalar, not ${key === null ? "null" : "an array"}`,
    );
  }
  return typeof key === "object" ? key : { key };
}

/**
 * The string under which core keeps a key map.
 * @throws ChorusError invalid-key, naming the place, for what JSON cannot carry: dates, NaN, functions, cycles, …
 */
export function keyText(keyMap: object): string {
  return mapText(keyMap, "", 1);
}

/** The key map of a core key. A key that another kind of program wrote is shown as `{ key: "its text" }`. */
export function parseKeyText(text: string): KeyMap {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as KeyMap;
  } catch {
    // Not ours: shown as it is.
  }
  return { key: text };
}

/**
 * JSON text with the fields of every map sorted; `path` is where the value stands, for the message.
 * @throws ChorusError invalid-key for what is not plain JSON
 */
export function canonicalText(value: unknown, path = "", depth = 0): string {
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "string":
      return stringText(value, path);
    case "number":
      if (!Number.isFinite(value)) refuse(path, String(value));
      return JSON.stringify(value);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? arrayText(value, path, depth + 1) : mapText(value, path, depth + 1);
    default:
      refuse(path, typeof value === "undefined" ? "undefined" : `a ${typeof value}`);
  }
}

function arrayText(array: readonly unknown[], path: string, depth: number): string {
  checkDepth(path, depth);
  // By index, so that a hole is refused like the undefined that it is.
  return `[${Array.from(array, (member, i) => canonicalText(member, `${path}[${i}]`, depth)).join(",")}]`;
}

function mapText(map: object, path: string, depth: number): string {
  checkDepth(path, depth);
  const prototype: unknown = Object.getPrototypeOf(map);
  if (prototype !== Object.prototype && prototype !== null) refuse(path, "not a plain map");
  const fields: string[] = [];
  for (const field of Object.keys(map).sort()) {
    if (field === "__proto__") refuse(path, "a map with a field named __proto__");
    const member = (map as { [field: string]: unknown })[field];
    if (member === undefined) continue;
    const place = path === "" ? field : `${path}.${field}`;
    fields.push(`${stringText(field, place)}:${canonicalText(member, place, depth)}`);
  }
  return `{${fields.join(",")}}`;
}

function stringText(text: string, path: string): string {
  if (!text.isWellFormed()) refuse(path, "a string with a lone surrogate");
  return JSON.stringify(text);
}

function checkDepth(path: string, depth: number): void {
  if (depth > MAX_KEY_DEPTH) refuse(path, `nesting deeper than ${MAX_KEY_DEPTH}, or a cycle`);
}

function refuse(path: string, found: string): never {
  const place = path === "" ? "the key" : `the key's field ${path.slice(0, 200)}`;
  throw new ChorusError("invalid-key", `${place} is ${found}; keys must be plain JSON`);
}
