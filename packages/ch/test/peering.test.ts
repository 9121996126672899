import { assert, suite, until } from "@chorus/testing";
import type { ChEvents } from "../src/types.js";
import { auth, freePort, isFree, mesh, node, PASSWORD, pair, statusOf, USER } from "./support.js";

const test = suite("peering", { deadlineMs: 20_000 });

test("keeps three peers equal, ours among the URLs", async (t) => {
  const nodes = await mesh(t, 3);
  const [a, b, c] = nodes;
  assert.equal(
    nodes.map(({ data }) => data.size()),
    [0, 0, 0],
  );
  a?.data.setAll(
    ["canonicalPath"],
    Array.from({ length: 50 }, (_, i) => ({ canonicalPath: `/files/${i}`, size: i })),
  );
  await until(() => nodes.every(({ data }) => data.size() === 50), { what: "50 entries everywhere" });
  assert.equal(c?.data.getAll(), a?.data.getAll());
  assert.equal(b?.data.getSortedKeys(), a?.data.getSortedKeys());
  b?.data.unset({ canonicalPath: "/files/0" });
  await until(() => nodes.every(({ data }) => data.size() === 49), { what: "a removal everywhere" });
  for (const { errors } of nodes) assert.equal(errors, []);
});

test("ends equal after concurrent writes of the same keys", async (t) => {
  const nodes = await mesh(t, 3);
  for (const { data, port } of nodes) {
    data.setAll(
      ["id"],
      Array.from({ length: 100 }, (_, id) => ({ id, writer: port })),
    );
  }
  await until(
    () => new Set(nodes.map(({ data }) => data.contentHash())).size === 1 && nodes[0]?.data.size() === 100,
    {
      what: "equal contents",
    },
  );
  const [first] = nodes;
  for (const { data } of nodes) assert.equal(data.getAll(), first?.data.getAll());
});

test("returns two ids per URL, the same ones for a URL it has", async (t) => {
  const [a, b] = await Promise.all([node(t), node(t)]);
  const urls = [a.url, b.url];
  const ids = await a.data.peer(a.server, "/data", urls, auth, undefined, 1_000, 10);
  assert.is(new Set(ids).size, 4);
  assert.equal(await a.data.peer(a.server, "/data", urls, auth), ids);
  const swapped = await a.data.peer(a.server, "/data", [b.url, a.url], auth);
  assert.equal(swapped, [...ids.slice(2), ...ids.slice(0, 2)]);
  assert.equal(await a.data.peer(a.server, "/data", b.url, auth), ids.slice(2));
  assert.equal(await a.data.peer(a.server, "/data", [], auth), []);
});

test("ignores its own URL", async (t) => {
  const a = await node(t);
  await a.data.peer(a.server, "/data", a.url, auth);
  await a.data.ready();
  await until(() => statusOf(a.data, a) === "closed", { what: "the link to itself to end" });
  assert.equal(a.errors, []);
});

test("shows a wrong password as unauthorized, never the password, and tries again late", async (t) => {
  const [a, b, c] = await Promise.all([node(t), node(t), node(t)]);
  const secret = "wrong-secret";
  const wrong = a.plainUrl.replace("//", `//${USER}:${secret}@`);
  let attempts = 0;
  await a.data.expose(a.server, "/data", (user, password) => {
    if (password === secret) attempts++;
    return user === USER && password === PASSWORD;
  });
  await b.data.peer(b.server, "/data", wrong, auth);
  await until(() => statusOf(b.data, a) === "unauthorized", { what: "unauthorized" });
  // Long enough for another peer to come in and be in sync.
  await c.data.peer(c.server, "/data", a.url, auth);
  await c.data.ready();
  assert.is(attempts, 1);
  assert.is(statusOf(b.data, a), "unauthorized");
  assert.ok(b.links.some(({ status, channel }) => status === "unauthorized" && channel === "data"));
  const seen = JSON.stringify([
    b.links,
    b.errors.map(({ error }) => `${error.message} ${error.stack}`),
    b.data.links(),
  ]);
  assert.not.match(seen, new RegExp(secret));
  a.data.set("k", 1);
  await until(() => c.data.size() === 1, { what: "the write at the admitted peer" });
  assert.is(b.data.size(), 0);
});

