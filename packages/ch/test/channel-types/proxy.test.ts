import { assert, suite } from "@chorus/testing";
import type { ProxyCall } from "../../src/index.js";
import { registry, toldBy } from "./support.js";

const test = suite("the type proxy");

test("passes every operation on without a function", async (t) => {
  const { $ch } = registry(t);
  const target = $ch("target").create();
  const proxy = $ch("proxy").create("proxy", { chTarget: "target" });
  const told = [toldBy(target), toldBy(proxy)];
  assert.equal(proxy.set("k", 1), { key: "k" });
  assert.equal(proxy.get("k"), { key: "k", value: 1 });
  assert.equal(proxy.getSet({ value: 1 }, "k", 2), { key: "k" });
  assert.is(proxy.getSet({ value: 1 }, "k", 3), undefined);
  proxy.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  assert.is(proxy.size(), 3);
  assert.equal(proxy.getKeys(), [{ key: "k" }, { id: 1 }, { id: 2 }]);
  assert.equal(proxy.getSortedKeys(), target.getSortedKeys());
  assert.equal(proxy.getAll(), target.getAll());
  const seen: unknown[] = [];
  proxy.forEach((key) => {
    seen.push(key);
    proxy.unset(key).push(key, { seen: true });
  });
  assert.equal(seen, [{ key: "k" }, { id: 1 }, { id: 2 }]);
  assert.equal(proxy.pop(), { seen: true });
  assert.equal(proxy.shift(), { seen: true });
  proxy.unsetAll(["id"], [{ id: 1 }, { id: 5 }]);
  assert.is(target.size(), 0);
  assert.is(proxy.pop(), undefined);
  await Promise.all([target.waitForJobs(), proxy.waitForJobs()]);
  const operations = told.map((calls) => calls.map(([op, key]) => [op, key]));
  assert.equal(
    operations[0],
    operations[1]?.map(([op, key]) => [op, key === "k" ? { key } : key]),
  );
});

test("shows its function every operation", (t) => {
  const { $ch } = registry(t);
  $ch("target").create();
  const calls: ProxyCall[] = [];
  const proxy = $ch("proxy").create("proxy", {
    chTarget: "target",
    proxyFunc: (call) => void calls.push({ ...call }),
  });
  const match = { value: 1 };
  const visit = (): undefined => undefined;
  proxy.set("k", 1, 5, "uuid", "x");
  proxy.getSet(match, "k", 2, 6);
  proxy.get("k", "x");
  proxy.setAll(["id"], [{ id: 1 }], 7);
  proxy.unsetAll(["id"], [{ id: 1 }], 8);
  proxy.unset("k", 9);
  proxy.size();
  proxy.getAll("filter");
  proxy.getKeys(true);
  proxy.getSortedKeys(true);
  proxy.pop();
  proxy.shift();
  proxy.forEach(visit);
  const key = { key: "k" };
  const expected: Partial<ProxyCall>[] = [
    { op: "set", k: key, v: { key: "k", value: 1 }, timestamp: 5, x: "x" },
    { op: "getSet", match, k: key, v: { key: "k", value: 2 }, timestamp: 6 },
    { op: "get", k: key, x: "x" },
    { op: "setAll", k: ["id"], v: [{ id: 1 }], timestamp: 7 },
    { op: "unsetAll", k: ["id"], v: [{ id: 1 }], timestamp: 8 },
    { op: "unset", k: key, timestamp: 9 },
    { op: "size" },
    { op: "getAll", full: "filter", x: "filter" },
    { op: "getKeys", full: true },
    { op: "getSortedKeys", full: true },
    { op: "pop" },
    { op: "shift" },
    { op: "forEach" },
  ];
  const shown = calls.map((call) => JSON.parse(JSON.stringify(call)) as ProxyCall);
  assert.equal(
    shown,
    expected.map((call) => ({ ...call, name: "target" })),
  );
  assert.type(calls.at(-1)?.function, "function");
});

