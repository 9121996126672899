import { createCh } from "../../src/index.js";
import type { BufferOptions, Ch, ProxyCall } from "../../src/index.js";
import { assert, suite, until } from "@chorus/testing";
import { folder } from "../support.js";
import { registry, toldBy } from "./support.js";

const test = suite("the type buffer");

function create($ch: Ch, options: Partial<BufferOptions> = {}) {
  const target = $ch("target").create();
  const buffer = $ch("buffer").create("buffer", { bufferCh: "target", ...options });
  return { target, buffer, waiting: $ch("buffer::__bufferStorage") };
}

test("hands over when enough entries wait, one set each", async (t) => {
  const { $ch, runtime } = registry(t);
  const { target, buffer, waiting } = create($ch, { bufferByNumber: 3 });
  const told = toldBy(target);
  assert.equal(buffer.set("a", 1), { key: "a" });
  assert.equal(buffer.set({ id: 2 }, { id: 2 }), { id: 2 });
  assert.equal([target.size(), waiting.size(), runtime.timers], [0, 2, 1]);
  buffer.set("a", 3);
  assert.is(target.size(), 0);
  buffer.set("b", 4);
  assert.equal([target.size(), waiting.size(), runtime.timers], [3, 0, 0]);
  await target.waitForJobs();
  assert.equal(told, [
    ["set", { id: 2 }, { id: 2 }],
    ["set", { key: "a" }, { key: "a", value: 3 }],
    ["set", { key: "b" }, { key: "b", value: 4 }],
  ]);
});

test("hands over after a time, counted from the first entry", (t) => {
  const { $ch, runtime } = registry(t);
  const { target, buffer } = create($ch);
  buffer.set("a", 1);
  runtime.advance(2_499);
  buffer.set("b", 1);
  assert.is(target.size(), 0);
  runtime.advance(1);
  assert.is(target.size(), 2);
  assert.is(runtime.timers, 0);
  buffer.set("c", 1);
  runtime.advance(2_500);
  assert.is(target.size(), 3);
});

test("hands over a hundred by default, at once with one, never by number below none", (t) => {
  const { $ch, runtime } = registry(t);
  const { target, buffer } = create($ch);
  const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
  buffer.setAll(["id"], rows(99));
  assert.is(target.size(), 0);
  buffer.setAll(["id"], rows(100));
  assert.is(target.size(), 100);
  const eager = $ch("eager").create("buffer", { bufferCh: "target", bufferByNumber: 1, bufferByTime: -1 });
  eager.set("k", 1);
  assert.is(target.size(), 101);
  const patient = $ch("patient").create("buffer", { bufferCh: "target", bufferByNumber: -1 });
  patient.setAll(["id"], rows(500));
  assert.is(target.size(), 101);
  runtime.advance(2_500);
  assert.is(target.size(), 501);
});

test("hands over rows in one call where their key fields are known", async (t) => {
  const { $ch } = registry(t);
  const { target, buffer } = create($ch, { bufferIdxs: ["id"], bufferByNumber: 4, bufferByTime: -1 });
  const told = toldBy(target);
  buffer.set({ id: 1 }, { id: 1, a: 1 });
  buffer.setAll(["id"], [{ id: 2 }]);
  buffer.set({ id: 3 }, { other: 3 });
  buffer.set({ id: 4 }, { id: 4 });
  await target.waitForJobs();
  assert.equal(told, [
    ["setall", ["id"], [{ id: 1, a: 1 }, { id: 2 }]],
    ["set", { id: 3 }, { other: 3 }],
    ["setall", ["id"], [{ id: 4 }]],
  ]);
});

test("hands over when a function says so", (t) => {
  const { $ch } = registry(t);
  const asked: string[] = [];
  const { target, buffer } = create($ch, {
    bufferFunc: (name) => {
      asked.push(name);
      return asked.length === 2;
    },
  });
  buffer.set("a", 1);
  assert.is(target.size(), 0);
  buffer.set("b", 1);
  assert.is(target.size(), 2);
  assert.equal(asked, ["buffer::__bufferStorage", "buffer::__bufferStorage"]);
});

