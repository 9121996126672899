import { assert, suite } from "@chorus/testing";
import { type ChannelHandle, createCh } from "../src/index.js";

const test = suite("data methods of $ch");

const registries: { close(): Promise<void> }[] = [];
test.after.each(async () => {
  await Promise.all(registries.splice(0).map((ch) => ch.close()));
});

function create(): ChannelHandle {
  const ch = createCh();
  registries.push(ch);
  return ch("data").create();
}

/** What subscribers were told, without the trailing arguments. */
function record(data: ChannelHandle, onlyFromNow = true): unknown[][] {
  const calls: unknown[][] = [];
  data.subscribe(
    (...[name, op, key, value, , , uuid, x]) => void calls.push([name, op, key, value, uuid, x]),
    onlyFromNow,
  );
  return calls;
}

const wrapped: [string, unknown, unknown, unknown, unknown][] = [
  ["a scalar key and value", "k", 5, { key: "k" }, { key: "k", value: 5 }],
  ["a scalar key and a map", "k", { a: 1 }, { key: "k" }, { a: 1 }],
  ["a map key and a scalar", { id: 1 }, "v", { id: 1 }, { key: { id: 1 }, value: "v" }],
  ["a map key and a map", { id: 1 }, { id: 1, x: 2 }, { id: 1 }, { id: 1, x: 2 }],
  ["an array value", { id: 1 }, [1, [2]], { id: 1 }, [1, [2]]],
  ["a null value", { id: 1 }, null, { id: 1 }, null],
  ["an undefined value", "k", undefined, { key: "k" }, { key: "k" }],
  ["an undefined key", undefined, { x: 1 }, {}, { x: 1 }],
  ["an empty map key", {}, { x: 1 }, {}, { x: 1 }],
  ["a number key", 1, true, { key: 1 }, { key: 1, value: true }],
  ["a map with only the field value", "k", { value: 9 }, { key: "k" }, { value: 9 }],
];
for (const [what, key, value, keyMap, stored] of wrapped) {
  test(`stores ${what}`, () => {
    const data = create();
    assert.equal(data.set(key, value), keyMap);
    assert.equal(data.get(key), stored);
    assert.equal(data.get(keyMap), stored);
    assert.equal(data.getKeys(), [keyMap]);
    assert.equal(data.getAll(), [stored]);
    assert.is(data.size(), 1);
    data.unset(key);
    assert.is(data.size(), 0);
    assert.is(data.get(key), undefined);
  });
}

test('tells 1 from "1", and takes field order and undefined fields for nothing', () => {
  const data = create();
  data.set(1, "number");
  data.set("1", "text");
  assert.is(data.size(), 2);
  data.set({ a: 1, b: { c: 1, d: 2 } }, { v: 1 });
  data.set({ b: { d: 2, c: 1 }, a: 1, e: undefined }, { v: 2 });
  assert.is(data.size(), 3);
  assert.equal(data.get({ a: 1, b: { c: 1, d: 2 } }), { v: 2 });
});

const refusedKeys: [string, unknown][] = [
  ["null", null],
  ["an array", [1]],
  ["a date", new Date(0)],
  ["NaN", Number.NaN],
  ["a function", () => 1],
  ["a map with a date", { at: new Date(0) }],
  ["a bigint", 1n],
];
for (const [what, key] of refusedKeys) {
  test(`refuses ${what} as a key, everywhere`, () => {
    const data = create();
    for (const call of [
      () => data.set(key, 1),
      () => data.push(key, 1),
      () => data.get(key),
      () => data.unset(key),
      () => data.getSet({}, key, 1),
    ]) {
      assert.throwsCode(call, "invalid-key");
    }
    assert.is(data.size(), 0);
  });
}

const refusedValues: [string, unknown][] = [
  ["a date", { at: new Date(0) }],
  ["NaN", Number.NaN],
  ["a function", () => 1],
  ["a map object", new Map()],
  ["undefined in an array", [undefined]],
  ["a bigint", 1n],
];
for (const [what, value] of refusedValues) {
  test(`refuses ${what} as a value and writes and tells nothing`, async () => {
    const data = create();
    const calls = record(data);
    assert.throwsCode(() => data.set("k", value), "invalid-value");
    assert.throwsCode(() => data.setAll(["id"], [{ id: 1 }, { id: 2, value }]), "invalid-value");
    assert.is(data.size(), 0);
    await data.waitForJobs();
    assert.equal(calls, []);
  });
}

