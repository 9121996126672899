// set, push, setAll, unsetAll, getSet and unset: returns, what is stored, and what is refused. Times are in timestamps.ts.
import { assert } from "@chorus/testing";
import { type Case, calls, told } from "./cases.js";

const BIG = "`big`: `set`, `get`, `setAll`, `unset`, `getKeys`, `forEach`";
const WRONG = "any, with a wrong argument";
const ROWS = "`setAll`, `unsetAll`";

const set: Case[] = [
  {
    method: "set",
    title: "returns the key map",
    source: "S3",
    original: "simple: the key map",
    here: "same",
    types: ["simple", "memory"],
    run: (data) => {
      assert.equal(data.set({ id: 1 }, { id: 1 }), { id: 1 });
      assert.equal(data.set("k", 5), { key: "k" });
    },
  },
  {
    method: "set",
    title: "returns the key map also on big",
    source: "S3",
    original: "big: an internal uuid",
    here: "the key map, as on simple: the types are one",
    row: BIG,
    types: ["big"],
    run: (data) => {
      assert.equal(data.set({ id: 1 }, { id: 1 }), { id: 1 });
    },
  },
  {
    method: "set",
    title: "replaces what is there, whole",
    source: "S3",
    original: "replaces",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, a: 1 });
      data.set({ id: 1 }, { id: 1, b: 2 });
      assert.equal(data.getAll(), [{ id: 1, b: 2 }]);
    },
  },
  {
    method: "set",
    title: "when it throws, nothing is written and no subscriber is called",
    source: "S3",
    original: "exception of the backend propagates; subscribers not called",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      assert.throwsCode(() => data.set("k", { at: new Date(0) }), "invalid-value");
      await data.waitForJobs();
      assert.equal([data.size(), list], [0, []]);
    },
  },
];

const push: Case[] = [
  {
    method: "push",
    title: "is set, chainable",
    source: "S3",
    original: "$ch; same as set without ts",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      assert.is(data.push("k", 5).push({ id: 1 }, { id: 1 }), data);
      assert.equal(data.getAll(), [{ key: "k", value: 5 }, { id: 1 }]);
      await data.waitForJobs();
      assert.equal(told(list), [
        ["set", "k", 5],
        ["set", { id: 1 }, { id: 1 }],
      ]);
    },
  },
  {
    method: "push",
    title: "takes no timestamp",
    source: "S3",
    original: "ignores further arguments",
    here: "same",
    run: (data) => {
      data.set("k", "first");
      const push = data.push.bind(data) as (...args: unknown[]) => unknown;
      push("k", "second", 1, "uuid");
      assert.equal(data.get("k"), { key: "k", value: "second" });
    },
  },
];