test("replaces the URLs", async (t) => {
  const [a, b, c] = await Promise.all([node(t), node(t), node(t)]);
  for (const one of [b, c]) await one.data.expose(one.server, "/data", auth);
  await a.data.peer(a.server, "/data", [b.url], auth);
  await a.data.ready();
  await a.data.peer(a.server, "/data", [c.url], auth);
  assert.is(statusOf(a.data, b), undefined);
  await until(() => statusOf(a.data, c) === "synced", { what: "the new link" });
  a.data.set("k", 1);
  await until(() => c.data.size() === 1, { what: "the write at the new peer" });
  assert.is(b.data.size(), 0);
});

test("unpeers both ways until it peers again", async (t) => {
  const [a, b] = await pair(t);
  a.data.set("before", 1);
  await until(() => b.data.size() === 1, { what: "the first write" });
  const ids = await a.data.peer(a.server, "/data", [b.url], auth);
  // Without credentials, and for an unknown one.
  a.data.unpeer([b.plainUrl, "http://127.0.0.1:9/unknown"]);
  assert.is(statusOf(a.data, b), undefined);
  await until(() => statusOf(b.data, a) === "unauthorized", { what: "the other side to be refused" });
  a.data.set("here", 1);
  b.data.set("there", 1);
  await Promise.all([a.data.waitForJobs(), b.data.waitForJobs()]);
  assert.equal([a.data.size(), b.data.size()], [2, 2]);
  const again = await a.data.peer(a.server, "/data", [b.url], auth);
  assert.is(again.length, 2);
  assert.not.equal(again, ids);
  await until(() => a.data.size() === 3 && b.data.size() === 3, { what: "both to catch up" });
  await until(() => statusOf(b.data, a) === "synced", { what: "the other side's link to be in sync" });
});

test("dials out only without a port", async (t) => {
  const [a, b] = await Promise.all([node(t), node(t)]);
  await a.data.expose(a.server, "/data", auth);
  assert.is((await b.data.peer(undefined, undefined, a.url)).length, 2);
  await b.data.ready();
  b.data.set("k", 1);
  await b.data.waitForJobs();
  assert.is(a.data.size(), 1);
});

test("waitForJobs waits for peers to have it, and an absent peer holds up nobody", async (t) => {
  const [a, b] = await pair(t);
  a.data.setAll(
    ["id"],
    Array.from({ length: 5_000 }, (_, id) => ({ id })),
  );
  await a.data.waitForJobs(10_000);
  assert.is(b.data.size(), 5_000);
  await b.$ch.close();
  await until(() => statusOf(a.data, b) !== "synced", { what: "the peer to be gone" });
  a.data.set("k", 1);
  await a.data.waitForJobs(10_000);
});

test("ready waits for the data of a peer, or gives up when told to", async (t) => {
  const [a, b] = await Promise.all([node(t), node(t)]);
  await b.data.peer(b.server, "/data", a.url, auth);
  await assert.rejectsCode(b.data.ready(20), "timeout");
  a.data.create().setAll(
    ["id"],
    Array.from({ length: 3_000 }, (_, id) => ({ id })),
  );
  await a.data.expose(a.server, "/data", auth);
  await b.data.ready();
  assert.is(b.data.size(), 3_000);
});

test("sends what was written just before the end", async (t) => {
  const [a, b] = await pair(t);
  a.data.set("last", "words");
  await a.$ch.close();
  await until(() => b.data.size() === 1, { what: "the last write" });
});

test("keeps equal names of different registries and paths apart on one server", async (t) => {
  const a = await node(t);
  await a.$ch("one").expose(a.server, "/one");
  await a.$ch("two").expose(a.server, "/two");
  const b = await node(t);
  await b.$ch("two").peer(undefined, undefined, a.plainUrl.replace("/data", "/two"));
  a.$ch("one").set("k", 1);
  a.$ch("two").set("k", 2);
  await b.$ch("two").ready();
  assert.equal(b.$ch("two").getAll(), [{ key: "k", value: 2 }]);
});

