// expose, peer and unpeer: arguments, returns, who is let in, and which links there are. What travels over them is in
// replication.ts.
import { assert, until } from "@chorus/testing";
import { auth, freePort, type Node, statusOf } from "../support.js";
import { type Case, nodes, pairOf, peerAll, twoNodes } from "./cases.js";

const PROMISES = "`expose`, `peer`";
const NO_EFFECT = "`expose(…, noCheck)`, `peer(…, maxTime, maxCount)`";
const FUNCTION = "a function of URLs given to `peer`";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The answer to a plain request. */
async function answer(url: string): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.text(), headers: response.headers };
}

const expose: Case[] = [
  {
    method: "expose",
    title: "gives a uuid, the same one for the same server and path",
    source: "S3",
    original: "returns at once",
    here: "a promise: Node listens asynchronously",
    row: PROMISES,
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      const uuid = await a.data.expose(a.server, "/data");
      assert.match(uuid ?? "", UUID);
      assert.is(await a.data.expose(a.server, "/data"), uuid);
      assert.is.not(await a.data.expose(a.server, "/other"), uuid);
    },
  },
  {
    method: "expose",
    title: "is undefined without a port",
    source: "S3",
    original: "undefined without port",
    here: "same",
    run: async (data) => {
      assert.is(await data.expose(), undefined);
      assert.is(await data.expose(undefined, "/data", auth), undefined);
    },
  },
  {
    method: "expose",
    title: "creates the channel when it is missing",
    source: "S3",
    original: "creates the channel unless noCheck",
    here: "same",
    run: async (_, { ch }) => {
      await ch("new").expose();
      assert.equal(ch().list(), ["data", "new"]);
    },
  },
  {
    method: "expose",
    title: "creates the channel also with noCheck",
    source: "S3",
    original: "unless noCheck",
    here: "noCheck has no effect: there is nothing to expose without one",
    row: NO_EFFECT,
    run: async (_, { ch }) => {
      const missing = ch("new");
      const call = missing.expose.bind(missing) as (...args: unknown[]) => Promise<unknown>;
      await call(undefined, "/new", undefined, undefined, true);
      assert.equal(ch().list(), ["data", "new"]);
    },
  },
  {
    method: "expose",
    title: "the default path is the name, and a server may have many channels",
    source: "S6",
    original: 'default path "/"+name; many channels share one port with different paths',
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      const at = (path: string): string => a.plainUrl.replace("/data", path);
      await a.$ch("one").expose(a.server);
      await a.$ch("two").expose(a.server, "/deep/er");
      a.$ch("one").set("k", 1);
      a.$ch("two").set("k", 2);
      await b.$ch("one").peer(undefined, undefined, at("/one"));
      await b.$ch("two").peer(undefined, undefined, at("/deep/er"));
      await Promise.all([b.$ch("one").ready(), b.$ch("two").ready()]);
      assert.equal(
        [b.$ch("one").get("k"), b.$ch("two").get("k")],
        [
          { key: "k", value: 1 },
          { key: "k", value: 2 },
        ],
      );
    },
  },
  {
    method: "expose",
    title: "a number starts a server on that port, or uses the one it started before",
    source: "S6",
    original: "starts (or reuses) a server",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await nodes(scene, 2, { endpoint: { host: "127.0.0.1" } });
      const port = await freePort();
      await a?.data.expose(port, "/data");
      await a?.$ch("other").expose(port, "/other");
      a?.data.set("k", 1);
      await b?.data.peer(undefined, undefined, `http://127.0.0.1:${port}/data`);
      await b?.data.ready();
      assert.is(b?.data.size(), 1);
    },
  },
  {
    method: "expose",
    title: "a port in use rejects",
    source: "S3",
    original: "an exception of the place where it hurts",
    here: "port-in-use: only now is it known",
    row: PROMISES,
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      await assert.rejectsCode(a.data.expose(b.port), "port-in-use");
    },
  },
  {
    method: "expose",
    title: "who is not admitted gets 401 and a realm",
    source: "S5",
    original: "401, WWW-Authenticate, the body Not authorized.",
    here: "same",
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      await a.data.expose(a.server, "/data", () => false);
      const { status, body, headers } = await answer(a.plainUrl);
      assert.equal([status, body], [401, "Not authorized."]);
      assert.match(headers.get("www-authenticate") ?? "", /^Basic realm="data"/);
    },
  },
  {
    method: "expose",
    title: "unAuthFn shapes the reply, but not its status",
    source: "S5",
    original: "its body, mime and headers are kept, the status is 401",
    here: "same",
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      const reply = { data: "go away", mimetype: "text/x-mine", header: { "x-un": "1" }, status: 403 };
      await a.data.expose(
        a.server,
        "/data",
        () => false,
        () => reply,
      );
      const { status, body, headers } = await answer(a.plainUrl);
      assert.equal([status, body, headers.get("x-un")], [401, "go away", "1"]);
      assert.match(headers.get("content-type") ?? "", /^text\/x-mine/);
    },
  },
  {
    method: "peer",
    title: "a password with a colon is whole",
    source: "S8.15",
    original: "cut at the colon",
    here: "split at the first colon only",
    row: "password with a colon: `expose`, `peer`",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      const passwords: string[] = [];
      await a.data.expose(a.server, "/data", (_user, password) => passwords.push(password) > 0);
      const url = a.plainUrl.replace("//", `//me:${encodeURIComponent("p@ss:w0rd:")}@`);
      await b.data.peer(undefined, undefined, url);
      await b.data.ready();
      assert.equal(new Set(passwords), new Set(["p@ss:w0rd:"]));
    },
  },
];

