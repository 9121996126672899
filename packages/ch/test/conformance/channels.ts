// getName, create, list and destroy; handles; and what every method does when there is no such channel.
import { assert, until } from "@chorus/testing";
import { ChorusError, type ChannelHandle, OptionError } from "../../src/index.js";
import { type Case, calls, pairOf, twoNodes } from "./cases.js";

const MISSING = "any, on a missing channel";

const handles: Case[] = [
  {
    method: "getName",
    title: "is the name, or undefined without one",
    source: "S3",
    original: "name or undefined",
    here: "same",
    run: (data, { ch }) => {
      assert.is(data.getName(), "data");
      assert.is(ch("not created").getName(), "not created");
      assert.is(ch().getName(), undefined);
    },
  },
  {
    method: "list",
    title: "is an array of the names of all channels, also by a handle without a name",
    source: "S3",
    original: "array of all channel names; $ch() is valid for it",
    here: "same",
    run: (data, { ch, type }) => {
      ch("other").create(type);
      assert.equal(data.list(), ["data", "other"]);
      assert.equal(ch().list(), ["data", "other"]);
    },
  },
  {
    method: "list",
    title: "has no internal channels, also with peers",
    source: "S3",
    original: "internal ones too, such as __comm::x",
    here: "yours, and what something of yours needs: peers need none",
    row: "`list`",
    run: async (_, scene) => {
      const [a] = await pairOf(scene);
      assert.equal(a.$ch().list(), ["data"]);
    },
  },
  {
    method: "getName",
    title: "a handle is stateless: it looks its channel up at every call",
    source: "S1",
    original: "every call looks the name up again",
    here: "same",
    run: (data, { ch, type }) => {
      const early = ch("early");
      ch("early").create(type).set("k", 1);
      assert.is(early.size(), 1);
      data.set("k", 1);
      ch("data").destroy();
      assert.throwsCode(() => data.size(), "no-channel");
      ch("data").create(type);
      assert.is(data.size(), 0);
    },
  },
  {
    method: "getName",
    title: "a handle creates nothing",
    source: "S1",
    original: "a stateless handle",
    here: "same",
    run: (_, { ch }) => {
      ch("never");
      assert.equal(ch().list(), ["data"]);
    },
  },
];

const create: Case[] = [
  {
    method: "create",
    title: "without arguments makes a simple one, and is chainable",
    source: "S3",
    original: '$ch; type "simple"',
    here: "same",
    run: (_, { ch }) => {
      const one = ch("one");
      assert.is(one.create(), one);
      assert.is(one.set("k", 1) && one.size(), 1);
    },
  },
  {
    method: "create",
    title: "takes shouldCompress, type and options",
    source: "S3",
    original: "shouldCompress, type, opts; it matters to big and file",
    here: "same",
    run: (_, { ch, type }) => {
      for (const [i, shouldCompress] of [true, false, undefined].entries()) {
        const one = ch(`one ${i}`).create(shouldCompress, type, { any: 1 } as never);
        one.set("k", 1);
        assert.equal(one.getAll(), [{ key: "k", value: 1 }]);
      }
      ch("none")
        .create(false, undefined as unknown as "simple")
        .create(false, null as unknown as "simple");
      assert.ok(ch().list().includes("none"));
    },
  },
  {
    method: "create",
    title: "takes type and options, and is chainable then as well",
    source: "S3",
    original: "the form (typeString, optsMap) returns undefined",
    here: "$ch, as of the other forms",
    row: "`create`",
    run: (_, { ch, type }) => {
      const one = ch("one");
      assert.is(one.create(type, {}), one);
      assert.is(ch("two").create(type).size(), 0);
    },
  },
  {
    method: "create",
    title: "does nothing when the channel exists",
    source: "S3",
    original: "type and options of a second create are ignored, data kept",
    here: "same",
    run: (data) => {
      data.set("k", 1);
      assert.is(data.create(true, "big", {}), data);
      data.create("memory", {});
      data.create(false, "nonsense" as "simple");
      assert.equal(data.getAll(), [{ key: "k", value: 1 }]);
    },
  },
  {
    method: "create",
    title: "an unknown type is refused, and nothing is created",
    source: "S3",
    original: "TypeError",
    here: "invalid-option, which names the types there are",
    row: "any, with a wrong argument",
    run: (_, { ch }) => {
      for (const call of [
        () => ch("one").create(false, "nonsense" as "simple"),
        () => ch("one").create("nonsense" as "simple", {}),
        () => ch("one").create(false, 5 as unknown as "simple"),
      ]) {
        assert.throws(call, (error) => error instanceof OptionError && /"simple"/.test(error.message));
      }
      assert.equal(ch().list(), ["data"]);
    },
  },
];

