// Plain requests over one kept connection, against servers that are slow, rude, gone, or lie; and no password
// anywhere.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import {
  connectHttp,
  createHttpConnector,
  type HttpConnection,
  type HttpConnectorOptions,
  type HttpRequest,
} from "@chorus/node";
import { makeCertificate, openBench } from "./helpers.js";

const test = suite("HTTP connection", { deadlineMs: 20_000 });
const PASSWORD = "hidden-p@ss:w/é";
const USER_INFO = `alice:${encodeURIComponent(PASSWORD)}`;
const TOKEN = Buffer.from(`alice:${PASSWORD}`).toString("base64");
const GET: HttpRequest = { method: "GET", path: "" };

/** A server on a free loopback port and every socket it had; all end after the test. */
interface Host {
  port: number;
  sockets: Socket[];
}

async function listen(t: TestContext, server: Server): Promise<Host> {
  const sockets: Socket[] = [];
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** A server that answers what comes over a socket by hand. */
function byHand(answer: (socket: Socket, text: string) => void): Server {
  return createTcpServer((socket) => {
    socket.on("data", (chunk: Buffer) => answer(socket, chunk.toString("latin1")));
  });
}

/** A connection that is closed after the test. */
function open(t: TestContext, port: number, options: HttpConnectorOptions = {}): HttpConnection {
  const connection = createHttpConnector(options)(`http://${USER_INFO}@127.0.0.1:${port}/data`);
  t.after(() => connection.close());
  return connection;
}

async function serve(t: TestContext, listener: RequestListener): Promise<Host> {
  return listen(t, createServer(listener));
}

/** The code a request fails with, whose error shows no password. */
async function failure(connection: HttpConnection, code: string, request = GET): Promise<string> {
  const error = await assert.rejectsCode(connection.request(request), code);
  const shown = `${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), TOKEN, "hidden"]) {
    assert.not.ok(shown.includes(secret), `the password shows in ${shown}`);
  }
  return error.message;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  request.setEncoding("utf8");
  for await (const chunk of request) body += chunk;
  return body;
}

test("it sends method, path, body and credentials, and returns status, headers and text", async (t) => {
  const seen: unknown[] = [];
  const { port } = await serve(t, async (request, response) => {
    const { authorization, "content-type": type, "accept-encoding": encoding } = request.headers;
    seen.push([request.method, request.url, await bodyOf(request), authorization, type, encoding]);
    response.writeHead(207, { "X-One": "1", "Set-Cookie": ["a=1", "b=2"] });
    response.end("é€😀");
  });
  const connection = open(t, port);
  const reply = await connection.request({ method: "PUT", path: "/o/e/k/%7B%22?x", body: '"é€"' });
  assert.is(reply.status, 207);
  assert.is(reply.headers["x-one"], "1");
  assert.is(reply.headers["set-cookie"], "a=1, b=2");
  assert.is(reply.body, "é€😀");
  await connection.request({ method: "DELETE", path: "" });
  await connection.request({ method: "POST", path: "/" });
  const basic = `Basic ${TOKEN}`;
  const type = "application/json; charset=utf-8";
  assert.equal(seen, [
    ["PUT", "/data/o/e/k/%7B%22?x", '"é€"', basic, type, "identity"],
    ["DELETE", "/data", "", basic, undefined, "identity"],
    ["POST", "/data/", "", basic, undefined, "identity"],
  ]);
});

test("it appends paths to that of the URL, whose scheme may be that of WebSockets", async (t) => {
  const { port } = await serve(t, (request, response) => {
    response.end(`${request.url} ${request.headers.authorization}`);
  });
  for (const [url, path, asked] of [
    ["http://H", "/o/l", "/o/l"],
    ["ws://H/", "/o/l", "/o/l"],
    ["ws://H/", "", "/"],
    ["http://H/a%20b/c/", "/o/l", "/a%20b/c/o/l"],
    ["http://H/a?q=1", "/o", "/a/o?q=1"],
  ] as const) {
    const connection = connectHttp(url.replace("H", `127.0.0.1:${port}`));
    assert.is((await connection.request({ method: "GET", path })).body, `${asked} undefined`);
    await connection.close();
  }
});

test("it sends one request at a time, in order, over one connection", async (t) => {
  const waiting: ServerResponse[] = [];
  const seen: (string | undefined)[] = [];
  const { port, sockets } = await serve(t, (request, response) => {
    seen.push(request.url);
    waiting.push(response);
  });
  const connection = open(t, port);
  const replies = [1, 2, 3].map((n) => connection.request({ method: "GET", path: `/${n}` }));
  for (const n of [1, 2, 3]) {
    await until(() => waiting.length === n);
    assert.is(seen.length, n);
    waiting[n - 1]?.end(String(n));
  }
  assert.equal(
    (await Promise.all(replies)).map((reply) => reply.body),
    ["1", "2", "3"],
  );
  assert.equal(seen, ["/data/1", "/data/2", "/data/3"]);
  assert.is(sockets.length, 1);
});

test("it keeps one connection for 5,000 requests to an endpoint", async (t) => {
  let answered = 0;
  const ports = new Set<number | undefined>();
  const { endpoint } = await openBench(t, {
    onRequest: ({ request, response, subpath }) => {
      answered += 1;
      ports.add(request.socket.remotePort);
      response.end(subpath);
    },
  });
  const connection = open(t, endpoint.port);
  const begin = performance.now();
  for (let n = 0; n < 5_000; n += 1) {
    const reply = await connection.request({ method: "GET", path: `/${n}` });
    if (reply.body !== `/${n}`) assert.is(reply.body, `/${n}`);
  }
  const rate = Math.round(5_000_000 / (performance.now() - begin));
  process.stdout.write(`${rate} requests per second\n`);
  assert.is(answered, 5_000);
  assert.is(ports.size, 1);
});

test("it fails when nobody listens, and connects once somebody does", async (t) => {
  const server = createServer((_request, response) => response.end("there"));
  const { port } = await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  const connection = open(t, port);
  assert.match(await failure(connection, "connection-failed"), "ECONNREFUSED");
  assert.match(await failure(connection, "connection-failed"), `http://127.0.0.1:${port}/data`);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  assert.is((await connection.request(GET)).body, "there");
});

