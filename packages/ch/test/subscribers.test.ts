import { systemRuntime } from "@chorus/core";
import { assert, suite, until } from "@chorus/testing";
import { type Notification, Subscribers } from "../src/subscribers.js";

const test = suite("subscribers");

function create(): { subscribers: Subscribers; failures: unknown[] } {
  const failures: unknown[] = [];
  const subscribers = new Subscribers({ runtime: systemRuntime, onFailure: (error) => failures.push(error) });
  return { subscribers, failures };
}

function notification(key: number): Notification {
  return { op: "set", key: () => key, value: () => ({ key }), timestamp: key, uuid: undefined, x: undefined };
}

test("calls later, in order, with nothing lost", async () => {
  const { subscribers } = create();
  const seen: unknown[] = [];
  subscribers.add("a", ({ key }) => void seen.push(key()), []);
  for (let i = 0; i < 500; i++) subscribers.notify(notification(i));
  assert.is(seen.length, 0);
  await subscribers.whenIdle();
  assert.equal(
    seen,
    Array.from({ length: 500 }, (_, i) => i),
  );
});

test("replays before anything new", async () => {
  const { subscribers } = create();
  const seen: unknown[] = [];
  subscribers.add("a", ({ key }) => void seen.push(key()), [notification(1), notification(2)]);
  subscribers.notify(notification(3));
  await subscribers.whenIdle();
  assert.equal(seen, [1, 2, 3]);
});

test("keeps the first subscriber of an id", async () => {
  const { subscribers } = create();
  const seen: string[] = [];
  subscribers.add("a", () => void seen.push("first"), []);
  subscribers.add("a", () => void seen.push("second"), [notification(0)]);
  subscribers.notify(notification(1));
  await subscribers.whenIdle();
  assert.equal(seen, ["first"]);
  assert.is(subscribers.size, 1);
});

test("isolates one that throws or rejects, and goes on with it", async () => {
  const { subscribers, failures } = create();
  const seen: unknown[] = [];
  let calls = 0;
  subscribers.add("bad", () => {
    calls++;
    if (calls === 1) throw new Error("thrown");
    return Promise.reject(new Error("rejected"));
  }, []);
  subscribers.add("good", ({ key }) => void seen.push(key()), []);
  for (const i of [1, 2, 3]) subscribers.notify(notification(i));
  await subscribers.whenIdle();
  assert.equal(seen, [1, 2, 3]);
  assert.equal(
    failures.map((error) => (error as Error).message),
    ["thrown", "rejected", "rejected"],
  );
});

test("waits for the promise of one and does not hold up others", async () => {
  const { subscribers } = create();
  const open: (() => void)[] = [];
  const slow: unknown[] = [];
  const fast: unknown[] = [];
  subscribers.add(
    "slow",
    ({ key }) => {
      slow.push(key());
      return new Promise<void>((resolve) => open.push(resolve));
    },
    [],
  );
  subscribers.add("fast", ({ key }) => void fast.push(key()), []);
  for (const i of [1, 2]) subscribers.notify(notification(i));
  await until(() => fast.length === 2, { what: "the fast one has everything" });
  assert.equal(slow, [1]);
  open[0]?.();
  await until(() => slow.length === 2, { what: "the slow one goes on" });
  const idle = subscribers.whenIdle();
  open[1]?.();
  await idle;
});

test("gives input and output a turn during a long queue", async () => {
  const { subscribers } = create();
  let calls = 0;
  const spin = (): void => {
    calls++;
    const ends = performance.now() + 3;
    while (performance.now() < ends);
  };
  subscribers.add(
    "a",
    spin,
    Array.from({ length: 50 }, (_, i) => notification(i)),
  );
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(calls > 0 && calls < 50, `${calls} calls`);
  subscribers.close();
});