test("does not see later changes of what it was given, nor of what it returned", async () => {
  const data = create();
  const key = { id: 1 };
  const value = { list: [1] };
  const calls = record(data);
  data.set(key, value);
  key.id = 2;
  value.list.push(2);
  (data.get({ id: 1 }) as typeof value).list.push(3);
  (data.getKeys()[0] as typeof key).id = 3;
  assert.equal(data.get({ id: 1 }), { list: [1] });
  await data.waitForJobs();
  assert.equal(calls[0]?.slice(2, 4), [{ id: 1 }, { list: [1] }]);
});

test("sets all rows whole, the last of the same key staying", () => {
  const data = create();
  assert.is(data.setAll(["id"], [{ id: 1, x: 1 }, { id: 2 }, { id: 1, x: 2 }]), undefined);
  assert.equal(data.getAll(), [{ id: 2 }, { id: 1, x: 2 }]);
  assert.equal(data.getKeys(), [{ id: 2 }, { id: 1 }]);
  data.setAll(["id"], []);
  assert.is(data.size(), 2);
});

test("collapses rows without the key fields onto one entry", () => {
  const data = create();
  data.setAll(["nope"], [{ id: 1 }, { id: 2 }]);
  assert.equal(data.getKeys(), [{}]);
  assert.equal(data.get({}), { id: 2 });
});

test("takes several key fields, in any order", () => {
  const data = create();
  data.setAll(["b", "a"], [{ a: 1, b: 2, c: 3 }]);
  assert.equal(data.get({ a: 1, b: 2 }), { a: 1, b: 2, c: 3 });
});

test("refuses wrong arguments of setAll and unsetAll", () => {
  const data = create();
  for (const call of [data.setAll.bind(data), data.unsetAll.bind(data)]) {
    assert.throwsCode(() => call("id" as never, []), "invalid-option");
    assert.throwsCode(() => call(["id"], undefined as never), "invalid-option");
    assert.throwsCode(() => call(["id"], [{ id: 1 }, 5 as never]), "invalid-value");
    assert.throwsCode(() => call(["id"], [{ id: 1 }, { id: Number.NaN }]), "invalid-key");
  }
  assert.is(data.size(), 0);
});

test("unsets all rows, ignoring absent ones and other fields", () => {
  const data = create();
  data.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 3 }]);
  assert.is(data.unsetAll(["id"], [{ id: 1, x: () => 1 }, { id: 7 }, { id: 3 }]), undefined);
  assert.equal(data.getKeys(), [{ id: 2 }]);
});

test("getSet writes when a map or a function matches, for scalar keys too", () => {
  const data = create();
  data.set("k", 1);
  data.set({ id: 1 }, { id: 1, state: { at: "new", n: 1 } });
  assert.equal(data.getSet({ value: 1 }, "k", 2), { key: "k" });
  assert.equal(data.get("k"), { key: "k", value: 2 });
  assert.equal(data.getSet({ state: { at: "new" } }, { id: 1 }, { id: 1, state: { at: "old" } }), { id: 1 });
  assert.equal(
    data.getSet((stored) => (stored as { value: number }).value === 2, "k", 3),
    { key: "k" },
  );
  assert.equal(data.get("k"), { key: "k", value: 3 });
});

test("getSet writes and tells nothing when nothing matches or the key is absent", async () => {
  const data = create();
  data.set("k", 1);
  const version = data.getVersion();
  const calls = record(data);
  assert.is(data.getSet({ value: 2 }, "k", 9), undefined);
  assert.is(
    data.getSet(() => true, "absent", 9),
    undefined,
  );
  assert.is(data.getSet({}, "absent", 9), undefined);
  assert.equal(data.getAll(), [{ key: "k", value: 1 }]);
  assert.is(data.getVersion(), version);
  await data.waitForJobs();
  assert.equal(calls, []);
  assert.throwsCode(() => data.getSet(undefined as never, "absent", 9), "invalid-option");
});