test("shares a port between channels, which the last one frees", async (t) => {
  const [a, b, port] = await Promise.all([node(t, { endpoint: { host: "127.0.0.1" } }), node(t), freePort()]);
  await Promise.all(["one", "two"].map((name) => a.$ch(name).expose(port)));
  await Promise.all(
    ["one", "two"].map((name) => b.$ch(name).peer(undefined, undefined, `http://127.0.0.1:${port}/${name}`)),
  );
  await Promise.all(["one", "two"].map((name) => b.$ch(name).ready()));
  a.$ch("one").destroy();
  a.$ch("two").set("k", 2);
  await until(() => b.$ch("two").size() === 1, { what: "the write of the other channel" });
  assert.is(b.$ch("one").size(), 0);
  a.$ch("two").destroy();
  await until(() => isFree(port), { what: "the port to be free" });
});

test("is known to peers by its name", async (t) => {
  const [a, b] = await Promise.all([node(t, { name: "edge-7" }), node(t)]);
  await a.data.expose(a.server, "/data");
  await b.data.peer(undefined, undefined, a.plainUrl);
  await b.data.ready();
  assert.is(b.data.links()[0]?.replicaId, "edge-7");
  assert.is(b.data.links()[0]?.url, a.plainUrl);
});

test("shows no password in links and events", async (t) => {
  const [a, b] = await pair(t);
  const seen = JSON.stringify([a.data.links(), a.links, b.links, String(a.errors), a.data.getKeys()]);
  assert.not.ok(
    seen.includes(encodeURIComponent(PASSWORD)) || seen.includes(PASSWORD) || seen.includes(USER),
  );
});

test("tells subscribers of remote changes as of local ones", async (t) => {
  const [a, b] = await pair(t);
  const uuid = await b.data.expose(b.server, "/data", auth);
  const calls: unknown[][] = [];
  b.data.subscribe((...call) => void calls.push(call), true);
  const writes = [
    () => a.data.set("k", 5, undefined, "ignored", "ignored"),
    () => a.data.setAll(["id"], [{ id: 1 }, { id: 2 }]),
    () => a.data.unset("k"),
    () => a.data.unsetAll(["id"], [{ id: 1 }, { id: 2 }]),
  ];
  for (const write of writes) {
    write();
    await a.data.waitForJobs();
  }
  await until(() => calls.length >= 4, { what: "four calls" });
  assert.equal(
    calls.map(([name, op, key, value]) => [name, op, key, value]),
    [
      ["data", "set", { key: "k" }, { key: "k", value: 5 }],
      ["data", "setall", ["id"], [{ id: 1 }, { id: 2 }]],
      ["data", "unset", { key: "k" }, undefined],
      ["data", "unsetall", ["id"], [{ id: 1 }, { id: 2 }]],
    ],
  );
  for (const call of calls) {
    assert.is(call[4], b.$ch);
    assert.type(call[5], "number");
    assert.is(call[6], uuid);
    assert.is(call[7], undefined);
  }
  assert.ok(b.data.getVersion() >= a.data.getVersion() - 5_000);
});

test("pops and shifts what peers pushed, in the order of all", async (t) => {
  const [a, b] = await pair(t);
  a.data.push("first", 1);
  await a.data.waitForJobs();
  assert.equal(b.data.shift(), { key: "first", value: 1 });
  await b.data.waitForJobs();
  assert.is(a.data.size(), 0);
  b.data.push("second", 1);
  a.data.push("third", 1);
  await Promise.all([a.data.waitForJobs(), b.data.waitForJobs()]);
  const [oldest] = b.data.getKeys();
  assert.equal(b.data.shift()?.["key" as never], oldest?.["key" as never]);
  assert.is(b.data.size(), 1);
});

test("it tells how far a long synchronization is, by channel and task", async (t) => {
  const [a, b] = await Promise.all([node(t), node(t)]);
  a.data.create();
  const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: `name of ${id}` }));
  a.data.setAll(["id"], rows);
  const told: ChEvents["progress"][] = [];
  b.$ch.on("progress", (event) => told.push(event));
  await a.data.peer(a.server, "/data", [a.url], auth);
  await b.data.peer(b.server, "/data", [a.url], auth);
  await until(() => b.data.size() === rows.length && told.at(-1)?.done === told.at(-1)?.total);
  assert.equal(new Set(told.map(({ channel }) => channel)), new Set(["data"]));
  assert.equal(new Set(told.map(({ task }) => task)), new Set(["receive", "apply"]));
});