/** Who `data` is linked to, once all of them are in sync. */
async function linked(from: Node, to: readonly Node[]): Promise<void> {
  await until(() => to.every((one) => statusOf(from.data, one) === "synced"), { what: "links in sync" });
  assert.is(from.data.links().length, to.length);
}

/** Nodes of which all but the first are exposed, at the URL they have. */
async function dialler(scene: Parameters<typeof nodes>[0], options = {}): Promise<[Node, Node, Node]> {
  const [a, b, c] = await nodes(scene, 3, options);
  if (!a || !b || !c) throw new Error("three nodes were asked for");
  for (const one of [b, c]) await one.data.expose(one.server, "/data", auth);
  return [a, b, c];
}

const urls: Case[] = [
  {
    method: "peer",
    title: "the URLs may be a text, an array or a function of either",
    source: "S7",
    original: "string, array, or function(name, portOrServer, path, uuid)",
    here: "same",
    run: async (_, scene) => {
      const [a, b, c] = await dialler(scene);
      const asked: unknown[][] = [];
      const give = (...args: unknown[]): string[] => {
        asked.push(args);
        return [b.url, c.url];
      };
      await a.data.peer(undefined, undefined, b.url);
      await linked(a, [b]);
      await a.data.peer(undefined, undefined, [b.url, c.url]);
      await linked(a, [b, c]);
      await a.data.peer(undefined, undefined, () => c.url);
      await linked(a, [c]);
      assert.is((await a.data.peer(a.server, "/here", give)).length, 4);
      await linked(a, [b, c]);
      assert.equal(asked[0]?.slice(0, 3), ["data", a.server, "/here"]);
      assert.is(asked[0]?.[3], await a.data.expose(a.server, "/here"));
    },
  },
  {
    method: "peer",
    title: "the function may give a promise",
    source: "S7",
    original: "a function is called and returns",
    here: "awaited: in Node, that is how addresses are looked up",
    row: FUNCTION,
    run: async (_, scene) => {
      const [a, b] = await dialler(scene);
      await a.data.peer(undefined, undefined, async () => b.url);
      await linked(a, [b]);
    },
  },
  {
    method: "peer",
    title: "the function is asked again",
    source: "S7",
    original: "evaluated once, at call time",
    here: "again and again: peers come and go",
    row: FUNCTION,
    run: async (_, scene) => {
      const [a, b, c] = await dialler(scene, { urlsIntervalMs: 20 });
      let now = [b.url];
      await a.data.peer(undefined, undefined, () => now);
      await linked(a, [b]);
      now = [b.url, c.url];
      await until(() => a.data.links().length === 2, { what: "the second question" });
      await linked(a, [b, c]);
    },
  },
  {
    method: "peer",
    title: "gives two ids per URL, the old ones for a URL it knows",
    source: "S7",
    original: "flat array of subscriber ids, two per URL; a known URL returns the old ids",
    here: "labels that nothing takes, in a promise",
    row: "the ids that `peer` returns, given to `unsubscribe`",
    run: async (_, scene) => {
      const [a, b, c] = await dialler(scene);
      const ids = await a.data.peer(undefined, undefined, [b.url, c.url]);
      assert.is(new Set(ids).size, 4);
      for (const id of ids) assert.match(id, UUID);
      assert.equal(await a.data.peer(undefined, undefined, [c.url, b.url]), [
        ...ids.slice(2),
        ...ids.slice(0, 2),
      ]);
    },
  },
  {
    method: "peer",
    title: "other URLs replace the earlier ones",
    source: "S7",
    original: "adds them",
    here: "replaces: what is written is what there is",
    row: "`peer` with other URLs",
    run: async (_, scene) => {
      const [a, b, c] = await dialler(scene);
      await a.data.peer(undefined, undefined, b.url);
      await linked(a, [b]);
      await a.data.peer(undefined, undefined, c.url);
      await linked(a, [c]);
      a.data.set("k", 1);
      await a.data.waitForJobs();
      assert.equal([b.data.size(), c.data.size()], [0, 1]);
    },
  },
  {
    method: "peer",
    title: "our own URL is left out",
    source: "S7",
    original: "pulled from and pushed to as any other",
    here: "found out when it answers, so all nodes can have one list",
    row: "`peer` with our own URL",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      await peerAll([a, b]);
      await until(() => statusOf(a.data, a) === "closed", { what: "the link to itself to end" });
      a.data.set("k", 1);
      await a.data.waitForJobs();
      assert.is(b.data.size(), 1);
      assert.equal([a.errors, b.errors], [[], []]);
    },
  },
  {
    method: "peer",
    title: "without URLs it is refused",
    source: "S7",
    original: "undefined becomes a peer called undefined",
    here: "invalid-option or invalid-url, before anything is opened",
    row: "any, with a wrong argument",
    run: async (data, { ch }) => {
      const bad = ch("new").peer(undefined, undefined, undefined as never);
      await assert.rejectsCode(bad, "invalid-option");
      await assert.rejectsCode(ch("new").peer(undefined, undefined, "nonsense"), "invalid-url");
      assert.equal(data.list(), ["data"]);
    },
  },
  {
    method: "peer",
    title: "exposes the channel, creating it when missing",
    source: "S7",
    original: "expose (creates the channel as simple when missing)",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      a.data.destroy();
      await a.data.peer(a.server, "/data", [], auth);
      assert.equal(a.$ch().list(), ["data"]);
      await b.data.peer(undefined, undefined, a.url);
      await b.data.ready();
      assert.is(b.data.peers().length, 1);
    },
  },
  {
    method: "peer",
    title: "without a port it is a full peer",
    source: "S7",
    original: "sends, and gets nothing after the first pull",
    here: "both directions over the link it dials: for nodes that nobody can reach",
    row: "`peer` without a port",
    run: async (_, scene) => {
      const [a, b] = await dialler(scene);
      await a.data.peer(undefined, undefined, b.url);
      await a.data.ready();
      b.data.set("from there", 1);
      a.data.set("from here", 1);
      await Promise.all([a.data.waitForJobs(), b.data.waitForJobs()]);
      assert.equal([a.data.size(), b.data.size()], [2, 2]);
    },
  },
  {
    method: "peer",
    title: "maxTime and maxCount bound nothing",
    source: "S7",
    original: "failed operations are dropped after maxTime, and above maxCount (10)",
    here: "nothing is ever given up",
    row: NO_EFFECT,
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      await a.data.peer(undefined, undefined, b.url, undefined, undefined, 1, 1);
      for (let id = 0; id < 30; id++) a.data.set({ id }, { id });
      await b.data.expose(b.server, "/data", auth);
      await until(() => b.data.size() === 30, { what: "all of them" });
    },
  },
];

