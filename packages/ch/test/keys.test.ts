import { assert, suite } from "@chorus/testing";
import { canonicalText, keyText, parseKeyText, wrapKey } from "../src/keys.js";

const test = suite("keys");

const same: [string, object, object][] = [
  ["field order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["nested field order", { a: { x: 1, y: [{ p: 1, q: 2 }] } }, { a: { y: [{ q: 2, p: 1 }], x: 1 } }],
  ["an undefined field", { a: 1, b: undefined }, { a: 1 }],
  ["a nested undefined field", { a: { b: undefined } }, { a: {} }],
  ["negative zero", { a: -0 }, { a: 0 }],
];
for (const [what, one, other] of same) {
  test(`takes keys that differ by ${what} for the same`, () => assert.is(keyText(one), keyText(other)));
}

const different: [string, object, object][] = [
  ["type", { a: 1 }, { a: "1" }],
  ["null and absent", { a: null }, {}],
  ["true and its text", { a: true }, { a: "true" }],
  ["where a name ends", { p: 1, q: 12 }, { p: 11, q: 2 }],
  ["the order of an array", { a: [1, 2] }, { a: [2, 1] }],
  ["quotes in a name", { 'a":1,"b': 2 }, { a: 1, b: 2 }],
];
for (const [what, one, other] of different) {
  test(`tells keys apart by ${what}`, () => assert.is.not(keyText(one), keyText(other)));
}

test("writes fields in code unit order without spaces", () => {
  assert.is(
    keyText({ b: [1, "x", null], a: { d: true, c: -1.5 } }),
    '{"a":{"c":-1.5,"d":true},"b":[1,"x",null]}',
  );
});

const refused: [string, unknown][] = [
  ["a date", new Date(0)],
  ["a map object", new Map()],
  ["NaN", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["a function", () => 1],
  ["a bigint", 1n],
  ["a symbol", Symbol("x")],
  ["a lone surrogate", "\ud800"],
  ["an array with undefined", [undefined]],
  ["an array with a hole", new Array(2)],
  ["an own __proto__", JSON.parse('{"__proto__":1}')],
];
for (const [what, part] of refused) {
  test(`refuses ${what} in a key`, () => assert.throwsCode(() => keyText({ a: { b: part } }), "invalid-key"));
}

test("refuses a cycle", () => {
  const key: { self?: unknown } = {};
  key.self = key;
  assert.throwsCode(() => keyText(key), "invalid-key");
});

test("refuses a field name with a lone surrogate", () => {
  assert.throwsCode(() => keyText({ "\udfff": 1 }), "invalid-key");
});

test("names the place of what it refuses", () => {
  assert.throws(() => keyText({ a: { b: [1, Number.NaN] } }), /field a\.b\[1\] is NaN/);
});

test("wraps scalars and leaves maps", () => {
  const map = { id: 1 };
  assert.is(wrapKey(map), map);
  for (const scalar of ["k", 1, true, "", 0]) assert.equal(wrapKey(scalar), { key: scalar });
  assert.is(keyText(wrapKey(undefined)), "{}");
});

test("refuses null and arrays as keys", () => {
  assert.throwsCode(() => wrapKey(null), "invalid-key");
  assert.throwsCode(() => wrapKey([1]), "invalid-key");
});

test("reads a key text back", () => {
  assert.equal(parseKeyText(keyText({ b: 1, a: ["ä", null] })), { a: ["ä", null], b: 1 });
});

test("shows a key that is no map under the field key", () => {
  for (const text of ["plain", "[1]", "5", '"x"', "null", "{"])
    assert.equal(parseKeyText(text), { key: text });
});

test("writes canonical text of any JSON", () => {
  assert.is(canonicalText([{ b: 1, a: 2 }, "x", null]), '[{"a":2,"b":1},"x",null]');
});
