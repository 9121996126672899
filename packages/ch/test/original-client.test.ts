import { assert, suite } from "@chorus/testing";
import { OriginalClient, OriginalRemote, writeIndex } from "./original/original-client.js";
import { type OriginalExposeOptions, OriginalServer } from "./original/original-server.js";
import { rejection } from "./original/rejection.js";
import type { Cleanup } from "./support.js";

const test = suite("stand-in for the original: client", { deadlineMs: 10_000 });

async function start(t: Cleanup, options: OriginalExposeOptions = {}): Promise<OriginalServer> {
  const server = await OriginalServer.listen();
  t.after(() => server.close());
  server.expose("data", "/data", options);
  return server;
}

const seen = ({ seen }: OriginalServer): string[] => seen.map(({ method, target }) => `${method} ${target}`);

test("sends the requests that were captured", async (t) => {
  const server = await start(t);
  const remote = new OriginalRemote(server.url("/data?dropped=1"));
  await remote.set({ a: 1, "k/2": "x y" }, { a: 1, "k/2": "x y" }, 1795340293885);
  await remote.set("k1", 123, 1795340294954);
  await remote.setAll(["id"], [{ id: 1, x: 1 }], 1795340297716);
  await remote.unsetAll(["id"], [{ id: 1 }], 1795340301408);
  await remote.unset("k1");
  await remote.getSet({ v: 2 }, { r: 1 }, { r: 1, v: 3 });
  await remote.get({ q: 1 });
  assert.equal(seen(server), [
    "PUT /data/o/e/k/%7B%22a%22%3A1%2C%22k%2F2%22%3A%22x%20y%22%7D/t/1795340293885",
    "PUT /data/o/e/k/%7B%22key%22%3A%22k1%22%7D/t/1795340294954",
    "PUT /data/o/a/k/%5B%22id%22%5D/t/1795340297716",
    "PUT /data/o/ua/k/%5B%22id%22%5D/t/1795340301408",
    "DELETE /data/o/e/k/%7B%22key%22%3A%22k1%22%7D/t/undefined",
    "PUT /data/o/es/m/%7B%22v%22%3A2%7D/k/%7B%22r%22%3A1%7D/t/undefined",
    "GET /data/o/e/k/%7B%22q%22%3A1%7D",
  ]);
  assert.equal(
    server.seen.map(({ body }) => body),
    [
      '{"a":1,"k/2":"x y"}',
      '{"key":"k1","value":123}',
      '[{"id":1,"x":1}]',
      '[{"id":1}]',
      "",
      '{"r":1,"v":3}',
      "",
    ],
  );
});

test("sends the headers that were captured", async (t) => {
  const server = await start(t);
  await new OriginalRemote(server.url("/data")).set("k", 1);
  const headers = server.seen[0]?.headers;
  assert.match(String(headers?.["user-agent"]), /^Mozilla\/5\.0 \(Windows NT 10\.0; Win64; x64\)/);
  assert.equal(
    [headers?.accept, headers?.connection, headers?.["accept-encoding"], headers?.["content-type"]],
    ["*/*", "Keep-Alive", "gzip", "application/json; charset=UTF-8"],
  );
});

test("opens a connection for every request", async (t) => {
  const server = await start(t);
  const remote = new OriginalRemote(server.url("/data"));
  await remote.size();
  await remote.getAll();
  assert.is(server.connections, 2);
});

test("encodes keys so that they survive", async (t) => {
  const server = await start(t);
  const remote = new OriginalRemote(server.url("/data"));
  const key = { 'quote"': "100% + a/b?c#d&e", ü: ["é", null, 1.5, true] };
  await remote.set(key, { ...key, value: "x" });
  assert.equal(server.channel("data").getKeys(), [key]);
  assert.equal(await remote.get(key), { ...key, value: "x" });
  assert.is(writeIndex([["k", "a b/c"]]), "/k/a%20b%2Fc");
});

