// Requests that offer h2c: served as plain ones, with body and kept connection, and with nothing let through by it.
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect as connectTls } from "node:tls";
import { Endpoint, type ExposeOptions, type OnRequest, readBody, sendReply, textReply } from "@chorus/node";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { basic, collect, listenOnFreePort, makeCertificate, raw, startRaw, UPGRADE } from "./helpers.js";

const test = suite("offers of other protocols");

/** What Java's HttpClient sends. */
const OFFER = [
  "Connection: Upgrade, HTTP2-Settings",
  "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
  "Upgrade: h2c",
];

/** Answers with what came. */
const echo: OnRequest = async ({ request, response, subpath }) => {
  const body = await readBody(request, { maxBytes: 1_000_000 });
  const { connection, upgrade, "x-own": own } = request.headers;
  const told = { method: request.method, subpath, connection, upgrade, own: hex(own), length: body.length };
  sendReply(response, textReply(200, JSON.stringify(told)));
};

function hex(header: unknown): string | undefined {
  return typeof header === "string" ? Buffer.from(header, "latin1").toString("hex") : undefined;
}

async function listen(
  t: TestContext,
  options: ExposeOptions = {},
): Promise<{ port: number; endpoint: Endpoint }> {
  const endpoint = await Endpoint.listen(0, { host: "127.0.0.1", closeGraceMs: 200 });
  t.after(() => endpoint.close());
  endpoint.expose("/data", collect([]), { onRequest: echo, ...options });
  return { port: endpoint.port, endpoint };
}

test("are ignored: the request is served as it came, with its body", async (t) => {
  const { port } = await listen(t);
  const headers = [...OFFER, "X-Own: \u00e9", "Content-Length: 5"];
  const { socket, answer } = startRaw(t, { port, method: "PUT", path: "/data/o/%7B?q", headers });
  socket.write("he");
  await until(() => socket.bytesWritten > 0);
  socket.write("llo");
  await until(() => answer().endsWith("}"));
  const text = answer();
  assert.match(text, "HTTP/1.1 200");
  const told = JSON.parse(text.slice(text.indexOf("{")));
  assert.equal(told, { method: "PUT", subpath: "/o/%7B?q", own: "c3a9", length: 5 });
});

test("leave the connection open for the next request, with and without an offer", async (t) => {
  const { port, endpoint } = await listen(t);
  const headers = [...OFFER, "Transfer-Encoding: chunked"];
  const { socket, answer } = startRaw(t, { port, method: "PUT", headers });
  socket.write("3\r\nabc\r\n0\r\n\r\n");
  const replies = (): number => answer().split("HTTP/1.1 200").length - 1;
  await until(() => answer().includes('"length":3'));
  for (let count = 2; count < 6; count++) {
    const offer = count % 2 === 0 ? `${OFFER.join("\r\n")}\r\n` : "";
    socket.write(`GET /data/${count} HTTP/1.1\r\nHost: x\r\n${offer}\r\n`);
    await until(() => replies() === count && answer().includes(`/${count}`));
  }
  assert.is(socket.destroyed, false);
  await endpoint.close();
  await until(() => socket.destroyed);
});

test("end the connection when the client asks for that", async (t) => {
  const { port } = await listen(t);
  const headers = ["Connection: upgrade, close", "Upgrade: h2c"];
  const { socket, answer } = startRaw(t, { port, headers });
  await until(() => socket.readableEnded);
  assert.match(answer(), '"connection":"close"');
});

test("are no way around authentication, origins, paths and limits", async (t) => {
  const { port } = await listen(t, {
    authenticate: (credentials) => (credentials?.password === "right" ? "rw" : undefined),
  });
  const ask = async (path: string, ...headers: string[]): Promise<number> =>
    (await raw(t, { port, path, headers: [...OFFER, ...headers] })).status;
  assert.is(await ask("/data/o"), 401);
  assert.is(await ask("/data/o", basic("u:wrong")), 401);
  assert.is(await ask("/data/o", basic("u:right"), "Origin: http://x"), 403);
  assert.is(await ask("/data/o", basic("u:right")), 200);
  assert.is(await ask("/other"), 404);
  const both = ["Content-Length: 3", "Transfer-Encoding: chunked"];
  assert.is(
    (await raw(t, { port, method: "PUT", headers: [...OFFER, ...both, basic("u:right")] })).status,
    400,
  );
});

test("do not disturb those for WebSocket", async (t) => {
  const { port } = await listen(t);
  assert.is((await raw(t, { port, headers: UPGRADE })).status, 101);
  const several = UPGRADE.map((line) => line.replace("websocket", "h2c, websocket"));
  assert.is((await raw(t, { port, headers: several })).status, 400);
});

test("behind a request that is not answered yet end the connection", async (t) => {
  const answers: (() => void)[] = [];
  const seen: (string | undefined)[] = [];
  const { port } = await listen(t, {
    onRequest: ({ request, response }) =>
      new Promise((resolve) => {
        seen.push(request.url);
        answers.push(() => resolve(sendReply(response, textReply(200, "late"))));
      }),
  });
  const { socket, answer } = startRaw(t, { port, path: "/data/first" });
  socket.write(`GET /data/second HTTP/1.1\r\nHost: x\r\n${OFFER.join("\r\n")}\r\n\r\n`);
  await until(() => socket.destroyed);
  for (const one of answers) one();
  assert.equal([seen, answer()], [["/data/first"], ""]);
});

test("reach the owner of a server on paths that are not ours, or its listeners", async (t) => {
  const server = createServer((request: IncomingMessage, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on("end", () => response.end(`${bytes} bytes for ${request.url}`));
  });
  const port = await listenOnFreePort(t, server);
  const endpoint = await Endpoint.listen(server, { closeGraceMs: 200 });
  t.after(() => endpoint.close());
  endpoint.expose("/data", collect([]), { onRequest: echo });
  const put = async (path: string): Promise<string> => {
    const { socket, answer } = startRaw(t, { port, path, headers: [...OFFER, "Content-Length: 2"] });
    socket.write("ok");
    await until(() => answer().includes("\r\n\r\n") && !answer().endsWith("\r\n\r\n"));
    return answer();
  };
  assert.match(await put("/app"), "2 bytes for /app");
  assert.match(await put("/data/x"), '"length":2');
  const upgrades: unknown[] = [];
  server.on("upgrade", (request, socket) => {
    upgrades.push(request.url);
    socket.end("HTTP/1.1 204 Mine\r\nx: y\r\n\r\n.");
  });
  assert.match(await put("/app"), "204 Mine");
  assert.match(await put("/data/x"), '"length":2');
  assert.equal(upgrades, ["/app"]);
});

test("are ignored over TLS, too", async (t) => {
  const certificate = makeCertificate(t);
  if (!certificate) return;
  const server = createTlsServer(certificate);
  const tlsPort = await listenOnFreePort(t, server);
  const endpoint = await Endpoint.listen(server, { closeGraceMs: 200 });
  t.after(() => endpoint.close());
  endpoint.expose("/data", collect([]), { onRequest: echo });
  const socket = connectTls({
    port: tlsPort,
    host: "127.0.0.1",
    ca: certificate.cert,
    servername: "localhost",
  });
  t.after(() => socket.destroy());
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
  });
  socket.write(`PUT /data HTTP/1.1\r\nHost: x\r\n${OFFER.join("\r\n")}\r\nContent-Length: 2\r\n\r\nok`);
  await until(() => text.includes('"length":2'));
});
