import { assert, suite, until } from "@chorus/testing";
import {
  DROPPED,
  keyText,
  OriginalChannel,
  OriginalClock,
  type OriginalEvent,
} from "./original/original-channel.js";

const test = suite("stand-in for the original: channel");

test("wraps scalars, and finds keys by their fields in any order", () => {
  const channel = new OriginalChannel("data");
  assert.equal(channel.set("k", 5), { key: "k" });
  assert.equal(channel.get("k"), { key: "k", value: 5 });
  channel.set({ b: { d: 1, c: 2 }, a: 1 }, "scalar");
  assert.equal(channel.get({ a: 1, b: { c: 2, d: 1 } }), {
    key: { b: { d: 1, c: 2 }, a: 1 },
    value: "scalar",
  });
  assert.is(channel.get({ key: 1 }), undefined);
  channel.set(1, "number");
  channel.set("1", "text");
  assert.is(channel.size, 4);
});

test("tells keys apart as the original: dates are all the same, undefined is absent, null is not", () => {
  assert.is(keyText({ at: new Date(1) }), keyText({ at: new Date(2) }));
  assert.is(keyText({ a: 1, b: undefined }), keyText({ a: 1 }));
  assert.is.not(keyText({ a: null }), keyText({}));
  assert.throws(() => new OriginalChannel("data").set(null, 1), /null/);
});

test("stores null and cannot read it", () => {
  const channel = new OriginalChannel("data");
  channel.set("k", null);
  assert.is(channel.size, 1);
  assert.throws(() => channel.get("k"), "Cannot convert null to an object");
  assert.equal(channel.getAll(), [null]);
});

test("keeps the order of insertion, and sorts by the time of entry with ties in that order", () => {
  const channel = new OriginalChannel("data");
  channel.set("a", 1, { timestamp: 10 });
  channel.set("b", 1, { timestamp: 5 });
  channel.set("c", 1, { timestamp: 10 });
  channel.set("a", 2, { timestamp: 10 });
  assert.equal(channel.getKeys(), [{ key: "a" }, { key: "b" }, { key: "c" }]);
  assert.equal(channel.getSortedKeys(), [{ key: "b" }, { key: "a" }, { key: "c" }]);
  assert.equal(channel.shift(), { key: "b", value: 1 });
  assert.equal(channel.pop(), { key: "c", value: 1 });
  assert.is(channel.size, 1);
});

test("takes any forced time: what arrives last stays", () => {
  const channel = new OriginalChannel("data");
  channel.set("k", "new");
  channel.set("k", "old", { timestamp: 1 });
  assert.equal(channel.get("k"), { key: "k", value: "old" });
});

test("cannot sort times of mixed types, and shift fails in its own way", () => {
  const channel = new OriginalChannel("data");
  channel.set("a", 1);
  channel.set("b", 1, { timestamp: crypto.randomUUID() });
  assert.throws(() => channel.getSortedKeys(), /expected 0, received 1/);
  assert.throws(() => channel.pop(), /expected 0/);
  assert.throws(
    () => channel.shift(),
    (error) => error instanceof ReferenceError && error.message === '"e" is not defined',
  );
});

test("drops writes without a time while its version is later than the clock, and only those", () => {
  const clock = new OriginalClock();
  const channel = new OriginalChannel("data", clock);
  channel.set("k", 1);
  clock.offsetMs = -60_000;
  assert.is(channel.set("k", 2), DROPPED);
  assert.is(channel.setAll(["id"], [{ id: 1 }]), DROPPED);
  assert.is(channel.unset("k"), DROPPED);
  assert.is(channel.unsetAll(["key"], [{ key: "k" }]), DROPPED);
  assert.equal(channel.get("k"), { key: "k", value: 1 });
  channel.set("k", 3, { timestamp: 7 });
  assert.equal(channel.get("k"), { key: "k", value: 3 });
  assert.ok(channel.version < Date.now() - 50_000);
});

test("makes one entry of all rows without the key fields, and refuses what is no array", () => {
  const channel = new OriginalChannel("data");
  channel.setAll(["id"], [{ id: 1, x: 1 }, { x: 2 }, { x: 3 }, { id: 1, x: 4 }]);
  assert.equal(channel.getAll(), [{ id: 1, x: 4 }, { x: 3 }]);
  channel.unsetAll(["id"], [{ id: 1 }, { id: 9 }]);
  assert.equal(channel.getAll(), [{ x: 3 }]);
  assert.throws(() => channel.setAll("id", [{ id: 1 }]), /not an array/);
  assert.throws(() => channel.setAll(["id"], undefined), /not an array/);
});

test("getSet writes when a part matches, never for a scalar key, and tells subscribers in any case", async () => {
  const channel = new OriginalChannel("data");
  channel.set({ id: 1 }, { id: 1, inner: { v: 2, w: 3 } });
  channel.set("scalar", 1);
  const events: OriginalEvent[] = [];
  channel.subscribe((event) => events.push(event), true);
  const key = { id: 1 };
  assert.is(channel.getSet({ match: { inner: { v: 9 } }, key }, { id: 1, wrong: true }), undefined);
  assert.is(channel.getSet({ match: { key: "scalar" }, key: "scalar" }, 2), undefined);
  assert.is(channel.getSet({ match: {}, key: { id: "absent" } }, {}), undefined);
  assert.equal(channel.getSet({ match: { inner: { v: 2 } }, key }, { id: 1, right: true }), key);
  assert.equal(channel.getSet({ match: () => true, key }, { id: 1, by: "function" }), key);
  await channel.whenIdle();
  assert.is(events.length, 5);
  assert.equal(events[0], {
    op: "set",
    key,
    value: { id: 1, wrong: true },
    timestamp: undefined,
    uuid: undefined,
  });
  assert.equal(channel.get(key), { id: 1, by: "function" });
});

test("calls subscribers in order, replays with random uuids as times, and swallows what they throw", async () => {
  const channel = new OriginalChannel("data");
  channel.set("a", 1);
  const seen: OriginalEvent[] = [];
  const id = channel.subscribe(async (event) => {
    await Promise.resolve();
    seen.push(event);
    throw new Error("nobody hears this");
  });
  assert.is(
    channel.subscribe(() => assert.unreachable(), false, id),
    id,
  );
  await until(() => seen.length === 1, { what: "the replay" });
  channel.set("b", 2);
  channel.setAll(["id"], [{ id: 3 }], { timestamp: 4, uuid: "u" });
  channel.unset("b");
  channel.unsetAll(["id"], [{ id: 3 }]);
  await channel.whenIdle();
  assert.equal(
    seen.map(({ op }) => op),
    ["set", "set", "setall", "unset", "unsetall"],
  );
  assert.equal([seen[0]?.key, seen[0]?.value], [{ key: "a" }, { key: "a", value: 1 }]);
  assert.match(String(seen[0]?.timestamp), /^[0-9a-f]{8}-/);
  assert.equal([seen[1]?.key, seen[1]?.value], ["b", 2]);
  assert.equal([seen[2]?.timestamp, seen[2]?.uuid], [4, "u"]);
  assert.is(seen[3]?.value, undefined);
  channel.unsubscribe(id);
  channel.set("c", 1);
  await channel.whenIdle();
  assert.is(seen.length, 5);
});
