import { assert, suite } from "@chorus/testing";
import { encodeValue, MAX_VALUE_DEPTH, parseValue } from "../src/value.js";

const test = suite("value");

test("carries plain JSON unchanged", () => {
  for (const value of [
    null,
    true,
    0,
    -1.5,
    "",
    "ä€😀",
    [],
    {},
    [1, [2, { a: null }]],
    { b: 1, a: { c: [] } },
  ]) {
    assert.equal(parseValue(encodeValue(value)), value);
  }
});

test("keeps the order of fields, and takes an undefined field as absent", () => {
  assert.is(encodeValue({ b: 1, a: undefined, c: 2 }), '{"b":1,"c":2}');
});

test("accepts objects without a prototype", () => {
  const bare = Object.create(null) as Record<string, unknown>;
  bare.a = 1;
  assert.is(encodeValue(bare), '{"a":1}');
});

test("refuses everything that JSON would change or drop", () => {
  class Point {
    x = 1;
  }
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const ownProto = JSON.parse('{"__proto__": {"isAdmin": true}}') as unknown;
  const refused: [string, unknown][] = [
    ["undefined", undefined],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["bigint", 1n],
    ["symbol", Symbol("s")],
    ["function", () => 1],
    ["Date", new Date(0)],
    ["Map", new Map()],
    ["Uint8Array", new Uint8Array(1)],
    ["class instance", new Point()],
    ["boxed string", Object("text")],
    ["cycle", cyclic],
    ["own __proto__", ownProto],
    ["lone surrogate", "\ud800"],
    ["lone surrogate in a field name", { "\udc00": 1 }],
    ["undefined in an array", [undefined]],
    ["hole in an array", new Array(2)],
    ["deep inside", { a: [{ b: new Date(0) }] }],
  ];
  for (const [name, value] of refused) {
    assert.throwsCode(() => encodeValue(value), "invalid-value");
    assert.ok(name);
  }
});

test("names the place of what it refuses", () => {
  assert.throws(() => encodeValue({ a: [1, { b: 2n }] }), /value's a\[1\]\.b is a bigint/);
});

test("accepts nesting up to the limit and refuses one more", () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  assert.ok(encodeValue(nested(MAX_VALUE_DEPTH)));
  assert.throwsCode(() => encodeValue(nested(MAX_VALUE_DEPTH + 1)), "invalid-value");
});

test("reads a text that is no JSON as undefined", () => {
  assert.is(parseValue("{"), undefined);
});