const setAll: Case[] = [
  {
    method: "setAll",
    title: "returns undefined, stores rows whole under the picked key",
    source: "S3",
    original: "key = pick(row, keyNames); rows are stored whole",
    here: "same",
    run: (data) => {
      assert.is(data.setAll(["b", "a"], [{ a: 1, b: 2, c: 3 }]), undefined);
      assert.equal(data.getKeys(), [{ a: 1, b: 2 }]);
      assert.equal(data.get({ a: 1, b: 2 }), { a: 1, b: 2, c: 3 });
    },
  },
  {
    method: "setAll",
    title: "of rows with the same key the last stays",
    source: "S3",
    original: "last wins",
    here: "same",
    run: (data) => {
      const rows = [{ id: 1, x: 1 }, { id: 2 }, { id: 1, x: 2 }];
      data.setAll(["id"], rows);
      assert.is(data.size(), 2);
      assert.equal(data.get({ id: 1 }), { id: 1, x: 2 });
    },
  },
  {
    method: "setAll",
    title: "rows without the key fields are one entry, of the empty key",
    source: "S3",
    original: "simple: the same as {}, all collapse onto one entry",
    here: "same",
    types: ["simple", "memory"],
    run: (data) => {
      data.setAll(["nope"], [{ id: 1 }, { id: 2 }]);
      assert.equal(data.getKeys(), [{}]);
      assert.equal(data.get({}), { id: 2 });
    },
  },
  {
    method: "setAll",
    title: "rows without the key fields can be read back",
    source: "S3",
    original: "big: not retrievable",
    here: "under the empty key, as on simple",
    row: BIG,
    types: ["big"],
    run: (data) => {
      data.setAll(["nope"], [{ id: 1 }, { id: 2 }]);
      assert.equal(data.get({}), { id: 2 });
    },
  },
  {
    method: "setAll",
    title: "of several key fields a missing one is absent",
    source: "S3",
    original: "missing field -> undefined, which is absent",
    here: "same",
    types: ["simple", "memory"],
    run: (data) => {
      data.setAll(["a", "b"], [{ a: 1 }]);
      assert.equal(data.get({ a: 1 }), { a: 1 });
    },
  },
  {
    method: "setAll",
    title: "takes an empty array",
    source: "S3",
    original: "empty array ok",
    here: "same",
    run: (data) => {
      assert.is(data.setAll(["id"], []), undefined);
      assert.is(data.size(), 0);
    },
  },
  {
    method: "setAll",
    title: "without rows nobody is notified",
    source: "S3",
    original: "subscribers are called with an empty array",
    here: "nothing happened, so nothing is told",
    row: ROWS,
    run: async (data) => {
      const list = calls(data);
      data.setAll(["id"], []);
      data.unsetAll(["id"], []);
      await data.waitForJobs();
      assert.equal(list, []);
    },
  },
  {
    method: "setAll",
    title: "throws when the names are no array, or there are no values",
    source: "S3",
    original: "throws for both",
    here: "same",
    run: (data) => {
      assert.throwsCode(() => data.setAll("id" as never, [{ id: 1 }]), "invalid-option");
      assert.throwsCode(() => data.setAll(["id"], undefined as never), "invalid-option");
      assert.is(data.size(), 0);
    },
  },
  {
    method: "setAll",
    title: "checks all rows before it writes any",
    source: "S3",
    original: "writes row after row, until one throws",
    here: "all or nothing",
    row: ROWS,
    run: async (data) => {
      const list = calls(data);
      assert.throwsCode(() => data.setAll(["id"], [{ id: 1 }, { id: 2, at: new Date(0) }]), "invalid-value");
      assert.throwsCode(() => data.setAll(["id"], [{ id: 1 }, { id: Number.NaN }]), "invalid-key");
      assert.throwsCode(() => data.setAll(["id"], [{ id: 1 }, 5 as never]), "invalid-value");
      await data.waitForJobs();
      assert.equal([data.size(), list], [0, []]);
    },
  },
];

const unsetAll: Case[] = [
  {
    method: "unsetAll",
    title: "returns undefined, needs only the key fields, ignores absent rows",
    source: "S3",
    original: "rows need only the key fields; absent rows ignored",
    here: "same",
    run: (data) => {
      data.setAll(["id"], [{ id: 1, x: 1 }, { id: 2 }, { id: 3 }]);
      assert.is(data.unsetAll(["id"], [{ id: 1 }, { id: 7 }, { id: 3, other: 5 }]), undefined);
      assert.equal(data.getKeys(), [{ id: 2 }]);
    },
  },
  {
    method: "unsetAll",
    title: "throws when the names are no array, or there are no values",
    source: "S3",
    original: "an exception of the place where it hurts",
    here: "invalid-option, nothing is removed",
    row: WRONG,
    run: (data) => {
      data.set({ id: 1 }, { id: 1 });
      assert.throwsCode(() => data.unsetAll("id" as never, [{ id: 1 }]), "invalid-option");
      assert.throwsCode(() => data.unsetAll(["id"], undefined as never), "invalid-option");
      assert.throwsCode(() => data.unsetAll(["id"], [{ id: 1 }, 5 as never]), "invalid-value");
      assert.is(data.size(), 1);
    },
  },
];

