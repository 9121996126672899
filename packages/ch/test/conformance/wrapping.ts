// How keys and values are wrapped, which keys are equal, and who shares objects with the store.
import { assert } from "@chorus/testing";
import { type Case, calls, told } from "./cases.js";

const KEYS = "keys: `set`, `push`, `get`, `getSet`, `unset`, `setAll`, `unsetAll`";
const VALUES = "values: `set`, `push`, `setAll`, `getSet`, `get`";
const ALIASING = "aliasing: `set`, `setAll`, `get`, `getAll`, `getKeys`, `forEach`, `subscribe`";
const BIG = "`big`: `set`, `get`, `setAll`, `unset`, `getKeys`, `forEach`";

const scalarKeys: Case[] = ["k", "", 1, 0, -1.5, true, false].map((key) => ({
  method: "set",
  title: `the scalar key ${JSON.stringify(key)} becomes a map`,
  source: "S2",
  original: "stored under {key: k}",
  here: "same",
  run: (data) => {
    assert.equal(data.set(key, { a: 1 }), { key });
    assert.equal(data.getKeys(), [{ key }]);
    assert.equal(data.get(key), { a: 1 });
    assert.equal(data.get({ key }), { a: 1 });
  },
}));

const scalarValues: Case[] = [5, "text", "", true, false, 0].map((value) => ({
  method: "set",
  title: `the scalar value ${JSON.stringify(value)} is wrapped with its key`,
  source: "S2",
  original: "{key: as passed, value: v}; get returns the wrapper",
  here: "same",
  run: (data) => {
    data.set("k", value);
    assert.equal(data.get("k"), { key: "k", value });
    assert.equal(data.getAll(), [{ key: "k", value }]);
  },
}));

const refusedKeys: Case[] = (
  [
    ["an array", [1]],
    ["NaN", Number.NaN],
    ["a function", () => 1],
    ["a map with a function", { at: () => 1 }],
    ["a bigint", 1n],
  ] as [string, unknown][]
).map(([what, key]) => ({
  method: "set",
  title: `${what} as a key is refused`,
  source: "S2",
  original: "stored, by its JSON text or not to be found again",
  here: "invalid-key, nothing is written: peers could not store it alike",
  row: KEYS,
  run: (data) => {
    assert.throwsCode(() => data.set(key, 1), "invalid-key");
    assert.throwsCode(() => data.get(key), "invalid-key");
    assert.throwsCode(() => data.unset(key), "invalid-key");
    assert.is(data.size(), 0);
  },
}));

const refusedValues: Case[] = (
  [
    ["a date", { at: new Date(0) }],
    ["NaN", { n: Number.NaN }],
    ["a function", { f: () => 1 }],
  ] as [string, unknown][]
).map(([what, value]) => ({
  method: "set",
  title: `${what} in a value is refused`,
  source: "S2",
  original: "stored by reference",
  here: "invalid-value, nothing is written: JSON cannot carry it",
  row: VALUES,
  run: (data) => {
    assert.throwsCode(() => data.set({ id: 1 }, value), "invalid-value");
    assert.is(data.size(), 0);
  },
}));

