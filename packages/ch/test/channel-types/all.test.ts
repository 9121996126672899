import { assert, suite } from "@chorus/testing";
import type { AllOptions, Ch } from "../../src/index.js";
import { registry, toldBy } from "./support.js";

const test = suite("the type all");

function create($ch: Ch, options: Partial<AllOptions> = {}) {
  const [a, b] = [$ch("a").create(), $ch("b").create()];
  const all = $ch("all").create("all", { chs: ["a", "b"], ...options });
  return { a, b, all };
}

/** Entries with an even id live in "a", the others in "b". */
const byId = (_op: string, key: unknown) => {
  const { id } = Object(key) as { id?: unknown };
  return typeof id === "number" ? [id % 2 === 0 ? "a" : "b"] : undefined;
};

test("writes to all channels, and reads the first that has it", async (t) => {
  const { $ch } = registry(t);
  const { a, b, all } = create($ch);
  const told = toldBy(all);
  assert.equal(all.set("k", 1), [{ key: "k" }, { key: "k" }]);
  assert.equal(
    [a.get("k"), b.get("k")],
    [
      { key: "k", value: 1 },
      { key: "k", value: 1 },
    ],
  );
  b.set("only b", 2);
  assert.equal(all.get("only b"), { key: "only b", value: 2 });
  assert.is(all.get("none"), undefined);
  all.setAll(["id"], [{ id: 1 }]);
  assert.equal(all.getSet({ value: 2 }, "only b", 3), [undefined, { key: "only b" }]);
  assert.equal(all.getSet({ value: 2 }, "only b", 3), [undefined, undefined]);
  all.unset("k").unset("only b");
  all.unsetAll(["id"], [{ id: 1 }]);
  assert.equal([a.size(), b.size()], [0, 0]);
  await all.waitForJobs();
  assert.equal(
    told.map(([op, key]) => [op, key]),
    [
      ["set", "k"],
      ["setall", ["id"]],
      ["set", "only b"],
      ["unset", "k"],
      ["unset", "only b"],
      ["unsetall", ["id"]],
    ],
  );
});

test("lists what all channels have, one after the other", (t) => {
  const { $ch } = registry(t);
  const { a, b, all } = create($ch);
  a.setAll(["id"], [{ id: 1 }, { id: 3 }]);
  b.setAll(["id"], [{ id: 2 }, { id: 3 }]);
  const keys = [{ id: 1 }, { id: 3 }, { id: 2 }, { id: 3 }];
  assert.equal([all.getKeys(), all.getSortedKeys(), all.getAll()], [keys, keys, keys]);
  const seen: unknown[] = [];
  all.forEach((key, value) => {
    seen.push(value);
    all.unset(key);
  });
  assert.equal(seen, keys);
  assert.is(all.size(), 0);
});

test("has the size of the first channel, or of all together", (t) => {
  const { $ch } = registry(t);
  const { a, b, all } = create($ch);
  a.set(1, 1);
  b.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  assert.is(all.size(), 1);
  const together = $ch("together").create("all", { chs: ["a", "b"], treatAll: true });
  assert.is(together.size(), 3);
});

test("asks its function which channels an operation is for", (t) => {
  const { $ch } = registry(t);
  const asked: unknown[] = [];
  const { a, b, all } = create($ch, {
    fn: (op, key, value) => {
      asked.push([op, key, value]);
      return byId(op, key)?.[0];
    },
  });
  all.set({ id: 1 }, { id: 1 });
  all.set({ id: 2 }, { id: 2 });
  assert.equal([a.getKeys(), b.getKeys()], [[{ id: 2 }], [{ id: 1 }]]);
  assert.equal(all.get({ id: 1 }), { id: 1 });
  assert.equal(all.getSet({}, { id: 2 }, { id: 2, x: 1 }), [{ id: 2 }]);
  all.unset({ id: 1 });
  all.setAll(["id"], [{ id: 5 }]);
  all.unsetAll(["id"], [{ id: 5 }]);
  all.size();
  all.getAll();
  all.getKeys();
  all.getSortedKeys();
  all.forEach(() => {});
  assert.equal(asked, [
    ["set", { id: 1 }, { id: 1 }],
    ["set", { id: 2 }, { id: 2 }],
    ["get", { id: 1 }, undefined],
    ["getset", { id: 2 }, { id: 2, x: 1 }],
    ["unset", { id: 1 }, undefined],
    ["setall", ["id"], [{ id: 5 }]],
    ["unsetall", ["id"], [{ id: 5 }]],
    ["size", undefined, undefined],
    ["getall", undefined, undefined],
    ["getkeys", undefined, undefined],
    ["getsortedkeys", undefined, undefined],
    ["foreach", undefined, undefined],
  ]);
});