test("drops what is waiting when it is removed, and lets nobody wait for it", async () => {
  const { subscribers } = create();
  const seen: unknown[] = [];
  subscribers.add("a", ({ key }) => void seen.push(key()), [notification(1)]);
  const idle = subscribers.whenIdle();
  subscribers.remove("a");
  subscribers.remove("unknown");
  await idle;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(seen, []);
  assert.is(subscribers.size, 0);
});

test("stops in the middle of a batch when it is removed by itself", async () => {
  const { subscribers } = create();
  const seen: unknown[] = [];
  const replay = [notification(1), notification(2)];
  subscribers.add(
    "a",
    ({ key }) => {
      seen.push(key());
      subscribers.remove("a");
    },
    replay,
  );
  await until(() => seen.length > 0, { what: "the first call" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(seen, [1]);
});

/** With one subscriber whose call for the key 1 lasts until `end` is called. */
function createSlow() {
  const { subscribers } = create();
  const seen: unknown[] = [];
  let finish: () => void = () => undefined;
  subscribers.add(
    "slow",
    ({ key }) => {
      seen.push(key());
      return key() === 1 ? new Promise<void>((resolve) => (finish = resolve)) : undefined;
    },
    [],
  );
  return { subscribers, seen, end: () => finish() };
}

test("stops: the call under way ends, what waits is kept until the next change, and goes on in order", async () => {
  const { subscribers, seen, end } = createSlow();
  for (const key of [1, 2, 3]) subscribers.notify(notification(key));
  await until(() => seen.length === 1);
  const waiting = subscribers.whenIdle();
  subscribers.stop();
  await waiting;
  await subscribers.whenIdle();
  end();
  await new Promise((resolve) => systemRuntime.later(() => systemRuntime.later(() => resolve(undefined))));
  assert.equal(seen, [1]);
  subscribers.notify(notification(4));
  await subscribers.whenIdle();
  assert.equal(seen, [1, 2, 3, 4]);
});

test("goes on at once when the next change comes before the call under way has ended", async () => {
  const { subscribers, seen, end } = createSlow();
  for (const key of [1, 2]) subscribers.notify(notification(key));
  await until(() => seen.length === 1);
  subscribers.stop();
  subscribers.notify(notification(3));
  end();
  await subscribers.whenIdle();
  assert.equal(seen, [1, 2, 3]);
});

test("stops before the first call, and drops what waits when it closes", async () => {
  const { subscribers } = create();
  const seen: unknown[] = [];
  subscribers.add("a", ({ key }) => void seen.push(key()), [notification(1)]);
  subscribers.stop();
  await subscribers.whenIdle();
  await new Promise((resolve) => systemRuntime.later(() => resolve(undefined)));
  assert.equal(seen, []);
  subscribers.notify(notification(2));
  subscribers.stop();
  subscribers.close();
  await new Promise((resolve) => systemRuntime.later(() => resolve(undefined)));
  assert.equal(seen, []);
});

test("tells who failed, and at what", async () => {
  const told: unknown[] = [];
  const subscribers = new Subscribers({
    runtime: systemRuntime,
    onFailure: (error, { id, op }) => void told.push([(error as Error).message, id, op]),
  });
  subscribers.add("throws", () => {
    throw new Error("at once");
  }, []);
  subscribers.add("rejects", () => Promise.reject(new Error("later")), []);
  subscribers.notify(notification(1));
  await subscribers.whenIdle();
  assert.equal(told.sort(), [
    ["at once", "throws", "set"],
    ["later", "rejects", "set"],
  ]);
});

test("who waits inside a call waits for that call, and nobody after it is lost", async () => {
  const { subscribers } = create();
  const seen: unknown[] = [];
  const waits: Promise<void>[] = [];
  subscribers.add(
    "a",
    ({ key }) => {
      seen.push(key());
      waits.push(subscribers.whenIdle().then(() => void seen.push(`after ${key()}`)));
    },
    [],
  );
  for (const i of [1, 2]) subscribers.notify(notification(i));
  await subscribers.whenIdle();
  await Promise.all(waits);
  assert.equal(seen, [1, 2, "after 1", "after 2"]);
});
