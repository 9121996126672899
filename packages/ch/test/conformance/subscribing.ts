// subscribe, unsubscribe and waitForJobs: who is called, with what, when, and what one subscriber does to others.
import { assert } from "@chorus/testing";
import { type Case, calls, gate, pairOf, told } from "./cases.js";

const PROMISES = "a function given to `subscribe` that returns a promise";
const THROWS = "a function given to `subscribe` that throws";
const WAIT = "`waitForJobs`";

const ids: Case[] = [
  {
    method: "subscribe",
    title: "returns the id, a uuid when none was given",
    source: "S3",
    original: "id; default a uuid",
    here: "same",
    run: (data) => {
      assert.is(
        data.subscribe(() => undefined, true, "mine"),
        "mine",
      );
      const [one, other] = [data.subscribe(() => undefined), data.subscribe(() => undefined)];
      assert.match(one, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.is.not(one, other);
    },
  },
  {
    method: "subscribe",
    title: "the same id keeps the first function",
    source: "S3",
    original: "id returned, first fn kept",
    here: "same",
    run: async (data) => {
      data.set("k", 1);
      const [first, second] = [calls(data, true, "id"), calls(data, false, "id")];
      data.set("k", 2);
      await data.waitForJobs();
      assert.equal([first.length, second.length], [1, 0]);
    },
  },
  {
    method: "unsubscribe",
    title: "ends it, chainable; an unknown id is fine, and the id is free again",
    source: "S3",
    original: "$ch",
    here: "same",
    run: async (data) => {
      const list = calls(data, true, "id");
      data.set("k", 1);
      await data.waitForJobs();
      assert.is(data.unsubscribe("id").unsubscribe("unknown"), data);
      data.set("k", 2);
      const again = calls(data, true, "id");
      data.set("k", 3);
      await data.waitForJobs();
      assert.equal([told(list), told(again)], [[["set", "k", 1]], [["set", "k", 3]]]);
    },
  },
  {
    method: "unsubscribe",
    title: "an id that peer returned ends nothing",
    source: "S3",
    original: "ids of peer are ids of subscribers: replication ends",
    here: "they are labels: unpeer ends it",
    row: "the ids that `peer` returns, given to `unsubscribe`",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      const labels = await a.data.peer(a.server, "/data", [b.url]);
      for (const label of labels) a.data.unsubscribe(label);
      a.data.set("k", 1);
      await a.data.waitForJobs();
      assert.is(b.data.size(), 1);
    },
  },
  {
    method: "subscribe",
    title: "refuses what is no function",
    source: "S3",
    original: "fails at the first call",
    here: "invalid-option, nobody is subscribed",
    row: "any, with a wrong argument",
    run: (data) => {
      assert.throwsCode(() => data.subscribe("no function" as never), "invalid-option");
    },
  },
];

const replay: Case[] = [
  {
    method: "subscribe",
    title: "existing entries are replayed as set",
    source: "S3",
    original: 'as "set", the key and value as stored',
    here: "same",
    run: async (data) => {
      data.set("k", 5);
      data.set({ id: 1 }, { id: 1 });
      const list = calls(data, false);
      data.set("later", 1);
      await data.waitForJobs();
      assert.equal(told(list), [
        ["set", { key: "k" }, { key: "k", value: 5 }],
        ["set", { id: 1 }, { id: 1 }],
        ["set", "later", 1],
      ]);
    },
  },
  {
    method: "subscribe",
    title: "onlyFromNow replays nothing; it is not the default",
    source: "S3",
    original: "onlyFromNow=false",
    here: "same",
    run: async (data) => {
      data.set("k", 5);
      const seen: unknown[][] = [];
      data.subscribe((...call) => void seen.push(call));
      const list = calls(data, true);
      await data.waitForJobs();
      assert.equal([seen.length, list.length], [1, 0]);
    },
  },
  {
    method: "subscribe",
    title: "a replayed call has all arguments, and the time of the entry",
    source: "S3",
    original: "6 arguments, the 6th a random uuid",
    here: "8, the 6th the time: subscribers need not tell the two apart",
    row: "`subscribe`: replay of what is there",
    run: async (data, { ch }) => {
      data.set("k", 5, 1_000, "uuid", "x");
      const list = calls(data, false);
      await data.waitForJobs();
      assert.equal(list[0]?.slice(0, 4), ["data", "set", { key: "k" }, { key: "k", value: 5 }]);
      assert.is(list[0]?.length, 8);
      assert.is(list[0]?.[4], ch);
      assert.equal(list[0]?.slice(5), [1_000, undefined, undefined]);
    },
  },
];

