// The types dummy, cache, buffer, proxy, ops and all: what the reference says of each, and its defects. `data` is the
// replicated channel behind them. The tests of every option are in channel-types/.
import { assert } from "@chorus/testing";
import { OptionError, type ProxyCall } from "../../src/index.js";
import { type Case, calls, type Scene, told } from "./cases.js";

type Scenes = Pick<Scene, "ch">;

/** A channel "front" of the type "buffer" before `data`, that hands over when told to. */
function buffered({ ch }: Scenes, isDue = (): boolean => false) {
  return ch("front").create("buffer", { bufferCh: "data", bufferFunc: isDue });
}

/** A channel "front" of the type "proxy" before `data`, and what its function sees. */
function proxied({ ch }: Scenes, answer: (call: ProxyCall) => unknown = () => undefined) {
  const seen: ProxyCall[] = [];
  const proxyFunc = (call: ProxyCall): unknown => {
    seen.push({ ...call });
    return answer(call);
  };
  return { front: ch("front").create("proxy", { chTarget: "data", proxyFunc }), seen };
}

const dummies: Case[] = [
  {
    method: "create",
    title: "a dummy stores nothing and notifies; its set returns {}",
    source: "S3",
    original: "dummy stores nothing but notifies; set returns {}",
    here: "same",
    run: async (_, { ch }) => {
      const dummy = ch("dummy").create("dummy");
      const list = calls(dummy);
      assert.equal(dummy.set("k", 1), {});
      await dummy.waitForJobs();
      assert.is(dummy.size(), 0);
      assert.equal(told(list), [["set", "k", 1]]);
    },
  },
  {
    method: "create",
    title: "ops calls its functions by name",
    source: "S1",
    original: "a type that is there",
    here: "only functions are options, and only those that are given are names",
    row: "`ops`: `create`, `set`, `get`",
    run: (_, { ch }) => {
      const ops = ch("ops").create("ops", { double: (value: { n: number }) => value.n * 2 });
      assert.is(ops.set("double", { n: 4 }) as unknown, 8);
      assert.is(ops.get("toString"), undefined);
      assert.throwsCode(() => ch("other").create("ops", { text: "no function" } as never), "invalid-option");
    },
  },
  {
    method: "create",
    title: "options of virtual types are checked, and nothing is created",
    source: "S3",
    original: "taken as they are",
    here: "invalid-option, which names the option: a typing error must not go unseen",
    row: "`create` with options of a virtual type",
    run: (data, { ch }) => {
      const wrong = { bufferCh: "data", bufferByNumbers: 5 } as never;
      const isNamed = (error: unknown) =>
        error instanceof OptionError && /bufferByNumbers/.test(error.message);
      assert.throws(() => ch("front").create("buffer", wrong), isNamed);
      assert.equal(data.list(), ["data"]);
    },
  },
];

const caches: Case[] = [
  {
    method: "get",
    title: "a cache computes on a miss, once",
    source: "S3",
    original: "computes on miss; func, ttl 5000",
    here: "same",
    run: (_, { ch }) => {
      let computed = 0;
      const func = (key: unknown) => ({ key, n: ++computed });
      const cache = ch("cache").create("cache", { func });
      assert.equal(cache.get({ id: 1 }), { key: { id: 1 }, n: 1 });
      assert.equal(cache.get({ id: 1 }), { key: { id: 1 }, n: 1 });
      assert.is(computed, 1);
    },
  },
  {
    method: "get",
    title: "a cache without ttl computes every time",
    source: "S3",
    original: "ttl",
    here: "same",
    run: (_, { ch }) => {
      let computed = 0;
      const cache = ch("cache").create("cache", { func: () => ({ n: ++computed }), ttl: 0 });
      assert.equal([cache.get("k"), cache.get("k")], [{ n: 1 }, { n: 2 }]);
    },
  },
  {
    method: "getKeys",
    title: "the keys of a cache are clean, in the channel that keeps its entries too",
    source: "S3",
    original: "the key has the time of the entry as ____t",
    here: "the time is kept beside it",
    row: "`cache`: the time of an entry, `getKeys`, `get`",
    run: (data, { ch }) => {
      const cache = ch("cache").create("cache", { func: () => ({ n: 1 }), ch: "data" });
      cache.get({ id: 1 });
      assert.equal([cache.getKeys(), data.getKeys()], [[{ id: 1 }], [{ id: 1 }]]);
    },
  },
];

