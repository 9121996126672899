import { assert, suite } from "@chorus/testing";
import { Emitter } from "../src/emitter.js";

const test = suite("emitter");

interface Events {
  ping: number;
  pong: string;
}

function create(): { emitter: Emitter<Events>; failures: unknown[] } {
  const failures: unknown[] = [];
  return { emitter: new Emitter<Events>((error) => failures.push(error)), failures };
}

test("calls the listeners of an event in the order they came, and of no other", () => {
  const { emitter } = create();
  const calls: unknown[] = [];
  emitter.on("ping", (payload) => calls.push(["first", payload]));
  emitter.on("pong", (payload) => calls.push(["other", payload]));
  emitter.on("ping", (payload) => calls.push(["second", payload]));
  emitter.emit("ping", 1);
  assert.equal(calls, [
    ["first", 1],
    ["second", 1],
  ]);
});

test("says whether anybody listens", () => {
  const { emitter } = create();
  assert.not(emitter.has("ping"));
  const off = emitter.on("ping", () => undefined);
  assert.ok(emitter.has("ping"));
  assert.not(emitter.has("pong"));
  off();
  off();
  assert.not(emitter.has("ping"));
});

test("hands what a listener throws to the failure handler and goes on", () => {
  const { emitter, failures } = create();
  const calls: number[] = [];
  emitter.on("ping", () => {
    throw new Error("mine");
  });
  emitter.on("ping", (payload) => calls.push(payload));
  emitter.emit("ping", 7);
  assert.equal(calls, [7]);
  assert.is(failures.length, 1);
  assert.is((failures[0] as Error).message, "mine");
});

test("keeps two subscriptions of one function apart", () => {
  const { emitter } = create();
  let calls = 0;
  const listener = (): void => void calls++;
  const off = emitter.on("ping", listener);
  emitter.on("ping", listener);
  emitter.emit("ping", 1);
  assert.is(calls, 2);
  off();
  emitter.emit("ping", 1);
  assert.is(calls, 3);
});

test("does not call a listener that another one took away just before", () => {
  const { emitter } = create();
  const calls: string[] = [];
  emitter.on("ping", () => off());
  const off = emitter.on("ping", () => calls.push("removed"));
  emitter.on("ping", () => calls.push("last"));
  emitter.emit("ping", 1);
  assert.equal(calls, ["last"]);
});

test("does not call a listener that is added while it emits", () => {
  const { emitter } = create();
  let calls = 0;
  emitter.on("ping", () => void emitter.on("ping", () => calls++));
  emitter.emit("ping", 1);
  assert.is(calls, 0);
});

test("calls nobody after clear, not even the rest of the listeners it was calling", () => {
  const { emitter } = create();
  let calls = 0;
  emitter.on("ping", () => emitter.clear());
  emitter.on("ping", () => calls++);
  emitter.emit("ping", 1);
  emitter.emit("ping", 1);
  assert.is(calls, 0);
  assert.not(emitter.has("ping"));
});
