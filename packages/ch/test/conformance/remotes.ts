// createRemote: a channel that stands for one elsewhere; and setLog: what a server tells of the requests that come.
import { assert, until } from "@chorus/testing";
import type { AuditEvent } from "../../src/index.js";
import { auth, type Node, PASSWORD, statusOf, USER } from "../support.js";
import { type Case, calls, nodes, told, twoNodes } from "./cases.js";

const REMOTE = "`createRemote`";
const LOG = "`$ch.setLog`";

/** Two nodes of which the second is exposed and the first has no channel yet. */
async function remoteAndServer(scene: Parameters<typeof twoNodes>[0]): Promise<[Node, Node]> {
  const [a, b] = await twoNodes(scene);
  a.data.destroy();
  await b.data.expose(b.server, "/data", auth);
  return [a, b];
}

const creating: Case[] = [
  {
    method: "createRemote",
    title: "makes the channel, chainable, with the credentials of the URL, percent-decoded",
    source: "S3",
    original: "$ch; credentials from the URL (percent-decoded)",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await remoteAndServer(scene);
      b.data.set("k", 1);
      assert.is(a.data.createRemote(b.url), a.data);
      await a.data.ready();
      assert.equal(a.data.get("k"), { key: "k", value: 1 });
    },
  },
  {
    method: "createRemote",
    title: "a login that is given replaces the one in the URL",
    source: "S3",
    original: "credentials from the URL unless login given",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await remoteAndServer(scene);
      a.data.createRemote(b.plainUrl.replace("//", "//other:wrong@"), undefined, USER, PASSWORD);
      await a.data.ready();
    },
  },
  {
    method: "createRemote",
    title: "is a replica: it reads and writes at once, also when nobody answers",
    source: "S5",
    original: "a request for every call, which throws when it fails",
    here: "a replica that works offline and catches up",
    row: REMOTE,
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      a.data.destroy();
      a.data.createRemote(b.url).set("early", 1);
      assert.equal(a.data.get("early"), { key: "early", value: 1 });
      await b.data.expose(b.server, "/data", auth);
      await until(() => b.data.size() === 1, { what: "what was written before" });
    },
  },
  {
    method: "createRemote",
    title: "no call waits for the network, whatever the timeout",
    source: "S8.19",
    original: "accepted and ignored: calls wait for 10 s",
    here: "without effect: there is nothing to wait for",
    row: REMOTE,
    run: (_, { ch }) => {
      const began = performance.now();
      const far = ch("far").createRemote("http://127.0.0.1:9/data", 1);
      far.set("k", 1);
      assert.is(far.size(), 1);
      assert.ok(performance.now() - began < 5_000);
    },
  },
  {
    method: "createRemote",
    title: "a URL that cannot be one is refused at once",
    source: "S3",
    original: "used by later calls only",
    here: "invalid-url, and nothing is created",
    row: REMOTE,
    run: (_, { ch }) => {
      assert.throwsCode(() => ch("far").createRemote("ftp://127.0.0.1/data"), "invalid-url");
      assert.equal(ch().list(), ["data"]);
    },
  },
];

const replicas: Case[] = [
  {
    method: "createRemote",
    title: "subscribers are told of changes that others made",
    source: "S5",
    original: "a remote channel's subscribers only see changes made through that very handle",
    here: "of all: it is a replica",
    row: REMOTE,
    run: async (_, scene) => {
      const [a, b] = await remoteAndServer(scene);
      const list = calls(a.data.createRemote(b.url));
      await a.data.ready();
      b.data.set("k", 1);
      await until(() => list.length === 1, { what: "the change of the other" });
      assert.equal(told(list), [["set", { key: "k" }, { key: "k", value: 1 }]]);
    },
  },
  {
    method: "createRemote",
    title: "a write reaches all peers of the peer it leads to",
    source: "S8.10",
    original: "applied there only: sizes 1/0/0",
    here: "peers pass on what they get",
    row: "no forwarding",
    run: async (_, scene) => {
      const [a, b, c] = await nodes(scene, 3);
      if (!a || !b || !c) throw new Error("three nodes were asked for");
      a.data.destroy();
      await b.data.expose(b.server, "/data", auth);
      await c.data.peer(undefined, undefined, b.url);
      a.data.createRemote(b.url).set("k", 1);
      await until(() => c.data.size() === 1, { what: "the write behind the peer" });
    },
  },
  {
    method: "createRemote",
    title: "does nothing when the channel exists",
    source: "S3",
    original: "no-op when it exists",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      a.data.createRemote(b.url);
      assert.is(statusOf(a.data, b), undefined);
    },
  },
];

