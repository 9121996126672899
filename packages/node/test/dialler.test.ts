// Outbound connections against servers that welcome, refuse, redirect, hang or lie; and no password anywhere.
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import {
  createDialler,
  type DiallerOptions,
  dialWebSocket,
  NO_UPGRADE_CODE,
  type Permission,
} from "@chorus/node";
import { WebSocketServer } from "ws";
import { dial, openBench } from "./helpers.js";

const test = suite("dialler");
const PASSWORD = "hidden-p@ss:w/é";
const USER_INFO = `alice:${encodeURIComponent(PASSWORD)}`;
const TOKEN = Buffer.from(`alice:${PASSWORD}`).toString("base64");

/** Lets a server listen on a free loopback port and ends it, with its sockets, after the test. */
async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    sockets.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** An HTTP server that answers every upgrade with a status. */
function refusing(status: number, headers = ""): Server {
  const server = createServer();
  server.on("upgrade", (_request: IncomingMessage, socket: Socket) => {
    socket.end(`HTTP/1.1 ${status} No\r\n${headers}content-length: 2\r\n\r\nno`);
  });
  return server;
}

function assertSilent(text: string): void {
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), TOKEN, "hidden"]) {
    assert.not.ok(text.includes(secret), `the password shows in ${text}`);
  }
}

test("it sends percent-decoded credentials with the first request", async (t) => {
  let asked = 0;
  const bench = await openBench(t, {
    authenticate: async (credentials): Promise<Permission | undefined> => {
      asked += 1;
      return credentials?.user === "alice" && credentials.password === PASSWORD ? "r" : undefined;
    },
  });
  const client = dial(t, `http://${USER_INFO}@127.0.0.1:${bench.endpoint.port}/data`, dialWebSocket);
  await client.whenOpen();
  assert.is(asked, 1);
  assert.is(bench.guests[0]?.grant, "r");
  assert.is(bench.guests[0]?.stockClient, false);
});

test("it sends no credentials when the URL has none", async (t) => {
  const seen: unknown[] = [];
  const bench = await openBench(t, {
    authenticate: async (credentials): Promise<Permission> => {
      seen.push(credentials);
      return "rw";
    },
  });
  await dial(t, bench.url).whenOpen();
  assert.equal(seen, [undefined]);
});

test("it ends with 4401 and 4403 when refused by 401 and 403", async (t) => {
  const bench = await openBench(t, { authenticate: async () => undefined });
  const refused = await dial(t, bench.url.replace("//", `//${USER_INFO}@`)).whenClosed();
  assert.equal(refused, { code: 4401, reason: "HTTP 401" });
  const port = await listen(t, refusing(403));
  assert.equal(await dial(t, `ws://127.0.0.1:${port}/`).whenClosed(), { code: 4403, reason: "HTTP 403" });
});

test("it ends with 1006 and the status when the server is busy or in trouble", async (t) => {
  for (const status of [408, 429, 500, 503, 599]) {
    const port = await listen(t, refusing(status));
    const info = await dial(t, `ws://127.0.0.1:${port}/`).whenClosed();
    assert.equal(info, { code: 1006, reason: `HTTP ${status}` });
  }
});

test("it ends with 4426 and the status on answers of a server without WebSocket there", async (t) => {
  const bench = await openBench(t);
  const unknown = await dial(t, `ws://127.0.0.1:${bench.endpoint.port}/other`).whenClosed();
  assert.equal(unknown, { code: NO_UPGRADE_CODE, reason: "HTTP 404" });
  bench.endpoint.expose("/plain", undefined, { onRequest: () => undefined });
  const plain = await dial(t, `ws://127.0.0.1:${bench.endpoint.port}/plain`).whenClosed();
  assert.equal(plain, { code: 4426, reason: "HTTP 404" });
  for (const status of [200, 204, 400, 405, 426]) {
    const port = await listen(t, refusing(status));
    const info = await dial(t, `ws://127.0.0.1:${port}/`).whenClosed();
    assert.equal(info, { code: 4426, reason: `HTTP ${status}` });
  }
});

test("it ends with 4426 when an ordinary server takes the upgrade for a request", async (t) => {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.upgrade);
    if (request.url === "/401") response.statusCode = 401;
    response.end("{}");
  });
  const port = await listen(t, server);
  const info = await dial(t, `http://127.0.0.1:${port}/data`).whenClosed();
  assert.equal(info, { code: 4426, reason: "HTTP 200" });
  assert.is((await dial(t, `http://127.0.0.1:${port}/401`).whenClosed()).code, 4401);
  assert.equal(asked, ["websocket", "websocket"]);
});

test("it follows no redirect", async (t) => {
  const bench = await openBench(t);
  const port = await listen(t, refusing(302, `location: ${bench.url}\r\n`));
  const info = await dial(t, `ws://${USER_INFO}@127.0.0.1:${port}/`).whenClosed();
  assert.equal(info, { code: 4426, reason: "HTTP 302" });
  assert.is(bench.guests.length, 0);
});