const buffers: Case[] = [
  {
    method: "set",
    title: "a buffer hands over to its target when so many entries wait",
    source: "S3",
    original: "flushes to a target channel; bufferByNumber 100",
    here: "same",
    run: (data, { ch }) => {
      const front = ch("front").create("buffer", { bufferCh: "data", bufferByNumber: 3 });
      front.push("a", 1).push("b", 2);
      assert.is(data.size(), 0);
      front.push("c", 3);
      assert.equal(data.getKeys(), [{ key: "a" }, { key: "b" }, { key: "c" }]);
    },
  },
  {
    method: "getSortedKeys",
    title: "of a buffer gives keys, each once, what waits after what is there",
    source: "S8.21",
    original: "buffer.getSortedKeys returns values",
    here: "keys",
    row: "`buffer`: `size`, `get`, `getAll`, `getKeys`, `getSortedKeys`",
    run: (data, scene) => {
      const front = buffered(scene);
      data.push("a", 1).push("b", 1);
      front.push("a", 2);
      assert.equal(front.getSortedKeys(), [{ key: "b" }, { key: "a" }]);
      assert.equal([front.size(), front.get("a")], [2, { key: "a", value: 2 }]);
    },
  },
  {
    method: "unsetAll",
    title: "of a buffer removes what waits and what is there",
    source: "S3",
    original: "touches the temporary channel only",
    here: "both: what was removed must not be there",
    row: "`buffer`: `unset`, `unsetAll`",
    run: (data, scene) => {
      const front = buffered(scene);
      data.push("a", 1);
      front.push("b", 1);
      front.unsetAll(["key"], [{ key: "a" }, { key: "b" }]);
      assert.equal([front.size(), data.size()], [0, 0]);
    },
  },
  {
    method: "getSet",
    title: "on a buffer sees what waits for the key",
    source: "S3",
    original: "goes to the target, whatever waits",
    here: "what waits for that key is handed over first",
    row: "`buffer`: `getSet`",
    run: (data, scene) => {
      const front = buffered(scene);
      data.set("k", { v: 1 });
      front.set("k", { v: 2 });
      assert.is(front.getSet({ v: 1 }, "k", { v: 9 }), undefined);
      assert.equal(front.getSet({ v: 2 }, "k", { v: 3 }), { key: "k" });
      assert.equal(data.get("k"), { v: 3 });
    },
  },
  {
    method: "destroy",
    title: "of a buffer hands over and leaves its target",
    source: "S3",
    original: "the target goes too",
    here: "the target is a channel of its own",
    row: "`buffer`: `destroy`",
    run: (data, scene) => {
      const front = buffered(scene);
      front.push("a", 1);
      front.destroy();
      assert.equal([data.list(), data.size()], [["data"], 1]);
    },
  },
];

const proxies: Case[] = [
  {
    method: "set",
    title: "a proxy shows its function every operation, which may change it",
    source: "S3",
    original: "intercepts ops",
    here: "same",
    run: (data, scene) => {
      const { front, seen } = proxied(scene, (call) => {
        if (call.op === "set") call.v = { changed: true };
      });
      front.set({ id: 1 }, { id: 1 });
      front.get({ id: 1 });
      assert.equal(
        seen.map(({ op, name }) => `${op} ${name}`),
        ["set data", "get data"],
      );
      assert.equal(data.get({ id: 1 }), { changed: true });
    },
  },
  {
    method: "get",
    title: "what the function of a proxy returns is the answer",
    source: "S3",
    original: "intercepts ops",
    here: "same",
    run: (data, scene) => {
      const { front } = proxied(scene, ({ op }) => (op === "get" ? { mine: 1 } : undefined));
      data.set("k", 1);
      assert.equal(front.get("k"), { mine: 1 });
    },
  },
  {
    method: "unsetAll",
    title: "of a proxy passes the rows on",
    source: "S8.21",
    original: "drops the rows argument",
    here: "removes them",
    row: "`proxy`: `unsetAll`",
    run: (data, scene) => {
      const { front, seen } = proxied(scene);
      data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
      front.unsetAll(["id"], [{ id: 1 }]);
      assert.equal(data.getKeys(), [{ id: 2 }]);
      assert.equal([seen[0]?.k, seen[0]?.v], [["id"], [{ id: 1 }]]);
    },
  },
  {
    method: "pop",
    title: "what the function of a proxy answers is the value",
    source: "S3",
    original: "taken as a key",
    here: "the value, and no key is told: there is none",
    row: "`proxy`: `pop` and `shift` that are answered",
    run: async (_, scene) => {
      const { front } = proxied(scene, () => ({ mine: 1 }));
      const list = calls(front);
      assert.equal(front.pop(), { mine: 1 });
      await front.waitForJobs();
      assert.equal(list, []);
    },
  },
  {
    method: "forEach",
    title: "of virtual types walks a snapshot",
    source: "S3",
    original: "no snapshot",
    here: "what was there when it began",
    row: "`proxy`, `all`, `buffer`, `cache`: `forEach`",
    run: (data, scene) => {
      const { front } = proxied(scene);
      data.push("a", 1).push("b", 2);
      const seen: unknown[] = [];
      front.forEach((key) => {
        seen.push(key);
        data.unset("b").push("c", 3);
      });
      assert.equal(seen, [{ key: "a" }, { key: "b" }]);
    },
  },
];

