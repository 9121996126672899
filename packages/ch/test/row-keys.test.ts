import type { JsonValue } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { keyText, wrapKey } from "../src/keys.js";
import { type KeyNames, rowsWithKeys, rowText } from "../src/row-keys.js";
import { wrapValue } from "../src/wrapping.js";

const test = suite("row keys");

/** What is stored for a key and a value as they are passed to `set`. */
function entry(key: unknown, value: unknown): [string, JsonValue] {
  return [keyText(wrapKey(key)), wrapValue(key, value) as JsonValue];
}

const told: [string, KeyNames, unknown, unknown][] = [
  ["a map with its key field", ["id"], { id: 1 }, { id: 1, city: "Porto" }],
  ["a map with two key fields", ["a", "b"], { b: 2, a: 1 }, { a: 1, b: 2, c: 3 }],
  ["a map that lacks one of them", ["a", "b"], { a: 1 }, { a: 1, c: 3 }],
  ["a scalar under a scalar", undefined, "k", 5],
  ["a scalar under a number", undefined, 1, true],
  ["a scalar under a map", undefined, { id: 1 }, "v"],
  ["a scalar among maps with key fields", ["id"], "k", 5],
  ["a scalar under a map among maps with key fields", ["id"], { id: 1 }, 5],
  ["a map that is shaped like a wrapper", undefined, "k", { key: "k", value: { x: 1 } }],
];
for (const [what, names, key, value] of told) {
  test(`finds the key of ${what}`, () => {
    const [text, stored] = entry(key, value);
    assert.is(rowText(text, stored, names), JSON.stringify(stored));
    const [row] = rowsWithKeys([stored], names);
    assert.is(row?.key, text);
    assert.is(row?.row, stored);
  });
}

const untold: [string, KeyNames, unknown, unknown][] = [
  ["a map without its key field", ["id"], { id: 1 }, { city: "Porto" }],
  ["a map whose key field says otherwise", ["id"], { id: 1 }, { id: 2 }],
  ["a map, without names", undefined, { id: 1 }, { id: 1 }],
  ["an array", ["id"], { id: 1 }, [1]],
  ["null", ["id"], { id: 1 }, null],
  ["the empty key", ["id"], {}, { x: 1 }],
];
for (const [what, names, key, value] of untold) {
  test(`does not make up the key of ${what}`, () => {
    const [text, stored] = entry(key, value);
    assert.is(rowText(text, stored, names), undefined);
  });
}

test("refuses rows that do not tell their key, and says which", () => {
  for (const row of [5, null, [1], { x: 1 }, { key: null, value: 1 }, { key: [1], value: 1 }]) {
    const error = assert.throwsCode(() => rowsWithKeys([{ id: 1 }, row], ["id"]), "file-failed");
    assert.match(error.message, /row 1/);
  }
  assert.throwsCode(() => rowsWithKeys([{ id: "\ud800" }], ["id"]), "file-failed");
});