test("it says why it cannot connect, without the URL", async (t) => {
  const server = createTcpServer();
  const port = await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  const info = await dial(t, `ws://${USER_INFO}@127.0.0.1:${port}/data`).whenClosed();
  assert.equal(info, { code: 1006, reason: "connection failed: ECONNREFUSED" });
});

test("it gives up after the handshake timeout, though bytes keep trickling in", async (t) => {
  const server = createTcpServer((socket) => {
    socket.write("HTTP/1.1 101 ");
    const timer = setInterval(() => socket.write("x"), 10);
    socket.on("close", () => clearInterval(timer));
  });
  const port = await listen(t, server);
  const client = dial(t, `ws://127.0.0.1:${port}/`, createDialler({ handshakeTimeoutMs: 60 }));
  assert.equal(await client.whenClosed(), { code: 1006, reason: "handshake timed out" });
});

test("it ends when the server closes at once, sends garbage or speaks another protocol", async (t) => {
  const closing = await listen(
    t,
    createTcpServer((socket) => socket.destroy()),
  );
  assert.is((await dial(t, `ws://127.0.0.1:${closing}/`).whenClosed()).code, 1006);
  const garbage = await listen(
    t,
    createTcpServer((socket) => socket.end("\0\0\0 what is this?\r\n\r\n")),
  );
  assert.is((await dial(t, `ws://127.0.0.1:${garbage}/`).whenClosed()).code, 1006);
  const plain = createServer();
  new WebSocketServer({ server: plain, handleProtocols: () => false });
  const info = await dial(t, `ws://127.0.0.1:${await listen(t, plain)}/`).whenClosed();
  assert.equal(info, { code: 1006, reason: "server does not speak chorus.1" });
});

test("it may be closed or terminated while it connects", async (t) => {
  const port = await listen(t, createTcpServer());
  const closed = dial(t, `ws://127.0.0.1:${port}/`);
  closed.transport.close(4403, "unpeered");
  assert.equal(await closed.whenClosed(), { code: 4403, reason: "unpeered" });
  const terminated = dial(t, `ws://127.0.0.1:${port}/`);
  terminated.transport.terminate();
  assert.equal(await terminated.whenClosed(), { code: 1006, reason: "" });
  assert.equal([...closed.log, ...terminated.log], ["closed", "closed"]);
});

test("it withholds a reason in which a server repeats the password", async (t) => {
  const plain = createServer();
  const server = new WebSocketServer({ server: plain, handleProtocols: () => "chorus.1" });
  server.on("connection", (socket, request) => {
    const token = request.headers.authorization?.slice(6) ?? "";
    socket.close(4400, request.url === "/token" ? token : Buffer.from(token, "base64").toString());
  });
  const port = await listen(t, plain);
  for (const path of ["token", "plain"]) {
    const info = await dial(t, `ws://${USER_INFO}@127.0.0.1:${port}/${path}`).whenClosed();
    assert.equal(info, { code: 4400, reason: "reason withheld" });
  }
});

test("it throws for a URL it cannot dial, without the password", () => {
  for (const url of [`ftp://${USER_INFO}@h/`, `http://${USER_INFO}%@h/`, `http://${USER_INFO}@h:99999/`]) {
    const error = assert.throwsCode(() => dialWebSocket(url), "invalid-option");
    assertSilent(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`);
  }
});

test("it refuses wrong options by name, and never shows a key", () => {
  const wrong: [string, unknown][] = [
    ["handshakeTimeoutMs", 0],
    ["handshakeTimeoutMs", "10"],
    ["handshakeTimeoutMs", 2 ** 31],
    ["maxFrameBytes", 1.5],
    ["maxFrameBytes", Number.POSITIVE_INFINITY],
    ["rejectUnauthorized", "false"],
    ["ca", 5],
    ["key", ""],
    ["key", "hidden"],
    ["cert", "hidden"],
    ["timeout", 5],
  ];
  for (const [name, value] of wrong) {
    const options = { [name]: value } as DiallerOptions;
    const error = assert.throwsCode(() => createDialler(options), "invalid-option");
    assert.match(error.message, name);
    assertSilent(String(error.stack));
  }
});

test("it does not keep what it is given: options may change afterwards", async (t) => {
  const bench = await openBench(t);
  const options: DiallerOptions = { maxFrameBytes: 2048 };
  const dialler = createDialler(options);
  options.maxFrameBytes = 100_000;
  const client = dial(t, bench.url, dialler);
  await client.whenOpen();
  const guest = await until(() => bench.guests[0]);
  guest.recorder.transport.send(new Uint8Array(4096));
  assert.is((await client.whenClosed()).code, 1009);
});