const passed: Case[] = [
  {
    method: "subscribe",
    title: "set: key and value as passed, with uuid and x",
    source: "S3",
    original: "key as passed (scalar stays scalar), value as passed",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      data.set("k", 5, undefined, "uuid", { extra: 1 });
      data.set({ id: 1 }, "v");
      data.push(1, [1]);
      await data.waitForJobs();
      assert.equal(told(list), [
        ["set", "k", 5],
        ["set", { id: 1 }, "v"],
        ["set", 1, [1]],
      ]);
      assert.is(list[0]?.[0], "data");
      assert.equal(list[0]?.slice(6), ["uuid", { extra: 1 }]);
      assert.equal(list[1]?.slice(6), [undefined, undefined]);
    },
  },
  {
    method: "subscribe",
    title: "unset: key as passed, no value, also for an absent key",
    source: "S3",
    original: "key as passed, undefined for unset",
    here: "same",
    run: async (data) => {
      data.set("k", 5);
      const list = calls(data);
      data.unset("k", undefined, "uuid", "x");
      data.unset({ id: 9 });
      await data.waitForJobs();
      assert.equal(told(list), [
        ["unset", "k", undefined],
        ["unset", { id: 9 }, undefined],
      ]);
      assert.equal(list[0]?.slice(6), ["uuid", "x"]);
    },
  },
  {
    method: "subscribe",
    title: "setall: names and rows",
    source: "S3",
    original: "key = array of field names, value = array of rows",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      const rows = [
        { id: 1, x: 1 },
        { id: 2, x: 2 },
      ];
      data.setAll(["id"], rows, undefined, "uuid", "x");
      await data.waitForJobs();
      assert.equal(told(list), [["setall", ["id"], rows]]);
      assert.equal(list[0]?.slice(6), ["uuid", "x"]);
    },
  },
  {
    method: "subscribe",
    title: "unsetall: names, and rows with their key fields",
    source: "S3",
    original: "the rows as passed",
    here: "the key fields only: nothing else was checked",
    row: "`subscribe`: `unsetall`",
    run: async (data) => {
      data.setAll(["id"], [{ id: 1, x: 1 }]);
      const list = calls(data);
      data.unsetAll(["id"], [{ id: 1, x: 1 } as object, { id: 7 }], undefined, "uuid", "x");
      await data.waitForJobs();
      assert.equal(told(list), [["unsetall", ["id"], [{ id: 1 }, { id: 7 }]]]);
      assert.equal(list[0]?.slice(6), ["uuid", "x"]);
    },
  },
  {
    method: "subscribe",
    title: "getSet that matches: set, with uuid and x",
    source: "S3",
    original: "op set, key and value as passed",
    here: "same",
    run: async (data) => {
      data.set({ id: 1 }, { id: 1 });
      const list = calls(data);
      data.getSet({ id: 1 }, { id: 1 }, { id: 1, n: 2 }, undefined, "uuid", "x");
      await data.waitForJobs();
      assert.equal(told(list), [["set", { id: 1 }, { id: 1, n: 2 }]]);
      assert.equal(list[0]?.slice(6), ["uuid", "x"]);
    },
  },
  {
    method: "subscribe",
    title: "the 5th argument is $ch",
    source: "S3",
    original: "the ow.ch object",
    here: "the registry of the channel: there is no ow",
    row: "`subscribe`: 5th argument",
    run: async (data, { ch }) => {
      const list = calls(data);
      data.set("k", 1);
      await data.waitForJobs();
      assert.is(list[0]?.[4], ch);
    },
  },
];