const identity: Case[] = [
  {
    method: "get",
    title: "the order of fields is irrelevant, also in nested maps",
    source: "S2",
    original: "JSON text with fields sorted at every level",
    here: "same",
    run: (data) => {
      data.set({ a: 1, b: { c: 1, d: [{ e: 1, f: 2 }] } }, { v: 1 });
      data.set({ b: { d: [{ f: 2, e: 1 }], c: 1 }, a: 1 }, { v: 2 });
      assert.equal(data.getAll(), [{ v: 2 }]);
      assert.equal(data.get({ b: { d: [{ f: 2, e: 1 }], c: 1 }, a: 1 }), { v: 2 });
    },
  },
  {
    method: "get",
    title: 'the keys 1 and "1" are different',
    source: "S2",
    original: "different",
    here: "same",
    run: (data) => {
      data.set(1, "number");
      data.set("1", "text");
      assert.is(data.size(), 2);
      assert.equal(data.get(1), { key: 1, value: "number" });
      assert.equal(data.get("1"), { key: "1", value: "text" });
    },
  },
  {
    method: "get",
    title: "a field that is undefined is absent",
    source: "S2",
    original: "absent",
    here: "same",
    run: (data) => {
      data.set({ a: 1, b: undefined }, { v: 1 });
      assert.equal(data.get({ a: 1 }), { v: 1 });
      assert.equal(data.getKeys(), [{ a: 1 }]);
    },
  },
  {
    method: "get",
    title: "a field that is null is not absent",
    source: "S2",
    original: "distinct",
    here: "same",
    run: (data) => {
      data.set({ a: 1, b: null }, { v: 1 });
      assert.is(data.get({ a: 1 }), undefined);
      data.set({ a: 1 }, { v: 2 });
      assert.is(data.size(), 2);
      assert.equal(data.get({ a: 1, b: null }), { v: 1 });
    },
  },
  {
    method: "set",
    title: "dates in keys are refused",
    source: "S2",
    original: "a date counts as {}, so all dates are the same key",
    here: "invalid-key: what is stored would not be what was passed",
    row: KEYS,
    run: (data) => {
      assert.throwsCode(() => data.set({ at: new Date(0) }, 1), "invalid-key");
      assert.throwsCode(() => data.set(new Date(0), 1), "invalid-key");
    },
  },
  {
    method: "unset",
    title: "keys with the same concatenated values are different",
    source: "S8.20",
    original: "big: one bucket for both, so size is one too few and removing one removes both",
    here: "found by their fields and values, with every type",
    row: BIG,
    run: (data) => {
      data.set({ p: 1, q: 12 }, { v: 1 });
      data.set({ p: 11, q: 2 }, { v: 2 });
      assert.is(data.size(), 2);
      data.unset({ p: 1, q: 12 });
      assert.equal(data.getAll(), [{ v: 2 }]);
    },
  },
  {
    method: "getKeys",
    title: "key maps come with their fields sorted",
    source: "S2",
    original: "as they were passed",
    here: "sorted: that is how equal keys are found",
    row: "key maps that are returned: `set`, `getSet`, `getKeys`, `getSortedKeys`, `forEach`",
    run: (data) => {
      assert.equal(Object.keys(data.set({ b: 1, a: { d: 1, c: 2 } }, {}) ?? {}), ["a", "b"]);
      assert.is(JSON.stringify(data.getKeys()), '[{"a":{"c":2,"d":1},"b":1}]');
    },
  },
];