const destroy: Case[] = [
  {
    method: "destroy",
    title: "drops data, subscribers and version, chainable",
    source: "S3",
    original: "$ch; drops data, subscribers, peers, jobs, version",
    here: "same",
    run: async (data, { ch, type }) => {
      const list = calls(data, true, "id");
      data.set("k", 1, 1_000);
      await data.waitForJobs();
      assert.is(data.destroy(), data);
      assert.equal(ch().list(), []);
      data.create(type).set("k", 2);
      await data.waitForJobs();
      assert.is(list.length, 1);
      assert.equal(data.getAll(), [{ key: "k", value: 2 }]);
      const again = calls(data, true, "id");
      data.set("k", 3);
      await data.waitForJobs();
      assert.is(again.length, 1);
    },
  },
  {
    method: "destroy",
    title: "is silent when the channel is missing",
    source: "S3",
    original: "silent",
    here: "same",
    run: (data, { ch }) => {
      const gone = ch("gone");
      assert.is(gone.destroy(), gone);
      assert.is(data.destroy().destroy(), data);
      assert.is(ch().destroy().getName(), undefined);
    },
  },
  {
    method: "destroy",
    title: "ends its links",
    source: "S3",
    original: "drops peers",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.destroy();
      assert.equal(a.data.create(scene.type).links(), []);
      await until(() => b.data.peers().length === 0, { what: "the peer to be gone" });
      b.data.set("k", 1);
      await b.data.waitForJobs();
      assert.is(a.data.size(), 0);
    },
  },
  {
    method: "destroy",
    title: "ends its HTTP route",
    source: "S3",
    original: "the route stays, and answers 200 with rubbish",
    here: "gone: the server answers as if there had been none",
    row: "`destroy`",
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      await a.data.expose(a.server, "/data");
      const status = async (): Promise<number> => (await fetch(a.plainUrl)).status;
      assert.is.not(await status(), 418);
      a.data.destroy();
      // What the server of the tests answers to what is nobody's.
      assert.is(await status(), 418);
      assert.type(await a.data.create(scene.type).expose(a.server, "/data"), "string");
    },
  },
];

/** Every method that needs a channel, as it is called. `create`, `expose`, `peer` and `storeAdd` make one. */
const throwing: [string, (data: ChannelHandle) => unknown][] = [
  ["size", (data) => data.size()],
  ["set", (data) => data.set("k", 1)],
  ["push", (data) => data.push("k", 1)],
  ["setAll", (data) => data.setAll(["id"], [{ id: 1 }])],
  ["unsetAll", (data) => data.unsetAll(["id"], [{ id: 1 }])],
  ["get", (data) => data.get("k")],
  ["getSet", (data) => data.getSet({}, "k", 1)],
  ["unset", (data) => data.unset("k")],
  ["pop", (data) => data.pop()],
  ["shift", (data) => data.shift()],
  ["getAll", (data) => data.getAll()],
  ["getKeys", (data) => data.getKeys()],
  ["getSortedKeys", (data) => data.getSortedKeys()],
  ["forEach", (data) => data.forEach(() => {})],
  ["getVersion", (data) => data.getVersion()],
  ["subscribe", (data) => data.subscribe(() => undefined)],
  ["unsubscribe", (data) => data.unsubscribe("id")],
  ["storeRestore", (data) => data.storeRestore("no-such-file")],
];

const missing: Case[] = throwing.map(([method, call]) => ({
  method,
  title: "throws for a missing channel, and for none",
  source: "S3",
  original: "throws the text Channel <name> doesn't exist.",
  here: "an error with this message and a code; String(error) is the text",
  row: MISSING,
  run: (_, { ch }) => {
    assert.throws(
      () => call(ch("gone")),
      (error) =>
        error instanceof ChorusError &&
        error.code === "no-channel" &&
        error.message === "Channel gone doesn't exist." &&
        String(error) === "Channel gone doesn't exist.",
    );
    assert.throwsCode(() => call(ch()), "no-channel");
    assert.equal(ch().list(), ["data"]);
  },
}));

const missingElsewhere: Case[] = [
  {
    method: "unpeer",
    title: "throws for a missing channel",
    source: "S3",
    original: "TypeError",
    here: "no-channel, as all others",
    row: MISSING,
    run: (_, { ch }) => {
      assert.throwsCode(() => ch("gone").unpeer("http://127.0.0.1:1/gone"), "no-channel");
    },
  },
  {
    method: "waitForJobs",
    title: "rejects for a missing channel",
    source: "S3",
    original: "throws TypeError",
    here: "rejects with no-channel: it returns a promise",
    row: MISSING,
    run: async (_, { ch }) => {
      await assert.rejectsCode(ch("gone").waitForJobs(10), "no-channel");
    },
  },
];

export const channels: readonly Case[] = [...handles, ...create, ...destroy, ...missing, ...missingElsewhere];