test("it connects again when the server has closed the idle connection", async (t) => {
  const { port, sockets } = await serve(t, (_request, response) => response.end("ok"));
  const connection = open(t, port);
  for (const n of [1, 2, 3]) {
    assert.is((await connection.request(GET)).body, "ok");
    assert.is(sockets.length, n);
    const [socket] = sockets.slice(-1);
    socket?.end();
    // Ended by both sides: the client has seen it.
    await until(() => socket?.closed);
  }
});

test("it fails once, and repeats nothing, when the server closes just as a request is sent", async (t) => {
  for (const how of ["end", "resetAndDestroy"] as const) {
    const seen: string[] = [];
    const server = byHand((socket, text) => {
      seen.push(text.split(" ", 1)[0] ?? "");
      if (seen.length === 2) socket[how]();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    const { port, sockets } = await listen(t, server);
    const connection = open(t, port);
    await connection.request(GET);
    await failure(connection, "connection-failed", { method: "PUT", path: "/x", body: "1" });
    assert.is((await connection.request({ method: "DELETE", path: "" })).body, "ok");
    assert.equal(seen, ["GET", "PUT", "DELETE"]);
    assert.is(sockets.length, 2);
  }
});

test("it never takes what a server says unasked for the reply to a later request", async (t) => {
  const reply = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${text}`;
  let asked = 0;
  const server = byHand((socket) => {
    asked += 1;
    socket.write(asked === 1 ? reply("first") + reply("wrong") : reply("right"));
  });
  const { port, sockets } = await listen(t, server);
  const connection = open(t, port);
  assert.is((await connection.request(GET)).body, "first");
  assert.is((await connection.request(GET)).body, "right");
  const [socket] = sockets.slice(-1);
  await new Promise((resolve) => socket?.write(reply("wrong"), resolve));
  // The bytes have left the server before anything is sent here; the loop turns until they are here as well.
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.is((await connection.request(GET)).body, "right");
});

/** A reply after which the client must not use the connection again. */
const CLOSING = "HTTP/1.1 200 OK\r\nConnection: close\r\n";
const broken: [string, string][] = [
  ["no HTTP at all", "hello\r\n\r\n"],
  ["half a header", "HTTP/1.1 200 OK\r\nContent-Le"],
  ["less than declared", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"],
  ["chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
  ["a switch of protocols", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"],
  ["headers without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(40_000)}\r\n\r\n`],
  ["bytes that are no UTF-8", `${CLOSING}Content-Length: 1\r\n\r\n\xff`],
  ["compressed bytes", `${CLOSING}Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx`],
  ["nothing", ""],
];
for (const [what, text] of broken) {
  test(`it fails when the server answers ${what}, and works again afterwards`, async (t) => {
    let asked = 0;
    const server = byHand((socket) => {
      asked += 1;
      const whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      socket.end(Buffer.from(asked === 1 ? text : whole, "latin1"));
    });
    const { port } = await listen(t, server);
    const connection = open(t, port);
    await failure(connection, "connection-failed");
    assert.is((await connection.request(GET)).body, "ok");
    assert.is(asked, 2);
  });
}

test("it takes replies of every framing, and error pages in any encoding", async (t) => {
  const replies = [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.0 200 OK\r\n\r\nabc",
    "HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nabc\xff",
    "HTTP/1.1 204 Nothing\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 3\r\n\r\nabc",
  ];
  const server = byHand((socket) => {
    const reply = Buffer.from(replies.shift() ?? "", "latin1");
    if (reply.includes("1.0")) socket.end(reply);
    else socket.write(reply);
  });
  const { port } = await listen(t, server);
  const connection = open(t, port);
  const got: string[] = [];
  while (replies.length > 0) {
    const reply = await connection.request(GET);
    got.push(`${reply.status} ${reply.body}`);
  }
  assert.equal(got, ["200 abc", "200 abc", "200 abc", "401 abc\ufffd", "204 ", "302 abc"]);
});

test("it bounds replies, declared or not, and takes one of just the limit", async (t) => {
  const { port } = await serve(t, (request, response) => {
    const length = Number(request.url?.split("/").at(-1));
    if (request.url?.includes("declared")) response.setHeader("content-length", length);
    response.write("x");
    response.end("x".repeat(length - 1));
  });
  const connection = open(t, port, { maxReplyBytes: 100_000 });
  for (const kind of ["declared", "chunked"]) {
    await failure(connection, "too-large", { method: "GET", path: `/${kind}/100001` });
    const whole = await connection.request({ method: "GET", path: `/${kind}/100000` });
    assert.is(whole.body.length, 100_000);
  }
});

test("it gives up after its time, though bytes keep trickling in", async (t) => {
  const timers: NodeJS.Timeout[] = [];
  t.after(() => timers.forEach(clearInterval));
  let quick = false;
  const server = byHand((socket) => {
    if (quick) return socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    timers.push(setInterval(() => socket.writable && socket.write("1\r\nx\r\n"), 5));
  });
  const { port, sockets } = await listen(t, server);
  const connection = open(t, port, { requestTimeoutMs: 150 });
  const both = [failure(connection, "timeout"), failure(connection, "timeout")];
  await Promise.all(both);
  await until(() => sockets.every((socket) => socket.destroyed));
  quick = true;
  assert.is((await connection.request(GET)).body, "ok");
});

test("it ends what is under way and what waits when it is closed, and its connection", async (t) => {
  const { port, sockets } = await serve(t, (request, response) => {
    if (request.url === "/data/quick") response.end();
  });
  const connection = open(t, port);
  await connection.request({ method: "GET", path: "/quick" });
  const requests = [failure(connection, "closed"), failure(connection, "closed")];
  await until(() => sockets.length === 1);
  await connection.close();
  await Promise.all(requests);
  await until(() => sockets[0]?.closed);
  await failure(connection, "closed");
  await connection.close();
  const idle = open(t, port);
  await idle.request({ method: "GET", path: "/quick" });
  await idle.close();
  // Well before it would be dropped for being idle.
  await until(() => sockets[1]?.closed, { deadlineMs: 1_500 });
  const refused = open(t, port);
  await refused.close();
  await failure(refused, "closed");
  assert.is(sockets.length, 2);
});

test("it speaks TLS for https and wss, and trusts only whom it is told to", async (t) => {
  const certificate = makeCertificate(t);
  if (!certificate) {
    process.stdout.write("left out: https, since openssl is not installed\n");
    return;
  }
  const server = createHttpsServer(certificate, (request, response) => response.end(request.url));
  const { port } = await listen(t, server);
  const url = `wss://${USER_INFO}@127.0.0.1:${port}/data`;
  const strict = connectHttp(url);
  t.after(() => strict.close());
  assert.match(await failure(strict, "connection-failed"), "DEPTH_ZERO_SELF_SIGNED_CERT");
  for (const options of [{ rejectUnauthorized: false }, { ca: certificate.cert }]) {
    const connection = createHttpConnector(options)(url);
    t.after(() => connection.close());
    assert.is((await connection.request({ method: "GET", path: "/x" })).body, "/data/x");
  }
  const plain = open(t, port);
  await failure(plain, "connection-failed");
});

test("it refuses what cannot be sent, by name, and sends nothing", async (t) => {
  const { port, sockets } = await serve(t, (_request, response) => response.end());
  const connection = open(t, port);
  const wrong: [string, unknown][] = [
    ["path", { method: "GET", path: "o/l" }],
    ["path", { method: "GET", path: "/a b" }],
    ["path", { method: "GET", path: "/é" }],
    ["path", { method: "GET", path: "/a\r\nX: 1" }],
    ["path", { method: "GET", path: "/a#b" }],
    ["path", { method: "GET" }],
    ["method", { method: "PATCH", path: "" }],
    ["body", { method: "PUT", path: "", body: {} }],
  ];
  for (const [name, request] of wrong) {
    assert.match(await failure(connection, "invalid-option", request as HttpRequest), name);
  }
  assert.is(sockets.length, 0);
  assert.throwsCode(() => connectHttp("ftp://h/"), "invalid-option");
});

test("it refuses wrong options by name", () => {
  for (const [name, value] of [
    ["requestTimeoutMs", 0],
    ["maxReplyBytes", 2 ** 31],
    ["maxReplyBytes", "5"],
    ["rejectUnauthorized", 1],
    ["key", "hidden"],
    ["timeout", 5],
  ] as const) {
    const error = assert.throwsCode(() => createHttpConnector({ [name]: value }), "invalid-option");
    assert.match(error.message, name);
    assert.not.match(error.message, "hidden");
  }
});