const wrapped: Case[] = [
  {
    method: "set",
    title: "a scalar value under a map key carries the key map nested",
    source: "S2",
    original: "{key: {the map}, value: v}",
    here: "same",
    run: (data) => {
      assert.equal(data.set({ id: 1 }, "v"), { id: 1 });
      assert.equal(data.get({ id: 1 }), { key: { id: 1 }, value: "v" });
    },
  },
  {
    method: "set",
    title: "an array value is kept as array",
    source: "S2",
    original: "kept as array",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, [1, [2], { a: 3 }]);
      data.set("k", []);
      assert.equal(data.getAll(), [[1, [2], { a: 3 }], []]);
    },
  },
  {
    method: "set",
    title: "a map value is stored whole, whether or not it has the fields of its key",
    source: "S1",
    original: "the key map is normally, not necessarily, a subset of the value",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, x: { y: [1] } });
      data.set({ id: 2 }, { other: true });
      assert.equal(data.getAll(), [{ id: 1, x: { y: [1] } }, { other: true }]);
    },
  },
  {
    method: "get",
    title: "a map with the only field value comes back as it is",
    source: "S2",
    original: "means to unwrap it, but compares with ==, so it never does",
    here: "same",
    run: (data) => {
      data.set("k", { value: 9 });
      assert.equal(data.get("k"), { value: 9 });
    },
  },
  {
    method: "set",
    title: "an undefined value is stored as a wrapper without value",
    source: "S2",
    original: "not an object, so it is wrapped",
    here: "same",
    run: (data) => {
      data.set("k", undefined);
      assert.equal(data.get("k"), { key: "k" });
      assert.is(data.size(), 1);
    },
  },
  {
    method: "get",
    title: "a null value can be read",
    source: "S2",
    original: "stored, but get throws Cannot convert null to an object",
    here: "comes back as null: what can be set can be read",
    row: VALUES,
    run: (data) => {
      data.set({ id: 1 }, null);
      assert.is(data.get({ id: 1 }), null);
      assert.equal(data.getAll(), [null]);
      assert.is(data.size(), 1);
    },
  },
  {
    method: "set",
    title: "a null key throws",
    source: "S2",
    original: "throws",
    here: "same",
    run: (data) => {
      assert.throwsCode(() => data.set(null, 1), "invalid-key");
      assert.throwsCode(() => data.get(null), "invalid-key");
      assert.is(data.size(), 0);
    },
  },
  {
    method: "set",
    title: "an undefined key is the same as an empty map",
    source: "S2",
    original: "simple: the identity of {}",
    here: "same",
    types: ["simple", "memory"],
    run: (data) => {
      data.set(undefined, { x: 1 });
      assert.equal(data.get({}), { x: 1 });
      assert.equal(data.get(undefined), { x: 1 });
      assert.equal(data.set({}, { x: 2 }), {});
      assert.is(data.size(), 1);
    },
  },
  {
    method: "get",
    title: "an undefined key can be read back",
    source: "S2",
    original: "big stores it and cannot read it back",
    here: "the same as {}, as on simple",
    row: BIG,
    types: ["big"],
    run: (data) => {
      data.set(undefined, { x: 1 });
      assert.equal(data.get(undefined), { x: 1 });
      assert.equal(data.get({}), { x: 1 });
    },
  },
];

const aliasing: Case[] = [
  {
    method: "set",
    title: "a later change of what was passed does not reach the store",
    source: "S2",
    original: "simple stores by reference: it does (big stores a copy)",
    here: "never: a change that is no write would not reach peers",
    row: ALIASING,
    run: (data) => {
      const key = { id: 1 };
      const value = { id: 1, list: [1] };
      const rows = [{ id: 2, list: [1] }];
      data.set(key, value);
      data.setAll(["id"], rows);
      key.id = 9;
      value.list.push(2);
      rows[0]?.list.push(2);
      assert.equal(data.getKeys(), [{ id: 1 }, { id: 2 }]);
      assert.equal(data.getAll(), [
        { id: 1, list: [1] },
        { id: 2, list: [1] },
      ]);
    },
  },
  {
    method: "get",
    title: "a change of what is returned does not reach the store",
    source: "S2",
    original: "simple: it does",
    here: "never",
    row: ALIASING,
    run: (data) => {
      data.set({ id: 1 }, { id: 1 });
      const spoil = (map: unknown): void => void Object.assign(map as object, { id: 7 });
      spoil(data.get({ id: 1 }));
      spoil(data.getAll()[0]);
      spoil(data.getKeys()[0]);
      data.forEach((key, value) => {
        spoil(key);
        spoil(value);
      });
      assert.equal(data.getKeys(), [{ id: 1 }]);
      assert.equal(data.get({ id: 1 }), { id: 1 });
    },
  },
  {
    method: "subscribe",
    title: "what one subscriber changes reaches neither the store nor another subscriber",
    source: "S2",
    original: "simple: all share one object",
    here: "each has a copy, as it was when it was written",
    row: ALIASING,
    run: async (data) => {
      data.subscribe((...[, , , value]) => void Object.assign(value as object, { id: 7 }), true);
      const list = calls(data);
      const value = { id: 1 };
      data.set({ id: 1 }, value);
      value.id = 8;
      await data.waitForJobs();
      assert.equal(told(list), [["set", { id: 1 }, { id: 1 }]]);
      assert.equal(data.get({ id: 1 }), { id: 1 });
    },
  },
];

export const wrapping: readonly Case[] = [
  ...scalarKeys,
  ...scalarValues,
  ...wrapped,
  ...refusedKeys,
  ...refusedValues,
  ...identity,
  ...aliasing,
];
