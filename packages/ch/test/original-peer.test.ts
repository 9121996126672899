import { assert, suite, until } from "@chorus/testing";
import { OriginalClient, OriginalRemote } from "./original/original-client.js";
import { OriginalPeer, type OriginalPeerOptions } from "./original/original-peer.js";
import { OriginalServer } from "./original/original-server.js";
import type { Cleanup } from "./support.js";

const test = suite("stand-in for the original: peer", { deadlineMs: 10_000 });

async function start(t: Cleanup, options: OriginalPeerOptions = {}): Promise<OriginalPeer> {
  const peer = await OriginalPeer.start(options);
  t.after(() => peer.close());
  return peer;
}

async function mesh(t: Cleanup, count: number): Promise<[OriginalPeer, OriginalPeer, OriginalPeer]> {
  const peers = await Promise.all(Array.from({ length: count }, () => start(t)));
  for (const peer of peers) await peer.peer(peers.filter((other) => other !== peer).map(({ url }) => url));
  const [a, b, c = a] = peers;
  if (!a || !b || !c) throw new Error("too few");
  return [a, b, c];
}

const settle = (...peers: OriginalPeer[]): Promise<unknown> =>
  Promise.all(peers.map((peer) => peer.whenIdle()));
const requests = ({ server }: OriginalPeer): string[] =>
  server.seen.map(({ method, op }) => `${method} ${op}`);
const sizes = (...peers: OriginalPeer[]): number[] => peers.map(({ channel }) => channel.size);

test("takes over what is there, then sends all that is here with random times", async (t) => {
  const [a, b] = [await start(t), await start(t)];
  a.channel.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  b.channel.set({ id: 3 }, { id: 3 });
  const ids = await a.peer(b.url);
  await settle(a);
  assert.is(ids.length, 2);
  assert.equal(requests(b), ["GET a", "GET k", "PUT e", "PUT e", "PUT e"]);
  assert.match(b.server.seen[2]?.target ?? "", /\/t\/[0-9a-f]{8}-[0-9a-f-]{27}$/);
  assert.equal(sizes(a, b), [3, 3]);
  assert.equal(await a.peer(b.url), ids);
});

test("sends every later change as one request, in order, and none of what came in", async (t) => {
  const [a, b, c] = await mesh(t, 3);
  for (const peer of [a, b, c]) peer.server.seen.length = 0;
  a.channel.set("k", 1, { timestamp: 5 });
  a.channel.setAll(["id"], [{ id: 1 }, { id: 2 }], { timestamp: 6 });
  a.channel.unsetAll(["id"], [{ id: 1 }], { timestamp: 7 });
  a.channel.unset("k", { timestamp: 8 });
  await settle(a, b, c);
  const targets = b.server.seen.map(({ method, target }) => `${method} ${target}`);
  assert.equal(targets, [
    "PUT /data/o/e/k/%7B%22key%22%3A%22k%22%7D/t/5",
    "PUT /data/o/a/k/%5B%22id%22%5D/t/6",
    "PUT /data/o/ua/k/%5B%22id%22%5D/t/7",
    "DELETE /data/o/e/k/%7B%22key%22%3A%22k%22%7D/t/8",
  ]);
  assert.equal(requests(c), requests(b));
  assert.equal(requests(a), []);
  assert.equal(b.channel.getAll(), [{ id: 2 }]);
});

test("sends a removal without its time when told to", async (t) => {
  const [a, b] = [await start(t, { sendsTimeOfRemovals: false }), await start(t)];
  await a.peer(b.url);
  a.channel.unset("k", { timestamp: 8 });
  a.channel.unsetAll(["id"], [{ id: 1 }], { timestamp: 9 });
  await settle(a);
  const ends = b.server.seen.slice(2).map(({ target }) => target.split("/t/")[1]);
  assert.equal(ends, ["undefined", "9"]);
});

test("loses what does not get through, and exchanges nothing afterwards", async (t) => {
  const [a, b] = await mesh(t, 2);
  await b.server.refuse();
  for (let id = 0; id < 10; id++) a.channel.set({ id }, { id });
  await settle(a);
  await b.server.listenAgain();
  a.channel.set({ id: 10 }, { id: 10 });
  await settle(a, b);
  assert.equal(sizes(a, b), [11, 1]);
});

test("a peer that does not answer costs the timeout for each request, and then the update", async (t) => {
  const [a, b] = [await start(t, { timeoutMs: 20 }), await start(t)];
  b.server.faults.hang = true;
  a.channel.set("k", 1);
  await a.peer(b.url);
  await settle(a);
  assert.equal(requests(b), ["GET a", "GET k", "PUT e"]);
  assert.equal(sizes(a, b), [1, 0]);
});

test("a slow URL does not delay another", async (t) => {
  const [a, b, c] = await mesh(t, 3);
  b.server.faults.hang = true;
  a.channel.set("k", 1);
  await until(() => c.channel.size === 1, { what: "the change at the other URL" });
  assert.is(b.channel.size, 0);
});