const together: Case[] = [
  {
    method: "set",
    title: "all writes to all of its channels, and reads the first that has it",
    source: "S3",
    original: "fans out to several channels",
    here: "same",
    run: (data, { ch, type }) => {
      const other = ch("other").create(type);
      const all = ch("all").create("all", { chs: ["data", "other"] });
      all.set("k", 1);
      assert.equal([data.size(), other.size()], [1, 1]);
      other.set("only there", 2);
      assert.equal(all.get("only there"), { key: "only there", value: 2 });
    },
  },
  {
    method: "getAll",
    title: "what fnValues of all must not return is refused",
    source: "S3",
    original: "whatever happens then",
    here: "invalid-option",
    row: "`all`: `fn`, `fnKeys`, `fnValues` that return what they must not, in `set`, `getKeys`, `getAll`",
    run: (_, { ch }) => {
      const all = ch("all").create("all", { chs: ["data"], fnValues: () => "text" as never });
      assert.throwsCode(() => all.getAll(), "invalid-option");
    },
  },
];

const network: Case[] = [
  {
    method: "getSet",
    title: "a miss on a virtual type tells nobody",
    source: "S3",
    original: "subscribers are called whether or not it matched",
    here: "only when something was written",
    row: "`getSet` on virtual types",
    run: async (_, scene) => {
      const { front } = proxied(scene);
      const list = calls(front);
      front.getSet({ v: 1 }, "k", { v: 2 });
      await front.waitForJobs();
      assert.equal(list, []);
    },
  },
  {
    method: "peer",
    title: "of a virtual type is refused",
    source: "S7",
    original: "works somehow, or not",
    here: "not-replicated: the channel behind it is what can be equal everywhere",
    row: "`peer`, `unpeer`, `links`, `ready`, `storeAdd`, `storeRestore` and the like on virtual types",
    run: async (_, { ch }) => {
      const dummy = ch("dummy").create("dummy");
      await assert.rejectsCode(dummy.peer(undefined, undefined, "http://127.0.0.1:9/x"), "not-replicated");
      assert.throwsCode(() => dummy.links(), "not-replicated");
      assert.throwsCode(() => dummy.storeAdd("never.gz"), "not-replicated");
    },
  },
  {
    method: "get",
    title: "virtual types that lead to each other are found",
    source: "S3",
    original: "stack overflow",
    here: "channel-loop, which names the circle",
    row: "virtual types that lead to each other, with `get`, `set` and the others",
    run: (_, { ch }) => {
      ch("one").create("proxy", { chTarget: "two" });
      const two = ch("two").create("proxy", { chTarget: "one" });
      const error = assert.throwsCode(() => two.get("k"), "channel-loop");
      assert.match(error.message, /"two" > "one" > "two"/);
      assert.throwsCode(() => ch("own").create("proxy", { chTarget: "own" }), "invalid-option");
    },
  },
];

export const virtualTypes: readonly Case[] = [
  ...dummies,
  ...caches,
  ...buffers,
  ...proxies,
  ...together,
  ...network,
];