test("keeps forced times", (t) => {
  const { $ch } = registry(t);
  const { target, buffer } = create($ch, { bufferIdxs: ["id"], bufferByNumber: 3 });
  target.set({ id: 1 }, { id: 1, by: "later" }, 2_000);
  buffer.set({ id: 1 }, { id: 1, by: "earlier" }, 1_000);
  buffer.setAll(["id"], [{ id: 2 }], 1_000);
  assert.is(buffer.set({ id: 2 }, { id: 2, by: "older" }, 999), undefined);
  buffer.set({ id: 3 }, { id: 3 });
  assert.equal(target.get({ id: 1 }), { id: 1, by: "later" });
  assert.is(target.set({ id: 2 }, {}, 999), undefined);
  assert.equal(target.set({ id: 2 }, {}, 1_001), { id: 2 });
  assert.is(target.set({ id: 3 }, {}, 1_001), undefined);
});

test("reads what waits over what is there", (t) => {
  const { $ch } = registry(t);
  const { target, buffer } = create($ch);
  target.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  assert.equal(buffer.getAll(), [{ id: 1 }, { id: 2 }]);
  buffer.set({ id: 1 }, { id: 1, new: true });
  buffer.set({ id: 3 }, { id: 3 });
  assert.equal(buffer.get({ id: 1 }), { id: 1, new: true });
  assert.equal(buffer.get({ id: 2 }), { id: 2 });
  assert.is(buffer.get({ id: 9 }), undefined);
  assert.is(buffer.size(), 3);
  assert.equal(buffer.getKeys(), [{ id: 2 }, { id: 1 }, { id: 3 }]);
  assert.equal(buffer.getSortedKeys(), [{ id: 2 }, { id: 1 }, { id: 3 }]);
  assert.equal(buffer.getAll(), [{ id: 2 }, { id: 1, new: true }, { id: 3 }]);
  const seen: unknown[] = [];
  buffer.forEach((key) => void seen.push(key));
  assert.equal(seen, buffer.getKeys());
});

test("removes from both, and tells its subscribers", async (t) => {
  const { $ch } = registry(t);
  const { target, buffer, waiting } = create($ch);
  target.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 3 }]);
  buffer.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 4 }]);
  const told = toldBy(buffer);
  buffer.unset({ id: 1 });
  buffer.unsetAll(["id"], [{ id: 2 }, { id: 9 }]);
  assert.equal([target.getKeys(), waiting.getKeys()], [[{ id: 3 }], [{ id: 4 }]]);
  await buffer.waitForJobs();
  assert.equal(told, [
    ["unset", { id: 1 }, undefined],
    ["unsetall", ["id"], [{ id: 2 }, { id: 9 }]],
  ]);
});

test("takes the last from what waits, the first from what is there, and every key once", (t) => {
  const { $ch } = registry(t);
  const { target, buffer } = create($ch);
  target.setAll(["id"], [{ id: 1 }, { id: 2 }, { id: 3 }]);
  buffer.set({ id: 1 }, { id: 1, new: true });
  buffer.set({ id: 4 }, { id: 4 });
  assert.equal(buffer.shift(), { id: 2 });
  assert.equal(buffer.pop(), { id: 4 });
  assert.equal(buffer.pop(), { id: 1, new: true });
  assert.equal(buffer.pop(), { id: 3 });
  assert.equal([buffer.pop(), buffer.shift(), buffer.size()], [undefined, undefined, 0]);
  buffer.set("k", 1);
  assert.equal(buffer.shift(), { key: "k", value: 1 });
});

test("compares and sets in the target, which has all that waited by then", (t) => {
  const { $ch } = registry(t);
  const { target, buffer } = create($ch);
  buffer.set("k", 1);
  buffer.set("other", 1);
  assert.is(buffer.getSet({ value: 2 }, "k", 3), undefined);
  assert.equal(buffer.getSet({ value: 1 }, "k", 3), { key: "k" });
  assert.equal(target.get("k"), { key: "k", value: 3 });
});

test("keeps what the target does not take, tells why once each time, and tries again", (t) => {
  const { $ch, runtime, errors } = registry(t);
  const { target, buffer, waiting } = create($ch, { bufferByNumber: 2 });
  target.destroy();
  buffer.set("a", 1);
  buffer.set("b", 2);
  assert.is(waiting.size(), 2);
  assert.equal(
    errors.map(({ channel, error }) => [channel, error.code]),
    [["buffer", "no-channel"]],
  );
  assert.is(runtime.timers, 0, "a process may end nevertheless");
  runtime.advance(2_500);
  assert.is(errors.length, 2);
  target.create();
  runtime.advance(2_500);
  assert.equal([target.size(), waiting.size(), errors.length], [2, 0, 2]);
});