test("reads as the original composes its calls", async (t) => {
  const server = await start(t);
  const channel = server.channel("data");
  for (const id of [1, 2, 3]) channel.set({ id }, { id }, { timestamp: 10 - id });
  const remote = new OriginalRemote(server.url("/data"));
  assert.equal(await remote.getAll(), [{ id: 1 }, { id: 2 }, { id: 3 }]);
  assert.equal(await remote.getKeys(), [{ id: 1 }, { id: 2 }, { id: 3 }]);
  assert.equal(await remote.getSortedKeys(), [{ id: 3 }, { id: 2 }, { id: 1 }]);
  assert.is(await remote.size(), 3);
  const visited: unknown[] = [];
  await remote.forEach((key, value) => {
    visited.push([key, value]);
  });
  assert.equal(visited[2], [{ id: 3 }, { id: 3 }]);
  server.seen.length = 0;
  assert.equal(await remote.pop(), { id: 1 });
  assert.equal(
    server.seen.map(({ method, op }) => `${method} ${op}`),
    ["GET l", "GET s", "GET e", "GET e", "DELETE e"],
  );
  assert.equal(await remote.shift(), { id: 3 });
  await remote.pop();
  server.seen.length = 0;
  assert.is(await remote.pop(), undefined);
  assert.is(server.seen.length, 1);
});

test("a compare-and-set answers with the key when it matched", async (t) => {
  const server = await start(t);
  server.channel("data").set({ r: 1 }, { r: 1, v: 2 });
  const remote = new OriginalRemote(server.url("/data"));
  assert.equal(await remote.getSet({ v: 2 }, { r: 1 }, { r: 1, v: 3 }), { r: 1 });
  assert.is(await remote.getSet({ v: 2 }, { r: 1 }, { r: 1, v: 4 }), undefined);
});

test("two clients that pop at once may get the same entry", async (t) => {
  const server = await start(t);
  const channel = server.channel("data");
  for (let id = 0; id < 10; id++) channel.set({ id }, { id });
  const [a, b] = [new OriginalRemote(server.url("/data")), new OriginalRemote(server.url("/data"))];
  server.faults.delayMs = 5;
  assert.equal(await a.pop().then(async (first) => [first, await b.pop()]), [{ id: 9 }, { id: 8 }]);
  const [x, y] = await Promise.all([a.pop(), b.pop()]);
  assert.equal(x, y);
});

test("takes the credentials of the URL, and sends them only after a 401", async (t) => {
  const server = await start(t, { auth: (user, password) => user === "ü/x" && password === "p@ss" });
  const url = server.url("/data").replace("//", "//%C3%BC%2Fx:p%40ss@");
  assert.is(await new OriginalRemote(url).size(), 0);
  assert.equal(
    server.seen.map(({ headers }) => headers.authorization !== undefined),
    [false, true],
  );
  const options = { login: "ü/x", pass: "p@ss" };
  assert.is(await new OriginalRemote(server.url("/data"), options).size(), 0);
});

test("tries bad credentials twice, none not at all, and returns a map", async (t) => {
  const server = await start(t, { auth: () => false });
  const url = server.url("/data");
  const bad = await new OriginalClient(url, { login: "a", pass: "b" }).call({ method: "GET", path: "/o/l" });
  assert.equal([bad.error, bad.body], ["401", "Not authorized."]);
  assert.is(server.seen.length, 3);
  await new OriginalClient(url).call({ method: "GET", path: "/o/l" });
  assert.is(server.seen.length, 4);
  assert.match((await rejection(new OriginalRemote(url).size())).message, /401/);
});

test("returns a map when nothing answers, refuses or drops, and remote channels throw", async (t) => {
  const server = await start(t);
  const client = new OriginalClient(server.url("/data"), { timeoutMs: 20 });
  const call = { method: "GET", path: "/o/l" };
  server.faults.hang = true;
  assert.equal(await client.call(call), { error: "timeout" });
  server.faults.hang = false;
  server.faults.dropFraction = 1;
  assert.type((await client.call(call)).error, "string");
  await server.refuse();
  assert.match(String((await client.call(call)).error), /ECONNREFUSED/);
  assert.match(
    (await rejection(new OriginalRemote(server.url("/data")).set("k", 1))).message,
    /ECONNREFUSED/,
  );
});

test("a remote channel throws at rubbish, and sees a refused write as done", async (t) => {
  const server = await start(t, { permission: "r" });
  server.channel("data").set("k", null);
  const remote = new OriginalRemote(server.url("/data"));
  assert.match((await rejection(remote.get("k"))).message, /Cannot convert null/);
  assert.equal(await remote.set("k", 2), {});
});
