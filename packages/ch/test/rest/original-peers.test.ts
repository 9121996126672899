// Originals behind real sockets: how they are found, and how a URL goes back to Chorus.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { assert, suite, until } from "@chorus/testing";
import { systemRuntime } from "@chorus/core";
import { createCh } from "../../src/index.js";
import { node } from "../support.js";
import { canonicalRows, FakeOriginal } from "./fake-original.js";

const test = suite("peers that are originals", { deadlineMs: 30_000 });

const SECRET = "p%40ss%3Aword";

interface Cleanup {
  after(cleanup: () => unknown): void;
}

/** A fake original behind an HTTP server, as the original's own: an upgrade is answered like any request. */
async function served(t: Cleanup) {
  const original = new FakeOriginal(systemRuntime);
  const connection = original.connect();
  const server = createServer(async (request, response) => {
    const body = (await request.setEncoding("utf8").toArray()).join("");
    const path = (request.url ?? "").replace("/data", "");
    if (request.headers.upgrade || path === "") {
      response.end("rubbish");
      return;
    }
    const method = request.method as "GET" | "PUT" | "DELETE";
    const reply = await connection.request({ method, path, ...(body === "" ? {} : { body }) });
    response.writeHead(reply.status, reply.headers).end(reply.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const end = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  t.after(end);
  return { original, port, url: `http://user:${SECRET}@127.0.0.1:${port}/data`, end };
}

const FAST = { restIntervalMs: 40, links: { backoffMinMs: 5, backoffMaxMs: 50 } };

test("finds an original, shares with it, and waits for it", async (t) => {
  const { original, url, port } = await served(t);
  original.set({ id: 1 }, { id: 1 });
  const here = await node(t, FAST);
  await here.data.peer(undefined, "/data", url);
  await here.data.ready(5_000);
  assert.equal(here.data.getAll(), [{ id: 1 }]);
  assert.equal(here.data.links(), [
    { url: `http://127.0.0.1:${port}/data`, status: "synced", dialect: "openaf" },
  ]);
  here.data.set("k", 5);
  here.data.setAll(["id"], [{ id: 2 }, { id: 3 }]);
  await here.data.waitForJobs(5_000);
  assert.equal(original.get({ key: "k" }), { key: "k", value: 5 });
  original.unset({ id: 2 });
  await until(() => here.data.size() === 3, { what: "the removal" });
  const seen = JSON.stringify([here.errors, here.links, here.data.links()]);
  assert.not.ok(/p@ss|p%40|user/.test(seen), seen);
  assert.ok(here.links.every(({ status }) => status !== "closed"));
});

test("keeps an original and a Chorus peer in step with each other", async (t) => {
  const { original, url } = await served(t);
  const [one, other] = [await node(t, FAST), await node(t, FAST)];
  await other.data.expose(other.server, "/data");
  await one.data.peer(one.server, "/data", [url, other.plainUrl]);
  await one.data.ready(5_000);
  other.data.set({ id: 1 }, { id: 1, by: "other" });
  await until(() => original.get({ id: 1 }), { what: "a Chorus peer's write at the original" });
  original.set({ id: 2 }, { id: 2, by: "original" });
  await until(() => other.data.get({ id: 2 }), { what: "the original's write at a Chorus peer" });
  assert.equal(
    one.data.links().map(({ dialect }) => dialect),
    ["openaf", "chorus"],
  );
  assert.equal(canonicalRows(original.rows).length, 2);
});

test("goes back to a WebSocket when a Chorus node answers at the URL", async (t) => {
  const { original, url, port, end } = await served(t);
  original.set({ id: 1 }, { id: 1 });
  const here = await node(t, FAST);
  await here.data.peer(undefined, "/data", url);
  await here.data.ready(5_000);
  await end();
  const next = createCh();
  next("data").create().set({ id: 2 }, { id: 2 });
  // Until the REST server is there, a plain reply with its header stands for it.
  const server = createServer((_, response) =>
    response.writeHead(404, { "chorus-protocol": "chorus.1" }).end(),
  );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    await next.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await until(() => here.data.links()[0]?.dialect === "chorus", { what: "a link of the other kind" });
  await next("data").expose(server, "/data");
  await until(() => here.data.size() === 2 && next("data").size() === 2, { what: "both to have both" });
  assert.is(here.data.links()[0]?.status, "synced");
  const after = here.links.slice(here.links.findLastIndex(({ status }) => status === "offline"));
  assert.ok(after.every(({ status }) => status !== "closed"));
});

test("checks its options", () => {
  for (const restIntervalMs of [0, -1, 1.5, Number.NaN, "5", 2 ** 31]) {
    assert.throwsCode(() => createCh({ restIntervalMs: restIntervalMs as number }), "invalid-option");
  }
  assert.throwsCode(() => createCh({ connectHttp: 5 as never }), "invalid-option");
});

test("ends while it is being found out who is there", async (t) => {
  const { url, original } = await served(t);
  original.mood = "silent";
  const here = await node(t, FAST);
  await here.data.peer(undefined, "/data", url);
  await until(() => original.requests.length > 0, { what: "the question" });
  await here.$ch.close();
  assert.equal(original.requests, ["GET /o/l"]);
});
