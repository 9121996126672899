import { assert, suite } from "@chorus/testing";
import type { CacheOptions } from "../../src/index.js";
import { type Registry, registry, toldBy } from "./support.js";

const test = suite("the type cache");

/** A cache whose function counts its calls for each key. */
function counting({ $ch }: Registry, options: Partial<CacheOptions> = {}) {
  const calls: unknown[] = [];
  const cache = $ch("cache").create("cache", {
    func: (key: unknown) => {
      calls.push(key);
      return { ...(key as object), call: calls.length };
    },
    ...options,
  });
  return { cache, calls };
}

test("computes what is missing or too old, and keeps it", (t) => {
  const all = registry(t);
  const { cache, calls } = counting(all, { ttl: 100 });
  assert.equal(cache.get("k"), { key: "k", call: 1 });
  all.runtime.advance(99);
  assert.equal(cache.get("k"), { key: "k", call: 1 });
  assert.equal(cache.get({ key: "k" }), { key: "k", call: 1 });
  all.runtime.advance(1);
  assert.equal(cache.get("k"), { key: "k", call: 2 });
  assert.equal(cache.get({ b: 1, a: 2 }), { b: 1, a: 2, call: 3 });
  assert.equal(cache.get({ a: 2, b: 1 }), { b: 1, a: 2, call: 3 });
  assert.equal(calls, [{ key: "k" }, { key: "k" }, { b: 1, a: 2 }]);
});

test("keeps for five seconds unless told otherwise, and not at all for none", (t) => {
  const all = registry(t);
  const { cache, calls } = counting(all);
  cache.get("k");
  all.runtime.advance(4_999);
  cache.get("k");
  assert.is(calls.length, 1);
  all.runtime.advance(1);
  cache.get("k");
  assert.is(calls.length, 2);
  const never = all.$ch("never").create("cache", { func: () => calls.push(0), ttl: 0 });
  never.get("k");
  never.get("k");
  assert.is(calls.length, 4);
});

test("wraps results that are no objects", (t) => {
  const results: unknown[] = [5, "text", null, [1]];
  const cache = registry(t)
    .$ch("cache")
    .create("cache", { func: () => results.shift() });
  assert.equal(cache.get(1), { result: 5 });
  assert.equal(cache.get(1), { result: 5 });
  assert.equal(cache.get(2), { result: "text" });
  assert.equal(cache.get(3), { result: null });
  assert.equal(cache.get(4), [1]);
});

test("computes anew at set, whatever the value, and tells subscribers", async (t) => {
  const { cache, calls } = counting(registry(t));
  const told = toldBy(cache);
  assert.equal(cache.set("k", "ignored"), { key: "k" });
  assert.equal(cache.get("k"), { key: "k", call: 1 });
  cache.setAll(["id"], [{ id: 1, other: 5 }, { id: 2 }]);
  assert.equal(calls, [{ key: "k" }, { id: 1 }, { id: 2 }]);
  assert.equal(cache.getSet({ call: 2 }, { id: 1 }, "ignored"), { id: 1 });
  assert.is(cache.getSet({ call: 2 }, { id: 1 }, "ignored"), undefined);
  await cache.waitForJobs();
  assert.equal(
    told.map(([op, key]) => [op, key]),
    [
      ["set", "k"],
      ["setall", ["id"]],
      ["set", { id: 1 }],
    ],
  );
});

test("shows what is kept, also what is too old, and forgets", (t) => {
  const all = registry(t);
  const { cache, calls } = counting(all, { ttl: 10 });
  cache.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }]);
  all.runtime.advance(10);
  assert.is(cache.size(), 5);
  assert.equal(cache.getKeys()[0], { id: 1 });
  assert.equal(cache.getSortedKeys().length, 5);
  assert.equal(cache.getAll()[4], { id: 5, call: 5 });
  const seen: unknown[] = [];
  cache.forEach((key) => void seen.push(key));
  assert.is(seen.length, 5);
  cache.unset({ id: 1 });
  cache.unsetAll(["id"], [{ id: 2 }]);
  assert.equal(cache.pop(), { id: 5, call: 5 });
  assert.equal(cache.shift(), { id: 3, call: 3 });
  assert.equal(cache.getKeys(), [{ id: 4 }]);
  assert.is(calls.length, 5);
  assert.equal(cache.get({ id: 5 }), { id: 5, call: 6 });
});

