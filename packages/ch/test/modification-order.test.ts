import { Channel } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { ModificationOrder } from "../src/modification-order.js";

const test = suite("modification order");

function create(t: { after(task: () => unknown): void }) {
  const channel = new Channel({ name: "data" });
  t.after(() => channel.close());
  const order = new ModificationOrder(channel);
  return {
    channel,
    order,
    set: (key: string, timestampMs?: number) => {
      channel.set(key, 1, timestampMs === undefined ? {} : { timestampMs });
      order.changed(key);
    },
    remove: (key: string) => {
      channel.delete(key);
      order.changed(key);
    },
  };
}

test("knows no key of an empty channel", (t) => {
  const { order } = create(t);
  assert.is(order.oldest(), undefined);
  assert.is(order.newest(), undefined);
});

test("follows writes, removals and moves after it was first asked", (t) => {
  const { order, set, remove } = create(t);
  for (const key of ["a", "b", "c"]) set(key);
  assert.equal([order.oldest(), order.newest()], ["a", "c"]);
  set("a");
  assert.equal([order.oldest(), order.newest()], ["b", "a"]);
  remove("a");
  remove("b");
  set("d");
  assert.equal([order.oldest(), order.newest()], ["c", "d"]);
});

test("sorts anew after a forced time", (t) => {
  const { order, set } = create(t);
  set("a", 2_000);
  set("b", 3_000);
  assert.is(order.oldest(), "a");
  set("c", 1_000);
  assert.equal([order.oldest(), order.newest()], ["c", "b"]);
});

test("finds changes that it was not told of", (t) => {
  const { channel, order, set } = create(t);
  set("a", 1_000);
  set("b", 2_000);
  assert.equal([order.oldest(), order.newest()], ["a", "b"]);
  channel.set("a", 2, { timestampMs: 3_000 });
  assert.is(order.oldest(), "b");
  channel.delete("a");
  channel.delete("b");
  channel.set("c", 1);
  assert.is(order.oldest(), "c");
});

test("agrees with the channel's own order over a random history", (t) => {
  const { channel, order, set, remove } = create(t);
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let step = 0; step < 3_000; step++) {
    const key = `k${random(20)}`;
    if (random(3) === 0) remove(key);
    else if (random(8) === 0) set(key, Date.now() + random(3_000));
    else set(key);
    const keys = [...channel.keys("stamp")];
    // Within one millisecond only core knows the order.
    const oldest = channel.timestampOf(order.oldest() ?? "");
    const newest = channel.timestampOf(order.newest() ?? "");
    assert.is(oldest, channel.timestampOf(keys[0] ?? ""), `oldest, seed ${seed}, step ${step}`);
    assert.is(newest, channel.timestampOf(keys.at(-1) ?? ""), `newest, seed ${seed}, step ${step}`);
  }
});

test("empties a large channel from either end in a moment", (t) => {
  const { channel, order, remove } = create(t);
  channel.update(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i] as const));
  const began = performance.now();
  for (let i = 0; i < 10_000; i++) {
    remove(order.oldest() ?? "");
    remove(order.newest() ?? "");
  }
  assert.is(channel.size, 0);
  assert.ok(performance.now() - began < 5_000);
});

test("does not grow with the length of a queue's life", (t) => {
  const { order, set, remove } = create(t);
  set("first");
  for (let i = 0; i < 10_000; i++) {
    set(`k${i}`);
    remove(order.oldest() ?? "");
  }
  assert.is(order.oldest(), "k9999");
  assert.ok(order.places < 5_000, `${order.places} places`);
});