test("peering again after unpeer does nothing, and unpeer is one-sided", async (t) => {
  const [a, b] = await mesh(t, 2);
  a.unpeer(b.url);
  a.unpeer("http://unknown/");
  assert.equal(await a.peer(b.url), []);
  a.channel.set("here", 1);
  b.channel.set("there", 1);
  await settle(a, b);
  assert.equal(sizes(a, b), [2, 1]);
});

test("does not forward: what one peer gets from outside stays there", async (t) => {
  const [a, b, c] = await mesh(t, 3);
  await new OriginalRemote(a.url).set("k", 1);
  await settle(a, b, c);
  assert.equal(sizes(a, b, c), [1, 0, 0]);
});

test("a getSet that does not match reaches the peers all the same", async (t) => {
  const [a, b] = await mesh(t, 2);
  a.channel.set({ id: 1 }, { id: 1, value: "new" });
  await settle(a, b);
  a.channel.getSet({ match: { value: "other" }, key: { id: 1 } }, { id: 1, value: "WRONG" });
  await settle(a, b);
  assert.equal(a.channel.get({ id: 1 }), { id: 1, value: "new" });
  assert.equal(b.channel.get({ id: 1 }), { id: 1, value: "WRONG" });
  assert.match(b.server.seen.at(-1)?.target ?? "", /\/t\/undefined$/);
});

test("joining with mixed key shapes merges rows, and writes a bogus entry into the other", async (t) => {
  const [a, b] = [await start(t), await start(t)];
  a.channel.set({ id: 1 }, { id: 1 });
  for (const name of ["x", "y", "z"]) a.channel.set({ name }, { name });
  await b.peer(a.url);
  assert.is(b.channel.size, 2);
  await settle(b);
  assert.is(a.channel.size, 5);
  assert.equal(a.channel.get({}), { name: "z" });
});

test("peering a channel with entries spoils the times on the other side", async (t) => {
  const [a, b] = [await start(t), await start(t)];
  a.channel.set("a", 1);
  b.channel.set("b", 1);
  await a.peer(b.url);
  await settle(a, b);
  b.channel.set("c", 1);
  assert.throws(() => b.channel.getSortedKeys(), /expected 0/);
  const { body } = await new OriginalClient(b.url).call({ method: "GET", path: "/o/s" });
  assert.type(body, "string");
});

test("a delete that was missed comes back with whoever missed it", async (t) => {
  const [a, b] = await mesh(t, 2);
  a.channel.set("k", 1);
  await settle(a, b);
  await b.server.refuse();
  a.channel.unset("k");
  await settle(a, b);
  await b.server.listenAgain();
  assert.equal(sizes(a, b), [0, 1]);
  const joining = await start(t);
  await joining.peer([b.url, a.url]);
  await settle(joining);
  assert.equal(sizes(a, b), [1, 1]);
});

test("pop on two peers takes the same entries", async (t) => {
  const [a, b] = await mesh(t, 2);
  for (let id = 0; id < 10; id++) a.channel.set({ id }, { id }, { timestamp: id });
  await settle(a, b);
  const taken = Array.from({ length: 10 }, () => [a.channel.pop(), b.channel.pop()]);
  for (const [here, there] of taken) assert.equal(here, there);
});

test("begins empty after a restart, without a counter, and can peer with the same URL again", async (t) => {
  const [a, b] = await mesh(t, 2);
  a.channel.set("k", 1);
  b.channel.set("there", 1);
  await settle(a, b);
  assert.is(a.channel.counter, 1);
  await a.restart();
  assert.equal([...sizes(a, b), a.channel.counter], [0, 2, undefined]);
  a.channel.set("unsent", 1);
  await settle(a);
  assert.equal(sizes(a, b), [1, 2]);
  assert.is((await a.peer(b.url)).length, 2);
  await settle(a);
  assert.equal(sizes(a, b), [3, 3]);
});

test("serves several channels of one process, with its clock and its credentials", async (t) => {
  const server = await OriginalServer.listen();
  t.after(() => server.close());
  const auth = (user: string, password: string): boolean => user === "u" && password === "p";
  const data = await start(t, { server, auth, clockOffsetMs: 60_000 });
  const other = await start(t, { server, name: "other", path: "/deep/other" });
  const from = await start(t);
  await from.peer(data.url.replace("//", "//u:p@"));
  from.channel.set("k", 1);
  await settle(from);
  assert.equal(sizes(data, other), [1, 0]);
  assert.ok(data.channel.version > Date.now() + 30_000);
  await new OriginalRemote(other.url).set("k", 1);
  assert.equal(sizes(data, other), [1, 1]);
  assert.equal([server.count("PUT", "e"), server.count("GET", "a")], [3, 2]);
});
