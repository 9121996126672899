// Endpoints on own ports: sharing, conflicts, options, and that close leaves nothing behind.
import { execFile } from "node:child_process";
import { Agent, createServer as createHttpServer, get } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assert, suite, type TestContext, until } from "@chorus/testing";
import { createDialler, Endpoint, type EndpointOptions, type ExposeOptions } from "@chorus/node";
import {
  basic,
  collect,
  dial,
  type Guest,
  makeCertificate,
  openBench,
  raw,
  startRaw,
  UPGRADE,
} from "./helpers.js";

const test = suite("endpoint", { deadlineMs: 20_000 });
const HOST = { host: "127.0.0.1", closeGraceMs: 200 };

async function listen(t: TestContext, port: number, options: EndpointOptions = {}): Promise<Endpoint> {
  const endpoint = await Endpoint.listen(port, { ...HOST, ...options });
  t.after(() => endpoint.close());
  return endpoint;
}

test("it carries several channels on one port, each with its own users", async (t) => {
  const endpoint = await listen(t, 0);
  const lists: Guest[][] = [[], [], []];
  lists.forEach((guests, index) => {
    endpoint.expose(`/channel/${index}`, collect(guests));
  });
  for (const index of [0, 1, 1, 2, 2, 2]) {
    await dial(t, `ws://127.0.0.1:${endpoint.port}/channel/${index}`).whenOpen();
  }
  assert.equal(
    lists.map((guests) => guests.length),
    [1, 2, 3],
  );
});

test("it shares a port among the endpoints of a process until the last one closes", async (t) => {
  const first = await listen(t, 0);
  const { port } = first;
  const [second, third] = await Promise.all([listen(t, port), listen(t, port)]);
  const guests: Guest[] = [];
  first.expose("/one", collect([]));
  second.expose("/two", collect(guests));
  third.expose("/three", collect([]));
  assert.throwsCode(() => third.expose("/one/", () => undefined), "path-in-use");
  await first.close();
  await third.close();
  assert.is((await raw(t, { port, path: "/one" })).status, 404);
  await dial(t, `ws://127.0.0.1:${port}/two`).whenOpen();
  await second.close();
  assert.is(guests[0]?.recorder.end?.code, 1001);
  assert.is(
    (await dial(t, `ws://127.0.0.1:${port}/two`).whenClosed()).reason,
    "connection failed: ECONNREFUSED",
  );
});

test("it can listen on a port again while it is still closing there", async (t) => {
  const first = await listen(t, 0, { closeGraceMs: 15_000 });
  const { port } = first;
  const url = `ws://127.0.0.1:${port}/data`;
  // A client that says nothing keeps the server as long as it stays.
  const silent = connect(port, "127.0.0.1");
  t.after(() => silent.destroy());
  await until(() => silent.readyState === "open");
  let closed = false;
  const closing = first.close().then(() => {
    closed = true;
  });
  await until(async () => (await dial(t, url).whenClosed()).reason.endsWith("ECONNREFUSED"));
  assert.is(closed, false);
  const reopening = listen(t, port);
  silent.destroy();
  const second = await reopening;
  await closing;
  assert.is(second.port, port);
  second.expose("/data", collect([]));
  await dial(t, url).whenOpen();
});

test("it shares a port when two listen on it at once", async (t) => {
  const probe = await listen(t, 0);
  const { port } = probe;
  await probe.close();
  const [one, two] = await Promise.all([listen(t, port), listen(t, port)]);
  one.expose("/one", collect([]));
  two.expose("/two", collect([]));
  assert.is((await raw(t, { port, path: "/one" })).status, 426);
  assert.is((await raw(t, { port, path: "/two" })).status, 426);
});

test("it rejects with port-in-use when another server has the port, and works once that is gone", async (t) => {
  const other = createHttpServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const both = await Promise.allSettled([Endpoint.listen(port, HOST), Endpoint.listen(port, HOST)]);
  assert.equal(
    both.map((result) => result.status === "rejected" && result.reason.code),
    ["port-in-use", "port-in-use"],
  );
  await new Promise((resolve) => other.close(resolve));
  assert.is((await listen(t, port)).port, port);
});

test("it rejects with listen-failed for an address that is not ours", async () => {
  await assert.rejectsCode(Endpoint.listen(0, { host: "192.0.2.1" }), "listen-failed");
});

test("it listens on all interfaces by default", async (t) => {
  const endpoint = await Endpoint.listen(0);
  t.after(() => endpoint.close());
  endpoint.expose("/data", collect([]));
  assert.is((await raw(t, { port: endpoint.port })).status, 426);
});

test("it refuses wrong options by name, before anything is opened", async (t) => {
  const wrong: [string, unknown][] = [
    ["host", ""],
    ["host", 5],
    ["headersTimeoutMs", 0],
    ["headersTimeoutMs", 20_000],
    ["requestTimeoutMs", -1],
    ["maxConnections", 0],
    ["maxPendingUpgrades", 1.5],
    ["authenticateTimeoutMs", Number.NaN],
    ["closeGraceMs", "1"],
    ["onError", {}],
    ["authenticate", () => "rw"],
  ];
  for (const [name, value] of wrong) {
    const error = await assert.rejectsCode(
      Endpoint.listen(0, { [name]: value } as EndpointOptions),
      "invalid-option",
    );
    assert.match(error.message, name);
  }
  for (const port of [-1, 65_536, 1.5, Number.NaN, "80", undefined, null, {}]) {
    await assert.rejectsCode(Endpoint.listen(port as number), "invalid-option");
  }
  const endpoint = await listen(t, 0);
  const bad: [string, unknown][] = [
    ["authenticate", "secret"],
    ["unauthorized", {}],
    ["onRequest", 1],
    ["allowedOrigins", "https://app.example"],
    ["allowedOrigins", ["*"]],
    ["allowedOrigins", ["https://app.example/"]],
    ["allowedOrigins", ["app.example"]],
    ["realm", ""],
    ["maxFrameBytes", 0],
    ["authentcate", () => undefined],
  ];
  for (const [name, value] of bad) {
    const options = { [name]: value } as ExposeOptions;
    const error = assert.throwsCode(() => endpoint.expose("/data", collect([]), options), "invalid-option");
    assert.match(error.message, name);
  }
  assert.throwsCode(() => endpoint.expose("data", collect([])), "invalid-option");
  assert.throwsCode(() => endpoint.expose("/data", undefined), "invalid-option");
  const onRequest = (): void => undefined;
  assert.throwsCode(() => endpoint.expose("/data", null as never, { onRequest }), "invalid-option");
  assert.is((await raw(t, { port: endpoint.port })).status, 404);
});