const delivery: Case[] = [
  {
    method: "subscribe",
    title: "calls come after the call that made the change",
    source: "S3",
    original: "asynchronous, on virtual threads",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      data.set("k", 1);
      assert.is(list.length, 0);
      await data.waitForJobs();
      assert.is(list.length, 1);
    },
  },
  {
    method: "subscribe",
    title: "500 of 500 calls come in order, to each subscriber",
    source: "S3",
    original: "in order per subscriber (500 of 500)",
    here: "same",
    run: async (data) => {
      const lists = [calls(data), calls(data), calls(data)];
      const ids = Array.from({ length: 500 }, (_, i) => i);
      for (const id of ids) data.set(id % 7, id);
      await data.waitForJobs();
      for (const list of lists) {
        assert.equal(
          list.map((call) => call[3]),
          ids,
        );
      }
    },
  },
  {
    method: "subscribe",
    title: "a slow subscriber delays only itself",
    source: "S3",
    original: "only itself; independent between subscribers",
    here: "same",
    run: async (data) => {
      const door = gate();
      const slow: unknown[] = [];
      const all = gate();
      data.subscribe(async (...[, , , value]) => {
        await door.opened;
        slow.push(value);
      }, true);
      const quick: unknown[] = [];
      data.subscribe((...[, , , value]) => {
        if (quick.push(value) === 100) all.open();
      }, true);
      for (let i = 0; i < 100; i++) data.set("k", i);
      await all.opened;
      assert.equal(slow, []);
      door.open();
      await data.waitForJobs();
      assert.equal(slow, quick);
    },
  },
  {
    method: "subscribe",
    title: "a promise is waited for before the next call",
    source: "S3",
    original: "a function is done when it returns",
    here: "waits: in Node, that is how a slow function is written",
    row: PROMISES,
    run: async (data) => {
      let running = 0;
      let most = 0;
      data.subscribe(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      }, true);
      for (let i = 0; i < 10; i++) data.set("k", i);
      await data.waitForJobs();
      assert.equal([most, running], [1, 0]);
    },
  },
  {
    method: "subscribe",
    title: "whatever waits for a slow subscriber is kept",
    source: "S3",
    original: "queue unbounded in memory",
    here: "same",
    run: async (data) => {
      const door = gate();
      let count = 0;
      data.subscribe(async () => {
        await door.opened;
        count++;
      }, true);
      for (let i = 0; i < 3_000; i++) data.set("k", i);
      door.open();
      await data.waitForJobs();
      assert.is(count, 3_000);
    },
  },
  {
    method: "subscribe",
    title: "what a function throws stops neither it nor others",
    source: "S3",
    original: "swallowed",
    here: "an error event: nothing fails unseen",
    row: THROWS,
    run: async (data, { errors }) => {
      let own = 0;
      data.subscribe(() => {
        own++;
        throw new Error("mine");
      }, true);
      data.subscribe(async () => Promise.reject(new Error("late")), true);
      const list = calls(data);
      data.set("k", 1);
      data.set("k", 2);
      await data.waitForJobs();
      assert.equal([own, list.length], [2, 2]);
      assert.equal(
        errors.map(({ channel, error }) => [channel, error.code]),
        Array.from({ length: 4 }, () => ["data", "listener-failed"]),
      );
    },
  },
];

const waiting: Case[] = [
  {
    method: "waitForJobs",
    title: "waits until subscribers are done, and gives $ch",
    source: "S3",
    original: "$ch, once subscriber jobs are done",
    here: "a promise of it: Node cannot wait without giving up its turn",
    row: WAIT,
    run: async (data) => {
      let done = 0;
      data.subscribe(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        done++;
      }, true);
      for (let i = 0; i < 5; i++) data.set("k", i);
      assert.is(await data.waitForJobs(), data);
      assert.is(done, 5);
    },
  },
  {
    method: "waitForJobs",
    title: "does not use up its time when everything is done",
    source: "S3",
    original: "spins until the timeout has passed",
    here: "resolves as soon as it holds",
    row: WAIT,
    run: async (data) => {
      calls(data);
      data.set("k", 1);
      await data.waitForJobs();
      const began = performance.now();
      await data.waitForJobs(60_000);
      assert.ok(performance.now() - began < 5_000);
    },
  },
  {
    method: "waitForJobs",
    title: "gives up after the timeout",
    source: "S3",
    original: "returns, done or not",
    here: "rejects with timeout: done and not done differ",
    row: WAIT,
    run: async (data) => {
      data.subscribe(() => new Promise(() => undefined), true);
      data.set("k", 1);
      await assert.rejectsCode(data.waitForJobs(10), "timeout");
    },
  },
];

export const subscribing: readonly Case[] = [...ids, ...replay, ...passed, ...delivery, ...waiting];