test("lets the oldest go when there are too many", (t) => {
  const { cache } = counting(registry(t), { size: 2 });
  cache.get(1);
  cache.get(2);
  cache.get(1);
  cache.get(3);
  assert.equal(cache.getKeys(), [{ key: 2 }, { key: 3 }]);
  cache.set(2, 0);
  cache.get(4);
  assert.equal(cache.getKeys(), [{ key: 2 }, { key: 4 }]);
});

test("lets the one asked for least go, by popularity", (t) => {
  const { cache } = counting(registry(t), { size: 2, method: "p" });
  cache.get(1);
  cache.get(2);
  cache.get(1);
  cache.get(1);
  cache.get(2);
  cache.get(3);
  assert.equal(cache.getKeys(), [{ key: 1 }, { key: 3 }]);
  cache.get(3);
  cache.get(3);
  cache.get(3);
  cache.get(4);
  assert.equal(cache.getKeys(), [{ key: 3 }, { key: 4 }]);
});

test("keeps nothing with a size of none", (t) => {
  const { cache, calls } = counting(registry(t), { size: 0 });
  cache.get(1);
  cache.get(1);
  assert.equal([cache.size(), calls.length], [0, 2]);
});

test("throws what the function throws, or returns the default, which is not kept", (t) => {
  const { $ch, errors } = registry(t);
  const failure = new Error("mine");
  let fails = true;
  const func = () => {
    if (fails) throw failure;
    return { fine: true };
  };
  const bare = $ch("bare").create("cache", { func });
  for (const call of [() => bare.get("k"), () => bare.set("k", 1)]) {
    assert.throws(call, (error: Error) => error === failure);
  }
  const cache = $ch("cache").create("cache", { func, default: { none: true } });
  assert.equal(cache.get("k"), { none: true });
  assert.equal(cache.set("k", 1), { key: "k" });
  assert.is(cache.size(), 0);
  fails = false;
  assert.equal(cache.get("k"), { fine: true });
  assert.equal(errors, []);
});

test("hands out what cannot be kept, and says so once", (t) => {
  const { $ch, errors } = registry(t);
  const cache = $ch("cache").create("cache", { func: () => ({ at: new Date(5) }) });
  assert.equal(cache.get("k"), { at: new Date(5) });
  assert.equal(cache.get("k"), { at: new Date(5) });
  assert.is(cache.size(), 0);
  assert.equal(
    errors.map(({ channel, error }) => [channel, error.code]),
    [["cache", "invalid-value"]],
  );
});

test("keeps entries in a channel of its own, which ends with it", (t) => {
  const all = registry(t);
  const { cache } = counting(all);
  cache.get("k");
  assert.equal(all.$ch().list(), ["cache::__cache", "cache"]);
  assert.equal(all.$ch("cache::__cache").getAll(), [{ key: "k", call: 1 }]);
  cache.destroy();
  assert.equal(all.$ch().list(), []);
});

test("keeps entries in a given channel, by name or handle, which stays", (t) => {
  const all = registry(t);
  const kept = all.$ch("kept").create();
  const { cache, calls } = counting(all, { ch: kept, size: 2 });
  kept.set("foreign", 1);
  assert.equal(cache.get("foreign"), { key: "foreign", call: 1 }, "of an age that nobody knows");
  kept.set("more", 1);
  assert.is(cache.size(), 2);
  cache.get("k");
  assert.equal(cache.getKeys(), [{ key: "more" }, { key: "k" }], "one that was computed here went");
  kept.unset("k");
  assert.equal(cache.get("k"), { key: "k", call: 3 });
  cache.destroy();
  assert.is(kept.size(), 2);
  assert.is(calls.length, 3);
  const byName = all.$ch("by name").create("cache", { func: () => 1, ch: "kept" });
  assert.is(byName.size(), 2);
});

test("does not end a channel that was there before", (t) => {
  const all = registry(t);
  all.$ch("cache::__cache").create().set("k", 1);
  counting(all).cache.destroy();
  assert.equal(all.$ch().list(), ["cache::__cache"]);
});

test("lets its function ask the cache", (t) => {
  const { $ch } = registry(t);
  let calls = 0;
  const cache = $ch<number, { sum: number }>("sums").create("cache", {
    func: ({ key }) => {
      calls++;
      return { sum: key === 0 ? 0 : key + ($ch<number, { sum: number }>("sums").get(key - 1)?.sum ?? 0) };
    },
  });
  assert.equal(cache.get(10), { sum: 55 });
  assert.is(calls, 11);
  cache.get(9);
  assert.is(calls, 11);
});
