import { assert, suite } from "@chorus/testing";
import { checkMatch, matches } from "../src/matching.js";

const test = suite("matching");

const stored = { id: 1, name: "x", deep: { a: 1, b: { c: [1, { d: 2 }] } }, none: null };

const cases: [string, unknown, boolean][] = [
  ["an empty map", {}, true],
  ["an equal field", { id: 1 }, true],
  ["another type", { id: "1" }, false],
  ["another value", { id: 2 }, false],
  ["a missing field", { other: 1 }, false],
  ["an undefined field that is missing", { other: undefined }, true],
  ["an undefined field that is there", { id: undefined }, false],
  ["a null field", { none: null }, true],
  ["null for a missing field", { other: null }, false],
  ["a part of a nested map", { deep: { a: 1 } }, true],
  ["a nested difference", { deep: { a: 2 } }, false],
  ["a map for a scalar", { id: {} }, false],
  ["an equal array", { deep: { b: { c: [1, { d: 2 }] } } }, true],
  ["a shorter array", { deep: { b: { c: [1] } } }, false],
  ["an array with a part of a map", { deep: { b: { c: [1, {}] } } }, false],
  ["an inherited name", { toString: Object.prototype.toString }, false],
  ["a function that says yes", (value: typeof stored) => value.id === 1, true],
  ["a function that says no", () => 0, false],
];
for (const [what, match, expected] of cases) {
  test(`answers ${expected} for ${what}`, () => assert.is(matches(stored, match), expected));
}

test("never matches a stored scalar or array with a map", () => {
  for (const value of [null, 1, "x", [1]]) assert.is(matches(value, {}), false);
});

test("refuses what is neither a map nor a function", () => {
  for (const match of [undefined, null, 1, "x", [1]]) {
    assert.throwsCode(() => checkMatch(match), "invalid-option");
    assert.throwsCode(() => matches(stored, match), "invalid-option");
  }
});

test("refuses the promise of an async function, whatever becomes of it", () => {
  for (const match of [async () => true, async () => Promise.reject(new Error("late"))]) {
    assert.throwsCode(() => matches(stored, match), "invalid-option");
  }
});
