// A caller's own server: only exposed paths are ours, everything else goes on as if we were not there.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { Endpoint } from "@chorus/node";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { WebSocket, WebSocketServer } from "ws";
import { collect, dial, type Guest, listenOnFreePort, raw, UPGRADE } from "./helpers.js";

const test = suite("server tap");

interface JoinOptions {
  guests?: Guest[];
  path?: string;
}

async function join(t: TestContext, server: Server, options: JoinOptions = {}): Promise<Endpoint> {
  const { guests = [], path = "/data" } = options;
  const endpoint = await Endpoint.listen(server, { closeGraceMs: 200 });
  t.after(() => endpoint.close());
  endpoint.expose(path, collect(guests));
  return endpoint;
}

test("it answers its own paths and leaves the caller's to the caller", async (t) => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end("the caller's");
  });
  const port = await listenOnFreePort(t, server);
  const guests: Guest[] = [];
  await join(t, server, { guests });
  assert.is((await raw(t, { port, path: "/data" })).status, 426);
  assert.is((await raw(t, { port, path: "/app" })).body.includes("the caller's"), true);
  await dial(t, `ws://127.0.0.1:${port}/data`).whenOpen();
  assert.is(guests.length, 1);
  assert.equal(seen, ["/app"]);
});

test("it keeps its paths from listeners that the caller adds later", async (t) => {
  const server = createServer();
  const port = await listenOnFreePort(t, server);
  await join(t, server);
  server.on("request", (_request, response) => response.end("late"));
  assert.is((await raw(t, { port, path: "/data" })).status, 426);
  assert.is((await raw(t, { port, path: "/app" })).status, 200);
});

test("it leaves other upgrades to the caller's handler, and keeps its own from one that destroys", async (t) => {
  const server = createServer();
  const port = await listenOnFreePort(t, server);
  const webSockets = new WebSocketServer({ noServer: true });
  const seen: string[] = [];
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    seen.push(request.url ?? "");
    if (request.url === "/chat") webSockets.handleUpgrade(request, socket, head, (ws) => ws.send("hi"));
    else socket.destroy();
  });
  const guests: Guest[] = [];
  await join(t, server, { guests });
  await dial(t, `ws://127.0.0.1:${port}/data`).whenOpen();
  const chat = new WebSocket(`ws://127.0.0.1:${port}/chat`);
  t.after(() => chat.terminate());
  const message = await new Promise((resolve) => chat.once("message", (data) => resolve(String(data))));
  assert.is(message, "hi");
  assert.is((await dial(t, `ws://127.0.0.1:${port}/other`).whenClosed()).code, 1006);
  assert.equal(seen, ["/chat", "/other"]);
  assert.is(guests[0]?.recorder.end, undefined);
  for (const client of webSockets.clients) client.terminate();
});

test("it answers 404 to other upgrades when the caller listens to none", async (t) => {
  const server = createServer((_request, response) => response.end("app"));
  const port = await listenOnFreePort(t, server);
  await join(t, server);
  assert.is((await raw(t, { port, path: "/other", headers: UPGRADE })).status, 404);
});

test("it joins a server that does not listen yet", async (t) => {
  const server = createServer();
  const guests: Guest[] = [];
  const endpoint = await join(t, server, { guests });
  assert.is(endpoint.port, 0);
  const port = await listenOnFreePort(t, server);
  assert.is(endpoint.port, port);
  await dial(t, `ws://127.0.0.1:${port}/data`).whenOpen();
  assert.is(guests.length, 1);
});

test("it leaves the server as it was when the last endpoint closes, and never closes it", async (t) => {
  const server = createServer((_request, response) => response.end("app"));
  const port = await listenOnFreePort(t, server);
  const before = [server.listeners("request"), server.listeners("upgrade"), Object.keys(server)];
  const first = await join(t, server, { path: "/one" });
  const second = await join(t, server, { path: "/two" });
  assert.throwsCode(() => second.expose("/one", () => undefined), "path-in-use");
  await first.close();
  assert.is((await raw(t, { port, path: "/one" })).status, 200);
  assert.is((await raw(t, { port, path: "/two" })).status, 426);
  await second.close();
  assert.is((await raw(t, { port, path: "/two" })).status, 200);
  assert.equal([server.listeners("request"), server.listeners("upgrade"), Object.keys(server)], before);
  assert.is(server.listening, true);
  const again = await join(t, server, { path: "/two" });
  assert.is((await raw(t, { port, path: "/two" })).status, 426);
  await again.close();
});

test("it steps aside though somebody wrapped the server after it", async (t) => {
  const server = createServer((_request, response) => response.end("app"));
  const port = await listenOnFreePort(t, server);
  const endpoint = await join(t, server);
  const { emit } = server;
  let wrapped = 0;
  server.emit = (event: string | symbol, ...values: unknown[]) => {
    wrapped += 1;
    return Reflect.apply(emit, server, [event, ...values]);
  };
  await endpoint.close();
  assert.is((await raw(t, { port, path: "/data" })).status, 200);
  await until(() => wrapped > 0);
});