test("it ends one path with its connections and leaves the others alone", async (t) => {
  const endpoint = await listen(t, 0);
  const guests: Guest[] = [];
  const one = endpoint.expose("/one", collect(guests));
  const two = endpoint.expose("/two", collect(guests));
  const clients = ["one", "two"].map((name) => dial(t, `ws://127.0.0.1:${endpoint.port}/${name}`));
  for (const client of clients) await client.whenOpen();
  assert.is(one.connections + two.connections, 2);
  await one.close();
  await one.close();
  assert.equal(await clients[0]?.whenClosed(), { code: 1001, reason: "going away" });
  assert.is(one.connections, 0);
  assert.is(clients[1]?.end, undefined);
  endpoint.expose("/one", collect(guests));
  assert.is((await raw(t, { port: endpoint.port, path: "/one" })).status, 426);
});

test("it closes with its last path", async (t) => {
  const endpoint = await listen(t, 0);
  const { port } = endpoint;
  await endpoint.expose("/data", collect([])).close();
  assert.throwsCode(() => endpoint.expose("/data", collect([])), "closed");
  assert.is(
    (await dial(t, `ws://127.0.0.1:${port}/data`).whenClosed()).reason,
    "connection failed: ECONNREFUSED",
  );
});

test("it closes with peers that do not answer, upgrades that hang and sockets that idle", async (t) => {
  const { endpoint, guests } = await openBench(
    t,
    { authenticate: async (credentials) => (credentials ? new Promise(() => undefined) : "rw") },
    { authenticateTimeoutMs: 60_000 },
  );
  const { port } = endpoint;
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await new Promise((resolve) => get({ port, path: "/data", agent }, (r) => r.resume().on("end", resolve)));
  const deaf = startRaw(t, { port, headers: UPGRADE });
  const hanging = startRaw(t, { port, headers: [...UPGRADE, basic("a:b")] });
  const slow = connect(port, "127.0.0.1");
  t.after(() => slow.destroy());
  slow.on("error", () => undefined);
  slow.write("GET /data HTTP/1.1\r\n");
  const silent = connect(port, "127.0.0.1");
  t.after(() => silent.destroy());
  silent.on("error", () => undefined);
  await until(() => guests.length === 1 && silent.readyState === "open");
  deaf.socket.pause();
  await endpoint.close();
  await endpoint.close();
  assert.equal(guests[0]?.recorder.end, { code: 1001, reason: "going away" });
  deaf.socket.resume();
  slow.resume();
  silent.resume();
  await until(() => [deaf.socket, hanging.socket, slow, silent].every((socket) => socket.destroyed));
});

test("it drops clients that are slow with their headers", async (t) => {
  const endpoint = await listen(t, 0, { headersTimeoutMs: 50, requestTimeoutMs: 60_000 });
  const { socket, answer } = startRaw(t, { port: endpoint.port, headers: ["X-Slow: 1"] });
  const slow = connect(endpoint.port, "127.0.0.1");
  t.after(() => slow.destroy());
  slow.resume();
  slow.write("GET /data HTTP/1.1\r\nHost: x\r\n");
  await until(() => slow.destroyed);
  assert.match(answer(), "404");
  socket.destroy();
});

test("it leaves nothing open: the process ends by itself", async () => {
  const script = fileURLToPath(new URL("./fixtures-process.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 15_000 });
  assert.is(stdout, "closed, left open: \n");
});

test("it serves on a caller's https server, and diallers trust only whom they are told to", async (t) => {
  const certificate = makeCertificate(t);
  if (!certificate) {
    process.stdout.write("left out: https, since openssl is not installed\n");
    return;
  }
  const server = createServer(certificate, (_request, response) => response.end("app"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const endpoint = await Endpoint.listen(server, { closeGraceMs: 200 });
  t.after(() => endpoint.close());
  const guests: Guest[] = [];
  endpoint.expose("/data", collect(guests), {
    authenticate: async (c) => (c?.password === "p:w" ? "rw" : undefined),
  });
  const url = `https://u:p%3Aw@127.0.0.1:${endpoint.port}/data`;
  const strict = await dial(t, url).whenClosed();
  assert.equal(strict, { code: 1006, reason: "connection failed: DEPTH_ZERO_SELF_SIGNED_CERT" });
  await dial(t, url, createDialler({ rejectUnauthorized: false })).whenOpen();
  const client = dial(t, url, createDialler({ ca: certificate.cert }));
  await client.whenOpen();
  const guest = await until(() => guests[1]);
  const frame = new Uint8Array(1_000_000).fill(9);
  client.transport.send(frame);
  await until(() => guest.recorder.frames.length === 1);
  assert.equal(guest.recorder.frames[0], frame);
  assert.is((await dial(t, url.replace("https", "http")).whenClosed()).code, 1006);
});
