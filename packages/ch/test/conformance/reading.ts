// size, get, getAll, getKeys, getSortedKeys and forEach: what they return, and in which order.
import { assert } from "@chorus/testing";
import { type Case, pairOf } from "./cases.js";

const ORDER = "`getKeys`, `getAll`, `forEach`";
const SORTED = "`getSortedKeys`";
const BIG = "`big`: `set`, `get`, `setAll`, `unset`, `getKeys`, `forEach`";
const EACH = "`forEach`";

const returns: Case[] = [
  {
    method: "size",
    title: "is the number of keys",
    source: "S3",
    original: "number of keys",
    here: "same",
    run: (data) => {
      assert.is(data.size(), 0);
      data.push("a", 1).push("a", 2).push("b", 1);
      assert.is(data.size(), 2);
      data.unset("a");
      assert.is(data.size(), 1);
    },
  },
  {
    method: "get",
    title: "returns what is stored, or undefined",
    source: "S3",
    original: "stored value or undefined",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, a: [1] });
      assert.equal(data.get({ id: 1 }), { id: 1, a: [1] });
      assert.is(data.get({ id: 2 }), undefined);
      assert.is(data.get("nope"), undefined);
    },
  },
  {
    method: "get",
    title: "takes an extra argument that such types ignore, as getAll, getKeys and getSortedKeys do",
    source: "S3",
    original: "x is for some backends",
    here: "same",
    run: (data) => {
      data.set("k", 1);
      const extra = { filter: "none" };
      assert.equal(data.get("k", extra), data.get("k"));
      assert.equal(data.getAll(extra), data.getAll());
      assert.equal(data.getKeys(false, extra), data.getKeys());
      assert.equal(data.getSortedKeys(false, extra), data.getSortedKeys());
    },
  },
  {
    method: "getAll",
    title: "is an array of values",
    source: "S3",
    original: "array of values",
    here: "same",
    run: (data) => {
      assert.equal(data.getAll(), []);
      data.setAll(["id"], [{ id: 1, x: 1 }, { id: 2 }]);
      data.set("k", 5);
      assert.equal(data.getAll(), [{ id: 1, x: 1 }, { id: 2 }, { key: "k", value: 5 }]);
    },
  },
  {
    method: "getKeys",
    title: "is an array of key maps",
    source: "S3",
    original: "array of key maps",
    here: "same",
    run: (data) => {
      assert.equal(data.getKeys(), []);
      data.setAll(["id"], [{ id: 1, x: 1 }, { id: 2 }]);
      data.set("k", 5);
      assert.equal(data.getKeys(), [{ id: 1 }, { id: 2 }, { key: "k" }]);
    },
  },
  {
    method: "getKeys",
    title: "full has no effect on such types",
    source: "S3",
    original: "simple: no effect",
    here: "same",
    types: ["simple", "memory"],
    run: (data) => {
      data.set("k", 5);
      assert.equal(data.getKeys(true), [{ key: "k" }]);
    },
  },
  {
    method: "getKeys",
    title: "full gives key maps also on big",
    source: "S3",
    original: "big: full = index records {u,k,t,n}",
    here: "key maps: there is no such index",
    row: BIG,
    types: ["big"],
    run: (data) => {
      data.set("k", 5);
      assert.equal(data.getKeys(true), [{ key: "k" }]);
      assert.equal(data.getSortedKeys(true), [{ key: "k" }]);
    },
  },
];