test("lists entries by the time of their last write", () => {
  const data = create();
  for (const key of ["a", "b", "c"]) data.set(key, 1);
  data.set("a", 2);
  const keys = [{ key: "b" }, { key: "c" }, { key: "a" }];
  assert.equal(data.getKeys(), keys);
  assert.equal(data.getSortedKeys(), keys);
  const visited: unknown[] = [];
  const returned = data.forEach((key, value) => {
    visited.push([key, value]);
  });
  assert.is(returned, data);
  assert.equal(visited.at(-1), [{ key: "a" }, { key: "a", value: 2 }]);
  assert.is(visited.length, 3);
});

test("puts a forced timestamp where it belongs, and lets it lose", async () => {
  const data = create();
  data.set("b", 1, 2_000);
  data.set("a", 1, 1_000);
  assert.equal(data.getKeys(), [{ key: "a" }, { key: "b" }]);
  const calls = record(data);
  assert.is(data.set("b", "older", 1_999), undefined);
  data.setAll(
    ["key"],
    [
      { key: "b", value: "older" },
      { key: "c", value: 3 },
    ],
    1_500,
  );
  data.unset("b", 1_999);
  data.unsetAll(["key"], [{ key: "b" }, { key: "a" }], 1_999);
  assert.equal(data.getAll(), [
    { key: "c", value: 3 },
    { key: "b", value: 1 },
  ]);
  await data.waitForJobs();
  assert.equal(
    calls.map(([, op, key, value]) => [op, key, value]),
    [
      ["setall", ["key"], [{ key: "c", value: 3 }]],
      ["unsetall", ["key"], [{ key: "a" }]],
    ],
  );
  assert.throwsCode(() => data.set("b", 1, -1), "invalid-timestamp");
  assert.throwsCode(() => data.set("b", 1, "some-uuid" as never), "invalid-timestamp");
});

test("pops the last modified and shifts the first", async () => {
  const data = create();
  for (const key of ["a", "b", "c", "d"]) data.push(key, 1);
  data.set("a", 2);
  const calls = record(data);
  assert.equal(data.pop(), { key: "a", value: 2 });
  assert.equal(data.shift(), { key: "b", value: 1 });
  data.set("c", 3);
  assert.equal(data.shift(), { key: "d", value: 1 });
  assert.equal(data.pop(), { key: "c", value: 3 });
  assert.is(data.pop(), undefined);
  assert.is(data.shift(), undefined);
  await data.waitForJobs();
  assert.equal(calls[0]?.slice(0, 4), ["data", "unset", { key: "a" }, undefined]);
  assert.is(calls.length, 5);
});

test("tells subscribers the arguments as passed", async () => {
  const data = create();
  const calls = record(data);
  data.set("k", 5, undefined, "a-uuid", { extra: 1 });
  data.set({ id: 1 }, "v");
  data.setAll(["id"], [{ id: 1, n: 1 }], undefined, "u2", "x2");
  data.unset("k", undefined, "u3", "x3");
  data.unset("absent");
  data.unsetAll(["id"], [{ id: 1 }, { id: 9 }], undefined, "u4");
  data.push("p", 1);
  data.getSet({ value: 1 }, "p", 2, undefined, "u5", "x5");
  await data.waitForJobs();
  assert.equal(calls, [
    ["data", "set", "k", 5, "a-uuid", { extra: 1 }],
    ["data", "set", { id: 1 }, "v", undefined, undefined],
    ["data", "setall", ["id"], [{ id: 1, n: 1 }], "u2", "x2"],
    ["data", "unset", "k", undefined, "u3", "x3"],
    ["data", "unset", "absent", undefined, undefined, undefined],
    ["data", "unsetall", ["id"], [{ id: 1 }, { id: 9 }], "u4", undefined],
    ["data", "set", "p", 1, undefined, undefined],
    ["data", "set", "p", 2, "u5", "x5"],
  ]);
});

test("moves its version with every change, never back", () => {
  const data = create();
  const before = data.getVersion();
  assert.ok(Math.abs(before - Date.now()) < 5_000);
  data.set("k", 1);
  assert.ok(data.getVersion() >= before);
});
