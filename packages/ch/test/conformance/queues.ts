// pop and shift: which entry they take, what they return, and what two takers get.
import { assert } from "@chorus/testing";
import { type Case, calls, pairOf, told } from "./cases.js";

const QUEUES = "`pop`, `shift`";

export const queues: readonly Case[] = [
  {
    method: "pop",
    title: "takes the entry modified last",
    source: "S3",
    original: "last modified entry",
    here: "same",
    run: (data) => {
      data.push("a", 1).push("b", 1).push("c", 1).push("a", 2);
      assert.equal(data.pop(), { key: "a", value: 2 });
      assert.equal(data.pop(), { key: "c", value: 1 });
      assert.equal(data.getKeys(), [{ key: "b" }]);
    },
  },
  {
    method: "shift",
    title: "takes the entry modified first",
    source: "S3",
    original: "first modified entry",
    here: "same",
    run: (data) => {
      data.push("a", 1).push("b", 1).push("c", 1).push("a", 2);
      assert.equal(data.shift(), { key: "b", value: 1 });
      assert.equal(data.shift(), { key: "c", value: 1 });
      assert.equal(data.getKeys(), [{ key: "a" }]);
    },
  },
  {
    method: "pop",
    title: "returns undefined when empty, as shift does, and tells nobody",
    source: "S3",
    original: "undefined when empty",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      assert.is(data.pop(), undefined);
      assert.is(data.shift(), undefined);
      await data.waitForJobs();
      assert.equal(list, []);
    },
  },
  {
    method: "pop",
    title: "ignores an argument, as shift does",
    source: "S3",
    original: "argument ignored",
    here: "same",
    run: (data) => {
      data.push("a", 1).push("b", 2);
      const take = [data.pop.bind(data), data.shift.bind(data)] as ((argument: unknown) => unknown)[];
      assert.equal(
        take.map((one) => one("a")),
        [
          { key: "b", value: 2 },
          { key: "a", value: 1 },
        ],
      );
    },
  },
  {
    method: "shift",
    title: "notifies of an unset with the wrapped key, as pop does",
    source: "S3",
    original: 'triggers "unset"; the key is the wrapped map',
    here: "same",
    run: async (data) => {
      data.push("a", 1).push("b", 2);
      const list = calls(data);
      data.pop();
      data.shift();
      await data.waitForJobs();
      assert.equal(told(list), [
        ["unset", { key: "b" }, undefined],
        ["unset", { key: "a" }, undefined],
      ]);
    },
  },
  {
    method: "pop",
    title: "no two takers of a process get the same item",
    source: "S3",
    original: "atomic inside the process",
    here: "same",
    run: async (data) => {
      const ids = Array.from({ length: 50 }, (_, id) => id);
      data.setAll(
        ["id"],
        ids.map((id) => ({ id })),
      );
      const take = async (id: number): Promise<unknown> => (id % 2 ? data.pop() : data.shift());
      const taken = (await Promise.all(ids.map(take))) as { id: number }[];
      assert.equal(
        taken.map(({ id }) => id).sort((a, b) => a - b),
        ids,
      );
      assert.is(data.size(), 0);
    },
  },
  {
    method: "shift",
    title: "works after getSet without a timestamp",
    source: "S8.17",
    original: 'times of mixed types make the sort fail, which surfaces as "e" is not defined',
    here: "every entry has a time",
    row: QUEUES,
    run: (data) => {
      data.push({ id: 1 }, { id: 1 }).push({ id: 2 }, { id: 2 });
      data.getSet({ id: 1 }, { id: 1 }, { id: 1, n: 2 });
      assert.equal(data.shift(), { id: 2 });
      assert.equal(data.shift(), { id: 1, n: 2 });
    },
  },
  {
    method: "pop",
    title: "follows one order after peering, as shift does",
    source: "S8.8",
    original: "entry times become uuid strings: both throw, or take at random, on the other side",
    here: "times travel with the entries",
    row: QUEUES,
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.push("first", 1).push("second", 2).push("third", 3);
      await a.data.waitForJobs();
      b.data.push("fourth", 4);
      assert.equal(b.data.shift(), { key: "first", value: 1 });
      assert.equal(b.data.pop(), { key: "fourth", value: 4 });
      assert.equal(b.data.pop(), { key: "third", value: 3 });
    },
  },
  {
    method: "pop",
    title: "two peers that have not heard of each other get the same item",
    source: "S8.9",
    original: "10 of 10 taken twice",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.push("only", 1);
      await a.data.waitForJobs();
      assert.equal(
        [a.data.pop(), b.data.pop()],
        [
          { key: "only", value: 1 },
          { key: "only", value: 1 },
        ],
      );
      await Promise.all([a.data.waitForJobs(), b.data.waitForJobs()]);
      assert.equal([a.data.size(), b.data.size()], [0, 0]);
    },
  },
];