const orders: Case[] = [
  {
    method: "getKeys",
    title: "goes by the last write, as getAll and forEach do",
    source: "S3",
    original: "simple: insertion order; setting again does not move",
    here: "the entry written longest ago first: the same order on all peers",
    row: ORDER,
    run: (data) => {
      data.push("a", 1).push("b", 1).push("c", 1).push("a", 2);
      const keys = ["b", "c", "a"];
      assert.equal(
        data.getKeys(),
        keys.map((key) => ({ key })),
      );
      assert.equal(
        data.getAll().map((value) => (value as { key: string }).key),
        keys,
      );
      const visited: unknown[] = [];
      data.forEach((key) => void visited.push(key));
      assert.equal(visited, data.getKeys());
    },
  },
  {
    method: "getSortedKeys",
    title: "goes by the last write, the oldest first",
    source: "S3",
    original: "by last-modified time ascending",
    here: "same",
    run: (data) => {
      data.push("a", 1).push("b", 1).push("c", 1).push("a", 2);
      assert.equal(data.getSortedKeys(), [{ key: "b" }, { key: "c" }, { key: "a" }]);
    },
  },
  {
    method: "getSortedKeys",
    title: "writes of one millisecond stay in their order",
    source: "S3",
    original: "big: a nano counter breaks ties; simple: stable",
    here: "same",
    run: (data) => {
      const ids = Array.from({ length: 200 }, (_, i) => (i * 73) % 200);
      for (const id of ids) data.set({ id }, { id });
      assert.equal(
        data.getSortedKeys(),
        ids.map((id) => ({ id })),
      );
    },
  },
  {
    method: "getSortedKeys",
    title: "entries of the same forced time go by their keys",
    source: "S3",
    original: "simple: insertion order",
    here: "by their keys: the same order on all peers",
    row: SORTED,
    run: (data) => {
      data.set("b", 1, 1_000);
      data.set("a", 2, 1_000);
      assert.equal(data.getSortedKeys(), [{ key: "a" }, { key: "b" }]);
    },
  },
  {
    method: "getSortedKeys",
    title: "works after a getSet without a timestamp",
    source: "S3",
    original: "simple: TypeError as soon as times are of mixed types",
    here: "such a getSet has a time as well",
    row: SORTED,
    run: (data) => {
      data.push("a", 1).push("b", 1);
      data.getSet({ value: 1 }, "a", 2);
      assert.equal(data.getSortedKeys(), [{ key: "b" }, { key: "a" }]);
    },
  },
  {
    method: "getSortedKeys",
    title: "is the same on both sides after peering a channel with entries",
    source: "S8.8",
    original: "throws or gives random order on the other side: times become uuid strings",
    here: "times travel with the entries",
    row: SORTED,
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.push("z", 1).push("a", 2).push("m", 3);
      await a.data.waitForJobs();
      assert.equal(b.data.getSortedKeys(), [{ key: "z" }, { key: "a" }, { key: "m" }]);
      assert.equal(a.data.getSortedKeys(), b.data.getSortedKeys());
    },
  },
];

const forEach: Case[] = [
  {
    method: "forEach",
    title: "visits every key map and value, chainable",
    source: "S3",
    original: "fn(key, value); $ch",
    here: "same",
    run: (data) => {
      data.set({ id: 1 }, { id: 1, x: 1 });
      data.set("k", 5);
      const visited: unknown[] = [];
      assert.is(
        data.forEach((...pair) => void visited.push(pair)),
        data,
      );
      assert.equal(visited, [
        [{ id: 1 }, { id: 1, x: 1 }],
        [{ key: "k" }, { key: "k", value: 5 }],
      ]);
    },
  },
  {
    method: "forEach",
    title: "what the function throws does not end it",
    source: "S3",
    original: "simple: swallowed",
    here: "an error event, and the rest follow: nothing fails unseen",
    row: EACH,
    types: ["simple", "memory"],
    run: (data, { errors }) => throwInForEach(data, errors),
  },
  {
    method: "forEach",
    title: "what the function throws does not end it on big either",
    source: "S3",
    original: "big: it ends, and throws",
    here: "as on simple: an error event, and the rest follow",
    row: BIG,
    types: ["big"],
    run: (data, { errors }) => throwInForEach(data, errors),
  },
  {
    method: "forEach",
    title: "visits what was there when it began",
    source: "S3",
    original: "no snapshot",
    here: "a snapshot: the function may change the channel",
    row: EACH,
    run: (data) => {
      data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
      const visited: unknown[] = [];
      data.forEach((key) => {
        visited.push(key);
        data.unsetAll(["id"], [{ id: 1 }, { id: 2 }]);
        data.set({ id: visited.length + 2 }, {});
      });
      assert.equal(visited, [{ id: 1 }, { id: 2 }]);
      assert.equal(data.getKeys(), [{ id: 3 }, { id: 4 }]);
    },
  },
];

function throwInForEach(
  data: Parameters<Case["run"]>[0],
  errors: Parameters<Case["run"]>[1]["errors"],
): void {
  data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  let visits = 0;
  data.forEach(() => {
    visits++;
    throw new Error("mine");
  });
  assert.is(visits, 2);
  assert.equal(
    errors.map(({ error }) => error.code),
    ["listener-failed", "listener-failed"],
  );
}

export const reading: readonly Case[] = [...returns, ...orders, ...forEach];