test("takes rows one by one through the function when all are treated", (t) => {
  const { $ch } = registry(t);
  const { a, b, all } = create($ch, { fn: byId, treatAll: true });
  all.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 3 }]);
  assert.equal([a.getKeys(), b.getKeys()], [[{ id: 2 }], [{ id: 1 }, { id: 3 }]]);
  all.unsetAll(["id"], [{ id: 1 }, { id: 2 }]);
  assert.equal([a.size(), b.size()], [0, 1]);
});

test("translates keys, and filters keys and values", (t) => {
  const { $ch } = registry(t);
  const { a, all } = create($ch, {
    fnTrans: (key) => ({ ...key, tenant: 7 }),
    fnKeys: (keys) => keys.map(({ id }) => ({ id })).slice(0, 1),
    fnValues: (values) => values.slice(-1),
  });
  all.set({ id: 1 }, { id: 1 });
  assert.equal(a.getKeys(), [{ id: 1, tenant: 7 }]);
  assert.equal(all.getKeys(), [{ id: 1 }]);
  assert.equal(all.getSortedKeys(), [{ id: 1 }]);
  a.set({ id: 1, tenant: 7 }, { by: "a" });
  assert.equal(all.get({ id: 1 }), { id: 1 }, "the last, from b");
  assert.equal(all.getAll(), [{ id: 1 }]);
  assert.equal(all.set({ id: 2 }, {}), [{ id: 2, tenant: 7 }]);
});

test("takes by the keys of all, and removes from all", async (t) => {
  const { $ch } = registry(t);
  const { a, b, all } = create($ch);
  a.set("first", 1);
  b.set("last", 2);
  b.set("first", 3);
  b.set("last", 4);
  const told = toldBy(all);
  assert.equal(all.shift(), { key: "first", value: 1 });
  assert.equal(all.pop(), { key: "last", value: 4 });
  assert.is(all.pop(), undefined);
  assert.equal([a.size(), b.size()], [0, 0]);
  await all.waitForJobs();
  assert.equal(told, [
    ["unset", { key: "first" }, undefined],
    ["unset", { key: "last" }, undefined],
  ]);
});

test("fails when a channel fails, or tells its function and leaves that one out", (t) => {
  const { $ch } = registry(t);
  const failures: unknown[] = [];
  const { a, b, all } = create($ch);
  const careful = $ch("careful").create("all", {
    chs: ["a", "b"],
    errFn: (...[name, error, target, op, args]) =>
      void failures.push([name, (error as { code: string }).code, target, op, args]),
  });
  a.destroy();
  assert.throwsCode(() => all.set("k", 1), "no-channel");
  assert.is(b.size(), 0);
  assert.equal(careful.set("k", 1, 5, undefined, "x"), [{ key: "k" }]);
  assert.equal(careful.get("k"), { key: "k", value: 1 });
  assert.is(careful.size(), 1);
  const value = { key: "k", value: 1 };
  assert.equal(failures, [
    ["careful", "no-channel", "a", "set", [{ key: "k" }, value, 5, "x"]],
    ["careful", "no-channel", "a", "get", [{ key: "k" }, undefined]],
    ["careful", "no-channel", "a", "size", []],
  ]);
});

test("throws what its functions throw, and refuses what they must not return", (t) => {
  const { $ch } = registry(t);
  const failure = new Error("mine");
  const fail = () => {
    throw failure;
  };
  create($ch);
  for (const options of [{ fn: fail }, { fnTrans: fail }, { fnValues: fail }]) {
    const all = $ch("failing").create("all", { chs: ["a"], ...options });
    assert.throws(
      () => all.get("k"),
      (error: Error) => error === failure,
    );
    all.destroy();
  }
  const wrong: Partial<AllOptions>[] = [{ fn: () => 5 as never }, { fnKeys: () => "keys" as never }];
  for (const options of wrong) {
    const all = $ch("wrong").create("all", { chs: ["a"], ...options });
    assert.throwsCode(() => all.getKeys(), "invalid-option");
    all.destroy();
  }
});

test("finds circles, also when its function takes errors", (t) => {
  const { $ch } = registry(t);
  const [one] = [
    $ch("one").create("all", { chs: ["two", "three"] }),
    $ch("two").create("all", { chs: ["one", "three"] }),
    $ch("three").create("all", { chs: ["one", "two"] }),
  ];
  assert.throwsCode(() => one?.set("k", 1), "channel-loop");
  const codes: unknown[] = [];
  $ch("careful").create("all", {
    chs: ["other"],
    errFn: (_name, error) => void codes.push((error as { code: unknown }).code),
  });
  $ch("other").create("proxy", { chTarget: "careful" });
  assert.equal($ch("careful").set("k", 1), [[]]);
  assert.equal(codes, ["channel-loop"]);
});
