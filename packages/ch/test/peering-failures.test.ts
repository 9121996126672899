import { assert, suite, until } from "@chorus/testing";
import type { PortOrServer } from "../src/index.js";
import { auth, freePort, isFree, node, statusOf } from "./support.js";

const test = suite("peering that fails", { deadlineMs: 20_000 });

test("rejects a port in use and starts nothing", async (t) => {
  const [a, b] = await Promise.all([node(t), node(t)]);
  await assert.rejectsCode(a.data.peer(b.port, "/data", b.url, auth), "port-in-use");
  await assert.rejectsCode(a.data.expose(b.port), "port-in-use");
  assert.equal(a.data.links(), []);
  assert.equal(a.links, []);
  await a.data.peer(a.server, "/data", b.url, auth);
});

const badUrls: [string, unknown, string][] = [
  ["no URL at all", "nonsense", "invalid-url"],
  ["an empty text", "", "invalid-url"],
  ["another scheme", "ftp://user:secret@127.0.0.1/x", "invalid-url"],
  ["a fragment", "http://user:secret@127.0.0.1/x#y", "invalid-url"],
  ["no host", "http://", "invalid-url"],
  ["a raw slash in the password", "http://user:sec/ret@127.0.0.1/x", "invalid-url"],
  ["a port beyond 65535", "http://user:secret@127.0.0.1:70000/x", "invalid-url"],
  ["a broken percent sign", "http://user:secret%zz@127.0.0.1/x", "invalid-url"],
  ["one bad one among good ones", ["http://127.0.0.1:1/x", "user:secret@nonsense"], "invalid-url"],
  ["nothing", undefined, "invalid-option"],
  ["a number", 5, "invalid-option"],
  ["an array with nothing in it", [undefined], "invalid-option"],
];
for (const [what, urls, code] of badUrls) {
  test(`rejects ${what} as a URL, listens nowhere and shows no password`, async (t) => {
    const [a, port] = await Promise.all([node(t), freePort()]);
    const error = await a.data.peer(port, "/data", urls as string, auth).then(
      () => assert.unreachable(),
      (reason: Error & { code?: string }) => reason,
    );
    assert.is(error?.code, code);
    assert.not.match(`${error?.message} ${error?.stack} ${JSON.stringify(error)}`, /secret|sec\/ret/);
    assert.ok(await isFree(port));
    assert.equal(a.$ch().list(), []);
  });
}

test("rejects a path without a slash, and paths no URL can name", async (t) => {
  const [a, port] = await Promise.all([node(t), freePort()]);
  for (const path of ["data", "", "/a?b", "/a#b", "/a/../b", 5 as never]) {
    await assert.rejectsCode(a.data.peer(port, path, a.url, auth), "invalid-option");
    await assert.rejectsCode(a.data.expose(port, path), "invalid-option");
  }
  assert.ok(await isFree(port));
});

test("rejects ports and servers that are none", async (t) => {
  const a = await node(t);
  for (const port of [-1, 65_536, 1.5, Number.NaN, "80", {}, null]) {
    await assert.rejectsCode(a.data.expose(port as PortOrServer), "invalid-option");
  }
});

test("rejects functions that are none", async (t) => {
  const [a, port] = await Promise.all([node(t), freePort()]);
  await assert.rejectsCode(a.data.expose(port, "/data", "auth" as never), "invalid-option");
  await assert.rejectsCode(a.data.peer(port, "/data", a.url, auth, {} as never), "invalid-option");
  assert.ok(await isFree(port));
});

test("rejects a path in use and leaves its owner alone", async (t) => {
  const [a, b] = await Promise.all([node(t), node(t)]);
  await a.$ch("one").expose(a.server, "/data", auth);
  await assert.rejectsCode(a.$ch("two").peer(a.server, "/data", b.url), "path-in-use");
  assert.equal(a.$ch("two").links(), []);
  await b.data.peer(undefined, undefined, a.url);
  await b.data.ready();
});

test("keeps the earlier peering when a second call is rejected", async (t) => {
  const [a, b, c] = await Promise.all([node(t), node(t), node(t)]);
  await b.data.expose(b.server, "/data", auth);
  const ids = await a.data.peer(a.server, "/data", b.url, auth);
  await a.data.ready();
  await assert.rejectsCode(a.data.peer(c.port, "/data", c.url, auth), "port-in-use");
  await assert.rejectsCode(a.data.peer(a.server, "/data", "nonsense", auth), "invalid-url");
  assert.is(statusOf(a.data, b), "synced");
  assert.equal(await a.data.peer(a.server, "/data", b.url, auth), ids);
});

test("rejects when the function of URLs fails, and listens nowhere", async (t) => {
  const [a, port] = await Promise.all([node(t), freePort()]);
  const fail = (): string => {
    throw new Error("no URLs today");
  };
  await assert.rejectsCode(a.data.peer(port, "/data", fail, auth), "urls-failed");
  await assert.rejectsCode(
    a.data.peer(port, "/data", async () => fail(), auth),
    "urls-failed",
  );
  await assert.rejectsCode(
    a.data.peer(port, "/data", () => "nonsense", auth),
    "invalid-url",
  );
  await assert.rejectsCode(
    a.data.peer(port, "/data", () => undefined as never, auth),
    "invalid-option",
  );
  assert.ok(await isFree(port));
});

test("rejects what a dialler of the caller's own refuses, and listens nowhere", async (t) => {
  const port = await freePort();
  const a = await node(t, {
    dial: () => {
      throw new Error("no network today");
    },
  });
  await assert.rejectsCode(a.data.peer(port, "/data", a.url, auth), "connection-failed");
  assert.equal(a.data.links(), []);
  await until(() => isFree(port), { what: "the port to be free" });
});

test("rejects peer and expose of a channel that is destroyed meanwhile, and listens nowhere", async (t) => {
  const [a, port] = await Promise.all([node(t), freePort()]);
  const peering = a.data.peer(port, "/data", a.url, auth);
  const exposing = a.data.expose(port, "/other");
  a.data.destroy();
  await assert.rejectsCode(peering, "closed");
  await assert.rejectsCode(exposing, "closed");
  await a.$ch.close();
  assert.ok(await isFree(port));
});

test("close does not wait for a function of URLs that never answers", async (t) => {
  const [a, port] = await Promise.all([node(t), freePort()]);
  void a.data.peer(port, "/data", () => new Promise(() => undefined), auth).catch(() => undefined);
  await a.$ch.close();
  assert.ok(await isFree(port));
});

test("frees the path and the port when the channel is destroyed, and can begin anew at once", async (t) => {
  const [a, b, port] = await Promise.all([node(t), node(t), freePort()]);
  const url = `http://127.0.0.1:${port}/data`;
  await a.data.expose(port);
  await b.data.peer(undefined, undefined, url);
  await b.data.ready();
  a.data.destroy();
  await a.data.create().expose(port);
  a.data.set("new", 1);
  await until(() => b.data.size() === 1, { what: "the link to find the new channel" });
  await a.$ch.close();
  assert.ok(await isFree(port));
});
