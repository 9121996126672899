import { assert, suite } from "@chorus/testing";
import { KeyWatch } from "../src/node/key-watch.js";
import type { SystemNode } from "../src/systems/system.js";

const test = suite("bench key watch");

/** A node whose keys arrive when the test says so; `asynchronous` reads answer later. */
function arrivals(asynchronous: boolean): {
  node: SystemNode;
  arrive(key: string): void;
  listeners: Set<() => void>;
} {
  const map = new Map<string, unknown>();
  const listeners = new Set<() => void>();
  const node = {
    get: (key: string) => (asynchronous ? Promise.resolve(map.get(key)) : map.get(key)),
    onRemoteChange: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as SystemNode;
  const arrive = (key: string): void => {
    map.set(key, 1);
    for (const listener of listeners) listener();
  };
  return { node, arrive, listeners };
}

for (const asynchronous of [false, true]) {
  const kind = asynchronous ? "asynchronous" : "plain";
  test(`it ends when all keys have arrived, in any order, and listens no more: ${kind} reads`, async () => {
    const { node, arrive, listeners } = arrivals(asynchronous);
    const watch = new KeyWatch(node, ["a", "b"]);
    arrive("b");
    arrive("a");
    const times = await watch.seen;
    assert.is(times.length, 2);
    assert.ok((times[0] ?? 1) <= (times[1] ?? 0));
    assert.is(listeners.size, 0);
  });

  test(`keys that are there already, and none at all, end it at once: ${kind} reads`, async () => {
    const { node, arrive } = arrivals(asynchronous);
    arrive("a");
    assert.is((await new KeyWatch(node, ["a"]).seen).length, 1);
    assert.is((await new KeyWatch(node, []).seen).length, 0);
  });
}

test("a read that fails is told", async () => {
  const node = { get: () => Promise.reject(new Error("gone")), onRemoteChange: () => () => undefined };
  const watch = new KeyWatch(node as unknown as SystemNode, ["a"]);
  let message = "";
  await watch.seen.catch((error: Error) => {
    message = error.message;
  });
  assert.is(message, "gone");
});
