import { assert, suite } from "@chorus/testing";
import { registry, toldBy } from "./support.js";

const test = suite("the type ops");

test("calls functions by set and get, with the extra argument, and hands out whatever they return", (t) => {
  const { $ch } = registry(t);
  const made = new Date(5);
  const ops = $ch("ops").create("ops", {
    add: ({ a, b }: { a: number; b: number }) => a + b,
    extra: (value: unknown, x: unknown) => [value, x],
    date: () => made,
  });
  assert.is(ops.set("add", { a: 1, b: 2 }), 3);
  assert.is(ops.set({ key: "add" }, { a: 1, b: 3 }), 4);
  assert.equal(ops.get("extra", "x"), [{}, "x"]);
  assert.equal(ops.set("extra", 5, undefined, undefined, "x"), [{ key: "extra", value: 5 }, "x"]);
  assert.is(ops.get("date"), made);
  assert.is(ops.set("unknown", 1), undefined);
  assert.is(ops.get("toString"), undefined);
  assert.is(ops.get({ other: "add" }), undefined);
});

test("shows the names of its functions", (t) => {
  const { $ch } = registry(t);
  const ops = $ch("ops").create("ops", { two: () => 2, one: () => 1 });
  assert.is(ops.size(), 2);
  assert.equal(ops.getKeys(), ["two", "one"]);
  assert.equal(ops.getSortedKeys(), ["one", "two"]);
  assert.equal(ops.getAll(), [2, 1]);
  const seen: unknown[] = [];
  ops.forEach((key, value) => void seen.push([key, value]));
  assert.equal(seen, [
    ["two", 2],
    ["one", 1],
  ]);
});

test("does nothing else", async (t) => {
  const { $ch } = registry(t);
  let calls = 0;
  const ops = $ch("ops").create("ops", { count: () => ++calls });
  const told = toldBy(ops);
  assert.is(ops.getSet({}, "count", {}), undefined);
  ops.setAll(["key"], [{ key: "count" }]);
  ops.unset("count");
  ops.unsetAll(["key"], [{ key: "count" }]);
  assert.equal([ops.pop(), ops.shift(), ops.size(), calls], [undefined, undefined, 1, 0]);
  ops.set("count", 1);
  await ops.waitForJobs();
  assert.equal(
    told.map(([op]) => op),
    ["setall", "unset", "unsetall", "set"],
  );
});

test("throws what a function throws, and tells nobody then", async (t) => {
  const { $ch, errors } = registry(t);
  const failure = new RangeError("mine");
  const ops = $ch("ops").create("ops", {
    fail: () => {
      throw failure;
    },
  });
  const told = toldBy(ops);
  for (const call of [() => ops.set("fail", 1), () => ops.get("fail"), () => ops.getAll()]) {
    assert.throws(call, (error: Error) => error === failure);
  }
  await ops.waitForJobs();
  assert.equal([told, errors], [[], []]);
});

test("lets a function call others, itself among them", (t) => {
  const { $ch } = registry(t);
  const ops = $ch("ops").create("ops", {
    factorial: ({ n }: { n: number }): unknown =>
      n < 2 ? 1 : n * Number($ch("ops").set("factorial", { n: n - 1 })),
  });
  assert.is(ops.set("factorial", { n: 5 }), 120);
});

test("replays the results of its functions", async (t) => {
  const { $ch } = registry(t);
  const ops = $ch("ops").create("ops", { one: () => 1 });
  const told: unknown[][] = [];
  ops.subscribe((...[, op, key, value, , timestamp]) => void told.push([op, key, value, timestamp]));
  await ops.waitForJobs();
  assert.equal(told, [["set", "one", 1, undefined]]);
});