test("hands over all that can be when one entry fails", (t) => {
  const { $ch, runtime } = registry(t);
  $ch("behind").create();
  $ch("target").create("proxy", {
    chTarget: "behind",
    proxyFunc: ({ op, k }: ProxyCall) => {
      if (op === "set" && (k as { key: unknown }).key === "bad") throw new Error("no");
    },
  });
  const failures: unknown[] = [];
  const buffer = $ch("buffer").create("buffer", {
    bufferCh: "target",
    bufferByNumber: 3,
    errorFn: (error) => void failures.push(error),
  });
  buffer.set("a", 1);
  buffer.set("bad", 1);
  buffer.set("b", 1);
  assert.equal($ch("behind").getKeys(), [{ key: "a" }, { key: "b" }]);
  assert.equal($ch("buffer::__bufferStorage").getKeys(), [{ key: "bad" }]);
  assert.is((failures[0] as Error).message, "no");
  runtime.advance(2_500);
  assert.is(failures.length, 2);
});

test("reports functions that fail, and writes nevertheless", (t) => {
  const { $ch, errors } = registry(t);
  const fail = () => {
    throw new Error("mine");
  };
  const { target, buffer } = create($ch, { bufferFunc: fail });
  assert.equal(buffer.set("a", 1), { key: "a" });
  assert.is(errors[0]?.error.code, "listener-failed");
  target.destroy();
  const other = $ch("other").create("buffer", { bufferCh: "target", bufferByNumber: 1, errorFn: fail });
  other.set("k", 1);
  assert.match(errors[1]?.error.message ?? "", /errorFn of a buffer failed: mine/);
});

test("hands over at its end and leaves the target; the temporary channel goes", (t) => {
  const { $ch, runtime } = registry(t);
  const { target, buffer } = create($ch);
  buffer.set("a", 1);
  buffer.destroy();
  assert.equal([$ch().list(), target.size(), runtime.timers], [["target"], 1, 0]);
});

test("leaves a temporary channel that was there before", (t) => {
  const { $ch } = registry(t);
  const waiting = $ch("waiting").create();
  waiting.set("before", 1);
  const { target, buffer } = create($ch, { bufferTmpCh: "waiting", bufferByNumber: 2 });
  buffer.set("a", 1);
  assert.is(target.size(), 2);
  buffer.destroy();
  assert.equal($ch().list(), ["waiting", "target"]);
});

test("hands over when the registry closes, through buffers behind each other in any order", async (t) => {
  const data = await folder(t);
  const $ch = await createCh({ data });
  $ch("first").create("buffer", { bufferCh: "second" });
  $ch("second").create("buffer", { bufferCh: "third" });
  $ch("third").create("buffer", { bufferCh: "target" });
  $ch("target").create();
  $ch("first").set("a", 1);
  await $ch.close();
  const again = await createCh({ data });
  t.after(() => again.close());
  assert.equal(again("target").create().getKeys(), [{ key: "a" }]);
});

test("keeps what waits in a data folder, and hands it over after a restart", async (t) => {
  const data = await folder(t);
  const before = await createCh({ data });
  before("buffer").create("buffer", { bufferCh: "target" }).set("a", 1);
  // The target is missing, so it stays.
  await before.close();
  const $ch = await createCh({ data });
  t.after(() => $ch.close());
  const target = $ch("target").create();
  $ch("buffer").create("buffer", { bufferCh: "target", bufferByTime: 5 });
  await until(() => target.size() === 1, { what: "the entry that waited" });
});

test("finds circles", (t) => {
  const { $ch, errors } = registry(t);
  const one = $ch("one").create("buffer", { bufferCh: "two", bufferByNumber: 1 });
  $ch("two").create("buffer", { bufferCh: "one", bufferByNumber: 1 });
  one.set("k", 1);
  assert.ok(errors.some(({ error }) => error.code === "channel-loop"));
  assert.throwsCode(() => one.get("other"), "channel-loop");
});