test("carries out what the function made of a call, also on another channel", (t) => {
  const { $ch } = registry(t);
  const [target, other] = [$ch("target").create(), $ch("other").create()];
  const proxy = $ch("proxy").create("proxy", {
    chTarget: "target",
    proxyFunc: (call) => {
      if (call.op === "set" && call.x === "elsewhere") call.name = "other";
      if (call.op === "set") call.v = { ...(call.v as object), checked: true };
      if (call.op === "set") call.timestamp = 77;
    },
  });
  proxy.set({ id: 1 }, { id: 1 });
  proxy.set({ id: 2 }, { id: 2 }, undefined, undefined, "elsewhere");
  assert.equal(target.getAll(), [{ id: 1, checked: true }]);
  assert.equal(other.getAll(), [{ id: 2, checked: true }]);
  assert.is(target.set({ id: 1 }, { id: 1 }, 76), undefined);
});

test("hands out what the function answers instead", async (t) => {
  const { $ch } = registry(t);
  const target = $ch("target").create();
  const answers: { [op: string]: unknown } = {
    size: 7,
    get: "got",
    getAll: [1],
    getKeys: ["a"],
    pop: "last",
    set: null,
  };
  const proxy = $ch("proxy").create("proxy", { chTarget: "target", proxyFunc: ({ op }) => answers[op] });
  const told = toldBy(proxy);
  assert.equal([proxy.size(), proxy.get("k"), proxy.getAll(), proxy.getKeys()], [7, "got", [1], ["a"]]);
  assert.equal([proxy.pop(), proxy.set("k", 1)], ["last", null]);
  assert.is(target.size(), 0);
  await proxy.waitForJobs();
  assert.equal(told, [["set", "k", 1]], "an answered pop has no key to tell");
});

test("throws what the function throws, and refuses what it must not leave", async (t) => {
  const { $ch } = registry(t);
  const target = $ch("target").create();
  const failure = new Error("mine");
  let leave: (call: ProxyCall) => unknown = () => {
    throw failure;
  };
  const proxy = $ch("proxy").create("proxy", { chTarget: "target", proxyFunc: (call) => leave(call) });
  const told = toldBy(proxy);
  assert.throws(
    () => proxy.set("k", 1),
    (error: Error) => error === failure,
  );
  leave = (call) => {
    call.name = "";
  };
  assert.throwsCode(() => proxy.set("k", 1), "invalid-option");
  leave = (call) => {
    call.function = 5;
  };
  assert.throwsCode(() => proxy.forEach(() => {}), "invalid-option");
  leave = (call) => {
    call.k = null;
  };
  assert.throwsCode(() => proxy.set("k", 1), "invalid-key");
  await proxy.waitForJobs();
  assert.equal([target.size(), told], [0, []]);
});

test("says when the target is missing", (t) => {
  const { $ch } = registry(t);
  const proxy = $ch("proxy").create("proxy", { chTarget: "target" });
  assert.throws(() => proxy.size(), /^Channel target doesn't exist\.$/);
  assert.throwsCode(() => proxy.set("k", 1), "no-channel");
});

test("finds circles, and is of use again afterwards", (t) => {
  const { $ch } = registry(t);
  const one = $ch("one").create("proxy", { chTarget: "two" });
  const two = $ch("two").create("proxy", { chTarget: "one" });
  for (const call of [
    () => one.set("k", 1),
    () => two.get("k"),
    () => one.size(),
    () => two.forEach(() => {}),
  ]) {
    assert.throwsCode(call, "channel-loop");
  }
  assert.throws(() => one.size(), /in a circle: "one" > "two" > "one"/);
  two.destroy();
  $ch("two").create();
  assert.equal(one.set("k", 1), { key: "k" });
});

test("lets its function, and functions behind it, use the proxy", (t) => {
  const { $ch } = registry(t);
  $ch("ops").create("ops", { outer: () => $ch("proxy").set("inner", {}), inner: () => "inside" });
  const proxy = $ch("proxy").create("proxy", {
    chTarget: "ops",
    proxyFunc: ({ op }) => (op === "size" ? $ch("proxy").getKeys().length : undefined),
  });
  assert.is(proxy.set("outer", {}), "inside");
  assert.is(proxy.size(), 2);
});