const getSet: Case[] = [
  {
    method: "getSet",
    title: "writes when a partial map matches, and returns as set",
    source: "S3",
    original: "set only if the present value matches; nested compare",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, state: { at: "new", n: 1 } });
      assert.equal(data.getSet({ state: { at: "new" } }, { id: 1 }, { id: 1, done: true }), { id: 1 });
      assert.equal(data.get({ id: 1 }), { id: 1, done: true });
    },
  },
  {
    method: "getSet",
    title: "writes when a function matches",
    source: "S3",
    original: "match may be a predicate",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, n: 1 });
      const isOne = (stored: unknown): boolean => (stored as { n: number }).n === 1;
      assert.equal(data.getSet(isOne, { id: 1 }, { id: 1, n: 2 }), { id: 1 });
      assert.is(data.getSet(isOne, { id: 1 }, { id: 1, n: 3 }), undefined);
      assert.equal(data.get({ id: 1 }), { id: 1, n: 2 });
    },
  },
  {
    method: "getSet",
    title: "returns undefined and writes nothing when nothing matches",
    source: "S3",
    original: "undefined",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, n: 1 });
      assert.is(data.getSet({ n: 2 }, { id: 1 }, { id: 1, n: 3 }), undefined);
      assert.is(data.getSet({ n: 1, more: 1 }, { id: 1 }, { id: 1, n: 3 }), undefined);
      assert.equal(data.getAll(), [{ id: 1, n: 1 }]);
    },
  },
  {
    method: "getSet",
    title: "an absent key never matches",
    source: "S3",
    original: "absent key: no match",
    here: "same",
    run: (data) => {
      assert.is(data.getSet({}, { id: 1 }, { id: 1 }), undefined);
      assert.is(
        data.getSet(() => true, { id: 1 }, { id: 1 }),
        undefined,
      );
      assert.is(data.size(), 0);
    },
  },
  {
    method: "getSet",
    title: "works with scalar keys",
    source: "S8.16",
    original: "the key is not wrapped, so scalar keys never match",
    here: "wrapped as everywhere",
    row: "`getSet`",
    run: (data) => {
      data.set("k", 1);
      assert.equal(data.getSet({ value: 1 }, "k", 2), { key: "k" });
      assert.equal(data.get("k"), { key: "k", value: 2 });
    },
  },
  {
    method: "getSet",
    title: "a miss tells nobody",
    source: "S8.6",
    original: "subscribers are called whether or not it matched",
    here: "only when it was written",
    row: "`getSet`",
    run: async (data) => {
      data.set({ id: 1 }, { id: 1, n: 1 });
      const list = calls(data);
      data.getSet({ n: 2 }, { id: 1 }, { id: 1, n: 3 });
      data.getSet({ n: 1 }, { id: 1 }, { id: 1, n: 4 });
      await data.waitForJobs();
      assert.equal(told(list), [["set", { id: 1 }, { id: 1, n: 4 }]]);
    },
  },
  {
    method: "getSet",
    title: "refuses a match that is neither map nor function",
    source: "S3",
    original: "an exception of the place where it hurts",
    here: "invalid-option, also for an absent key",
    row: WRONG,
    run: (data) => {
      assert.throwsCode(() => data.getSet("n" as never, { id: 1 }, 1), "invalid-option");
      assert.throwsCode(() => data.getSet(undefined as never, { id: 1 }, 1), "invalid-option");
    },
  },
];

const unset: Case[] = [
  {
    method: "unset",
    title: "removes an entry, by the key as passed or its map, chainable",
    source: "S3",
    original: "$ch",
    here: "same",
    run: (data) => {
      data.set("k", 1);
      data.set("l", 1);
      assert.is(data.unset("k").unset({ key: "l" }), data);
      assert.is(data.size(), 0);
      assert.is(data.get("k"), undefined);
    },
  },
  {
    method: "unset",
    title: "an absent key is fine",
    source: "S3",
    original: "absent key is fine",
    here: "same",
    run: (data) => {
      assert.is(data.unset("nope"), data);
      assert.is(data.size(), 0);
    },
  },
];

export const writing: readonly Case[] = [...set, ...push, ...setAll, ...unsetAll, ...getSet, ...unset];