const unpeer: Case[] = [
  {
    method: "unpeer",
    title: "returns undefined; an unknown URL is silent",
    source: "S3",
    original: "undefined; unknown URL: silent",
    here: "same",
    run: (data) => {
      assert.is(data.unpeer("http://127.0.0.1:9/unknown"), undefined);
    },
  },
  {
    method: "unpeer",
    title: "ends both directions",
    source: "S7",
    original: "one-sided: the other side still sends to us",
    here: "both, until peered again",
    row: "`unpeer`",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.unpeer(b.plainUrl);
      await until(() => statusOf(b.data, a) === "unauthorized", { what: "the other side to be refused" });
      a.data.set("here", 1);
      b.data.set("there", 1);
      await Promise.all([a.data.waitForJobs(), b.data.waitForJobs()]);
      assert.equal([a.data.getKeys(), b.data.getKeys()], [[{ key: "here" }], [{ key: "there" }]]);
    },
  },
  {
    method: "peer",
    title: "works again after unpeer",
    source: "S8.14",
    original: "returns [] and does nothing, for the life of the process",
    here: "peers again, and both catch up",
    row: "peering again after `unpeer` does nothing",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      a.data.unpeer(b.url);
      a.data.set("here", 1);
      b.data.set("there", 1);
      assert.is((await a.data.peer(a.server, "/data", b.url, auth)).length, 2);
      await until(() => a.data.size() === 2 && b.data.size() === 2, { what: "both to catch up" });
    },
  },
];

export const peering: readonly Case[] = [...expose, ...urls, ...unpeer];
