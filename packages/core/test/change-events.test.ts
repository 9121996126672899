import { assert, suite } from "@chorus/testing";
import type { ChangeBatch } from "../src/change-events.js";
import type { ChorusError } from "../src/errors.js";
import { Replica } from "./replica.js";

const test = suite("change events");

type Plain = [origin: string, ...changes: [key: string, value: unknown, previous: unknown][]];

/** Everything the replica was told, values parsed. */
function listen(replica: Replica): Plain[] {
  const batches: Plain[] = [];
  replica.channel.on("change", ({ origin, changes }: ChangeBatch) => {
    batches.push([
      origin,
      ...changes.map(({ key, value, previous }) => [key, value, previous] as [string, unknown, unknown]),
    ]);
  });
  return batches;
}

test("tells the old and the new value of what one turn wrote, in one batch, after the turn", () => {
  const a = new Replica();
  a.set("kept", 1);
  const told = listen(a);
  a.channel.set("kept", 2);
  a.channel.set("new", { a: 1 });
  a.channel.delete("kept");
  a.channel.set("new", { a: 2 });
  assert.equal(told, []);
  a.runtime.turn();
  assert.equal(told, [
    [
      "local",
      ["kept", 2, 1],
      ["new", { a: 1 }, undefined],
      ["kept", undefined, 2],
      ["new", { a: 2 }, { a: 1 }],
    ],
  ]);
});

test("tells a peer's update as one remote batch, apart from what was written here in the same turn", () => {
  const a = new Replica();
  const b = new Replica();
  a.channel.update([
    ["x", 1],
    ["y", 2],
  ]);
  a.runtime.turn();
  a.set("z", 3);
  const told = listen(b);
  const [first, second] = a.sent as [Uint8Array, Uint8Array];
  b.channel.set("own", 1);
  b.channel.replication.receive(first, {}, () => undefined);
  b.channel.replication.receive(second, {}, () => undefined);
  b.channel.set("own", 2);
  b.runtime.turn();
  assert.equal(told, [
    ["local", ["own", 1, undefined]],
    ["remote", ["x", 1, undefined], ["y", 2, undefined]],
    ["remote", ["z", 3, undefined]],
    ["local", ["own", 2, 1]],
  ]);
});

test("tells when a value was written, and of a deletion when that was", () => {
  const a = new Replica({ wall: 100 });
  const times: number[] = [];
  a.channel.on("change", ({ changes }) => times.push(...changes.map(({ timestampMs }) => timestampMs)));
  a.set("k", 1, 50);
  a.set("k", 2);
  a.runtime.wall = 200;
  a.delete("k");
  assert.equal(times, [50, 100, 200]);
});

test("parses a value when it is asked for, and gives a fresh copy each time", () => {
  const a = new Replica();
  const batches: ChangeBatch[] = [];
  a.channel.on("change", (batch) => batches.push(batch));
  a.set("k", { list: [1] });
  const change = batches[0]?.changes[0];
  const first = change?.value as { list: number[] };
  first.list.push(2);
  assert.equal(change?.value, { list: [1] });
  assert.equal(a.channel.get("k"), { list: [1] });
  const descriptor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(change), "value");
  assert.type(descriptor?.get, "function");
});

test("says nothing of losing writes, drops, moves and take-overs, on neither side", () => {
  const a = new Replica({
    cleaning: { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8, moveBatch: 1 },
  });
  const b = new Replica({ wall: 50 });
  for (let i = 0; i < 30; i++) a.set(`k${i % 3}`, i);
  a.set("gone", 1);
  a.delete("gone");
  b.set("k0", "later");
  a.syncTo(b);
  b.syncTo(a);
  const told = [...[a, b].map(listen)];
  a.channel.set("k0", "forced", { timestampMs: 1 });
  a.runtime.turn();
  a.sweep({ idle: true });
  assert.ok(a.channel.stats().moved > 0 && a.channel.stats().dropped > 0);
  a.syncTo(b);
  b.sweep({ idle: true });
  b.syncTo(a);
  assert.equal(told, [[], []]);
});

test("says nothing of a key that is set and deleted by a peer between two syncs", () => {
  const a = new Replica();
  const b = new Replica();
  const told = listen(b);
  a.set("k", 1);
  a.delete("k");
  a.syncTo(b);
  assert.equal(told, []);
});

test("turns what a listener throws into an error event; the others are still told", () => {
  const a = new Replica();
  const errors: ChorusError[] = [];
  const mine = new Error("mine");
  a.channel.on("change", () => {
    throw mine;
  });
  const told = listen(a);
  a.channel.on("error", () => {
    throw new Error("a failing error listener");
  });
  a.channel.on("error", (error) => errors.push(error));
  a.set("k", 1);
  assert.equal(told, [["local", ["k", 1, undefined]]]);
  assert.equal(
    errors.map(({ code, cause }) => [code, cause]),
    [["listener-failed", mine]],
  );
  a.set("k", 2);
  assert.is(told.length, 2);
  assert.is(a.channel.get("k"), 2);
});

test("delivers what a listener writes in a batch after", () => {
  const a = new Replica();
  const told = listen(a);
  a.channel.on("change", ({ changes }) => {
    if (changes[0]?.key === "k") a.channel.set("echo", changes[0].value);
  });
  a.set("k", 1);
  assert.equal(told, [
    ["local", ["k", 1, undefined]],
    ["local", ["echo", 1, undefined]],
  ]);
});

test("delivers nothing after the channel is closed, also when a listener closes it", () => {
  const a = new Replica();
  const b = new Replica();
  a.set("x", 1);
  a.set("y", 1);
  const told = listen(b);
  b.channel.on("change", () => b.channel.close());
  for (const update of a.sent) b.channel.replication.receive(update, {}, () => undefined);
  b.runtime.turn();
  assert.is(told.length, 1);
  const c = new Replica();
  const silent = listen(c);
  c.channel.set("k", 1);
  c.channel.close();
  c.runtime.turn();
  assert.equal(silent, []);
});

test("stops at the call of the returned function", () => {
  const a = new Replica();
  const told: unknown[] = [];
  const off = a.channel.on("change", (batch) => told.push(batch));
  a.channel.set("k", 1);
  off();
  a.runtime.turn();
  assert.equal(told, []);
});