const OPERATIONS: readonly (readonly [method: string, body?: string])[] = [
  ["PUT", "1"],
  ["POST", "2"],
  ["GET"],
  ["DELETE"],
];

const audit: Case[] = [
  {
    method: "$ch.setLog",
    title: "is told of every request, by its method, before it is carried out",
    source: "S5",
    original: "fn({ name, op, request }), called before the operation",
    here: "with the user as well",
    row: LOG,
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      const seen: unknown[] = [];
      a.$ch.setLog(({ name, op, user, request }) =>
        seen.push([name, op, user, request.method, a.data.size()]),
      );
      await a.data.expose(a.server, "/data");
      for (const [method, body] of OPERATIONS) {
        await fetch(`${a.plainUrl}/o/e/k/1`, { method, ...(body && { body }) });
      }
      assert.equal(seen, [
        ["data", "SET", undefined, "PUT", 0],
        ["data", "CREATE", undefined, "POST", 1],
        ["data", "GET", undefined, "GET", 1],
        ["data", "REMOVE", undefined, "DELETE", 1],
      ]);
    },
  },
  {
    method: "$ch.setLog",
    title: "is told whether credentials were accepted, only when some were sent",
    source: "S5",
    original: "AUTH_OK, AUTH_NOT_OK; only when a header was sent",
    here: "same",
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      const seen: unknown[] = [];
      a.$ch.setLog(({ op, user }: AuditEvent) => seen.push([op, user]));
      await a.data.expose(a.server, "/data", (_user, password) => password === "right");
      const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
      await fetch(`${a.plainUrl}/o/l`);
      await fetch(`${a.plainUrl}/o/l`, { headers: basic("me:wrong") });
      await fetch(`${a.plainUrl}/o/l`, { headers: basic("me:right") });
      assert.equal(seen, [
        ["AUTH_NOT_OK", "me"],
        ["AUTH_OK", "me"],
        ["GET", "me"],
      ]);
    },
  },
  {
    method: "$ch.setLog",
    title: "is one for all channels of a registry, and of no other",
    source: "S5",
    original: "one global function for all channels",
    here: "one for each registry: they are independent",
    row: LOG,
    run: async (_, scene) => {
      const [a, b] = await twoNodes(scene);
      const seen: string[] = [];
      a.$ch.setLog(({ name }) => seen.push(name));
      await Promise.all([
        a.data.expose(a.server, "/data"),
        a.$ch("second").expose(a.server, "/second"),
        b.data.expose(b.server, "/data"),
      ]);
      await fetch(`${a.plainUrl}/o/l`);
      await fetch(`${a.plainUrl.replace("/data", "/second")}/o/l`);
      await fetch(`${b.plainUrl}/o/l`);
      assert.equal(seen, ["data", "second"]);
    },
  },
  {
    method: "$ch.setLog",
    title: "what the function throws changes nothing but is reported",
    source: "S5",
    original: "called before the operation",
    here: "an error event, without what was thrown: requests have passwords",
    row: LOG,
    run: async (_, scene) => {
      const [a] = await twoNodes(scene);
      a.$ch.setLog(() => {
        throw new Error("mine");
      });
      await a.data.expose(a.server, "/data");
      assert.is((await fetch(`${a.plainUrl}/o/l`)).status, 200);
      assert.equal(
        a.errors.map(({ channel, error }) => [channel, error.code]),
        [["data", "listener-failed"]],
      );
    },
  },
];

export const remotes: readonly Case[] = [...creating, ...replicas, ...audit];
