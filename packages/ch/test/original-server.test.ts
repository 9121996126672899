import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { assert, suite, until } from "@chorus/testing";
import { type OriginalExposeOptions, OriginalServer } from "./original/original-server.js";
import { rejection } from "./original/rejection.js";
import type { Cleanup } from "./support.js";

const test = suite("stand-in for the original: server", { deadlineMs: 10_000 });

async function start(t: Cleanup, options: OriginalExposeOptions = {}): Promise<OriginalServer> {
  const server = await OriginalServer.listen();
  t.after(() => server.close());
  server.expose("data", "/data", options);
  return server;
}

interface Raw {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly bytes: Buffer;
  readonly text: string;
}

/** One request as text: "PUT /data/o/a", with a body and headers if any. Rejects when no reply comes. */
async function send(
  server: OriginalServer,
  line: string,
  { body, headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<Raw> {
  const [method, path] = line.split(" ");
  const request = httpRequest({ port: server.port, method, path, headers, agent: false });
  request.end(body);
  const [response] = await once(request, "response");
  const bytes = Buffer.concat(await response.toArray());
  return { status: response.statusCode, headers: response.headers, bytes, text: bytes.toString() };
}

/** The text of a reply with its version, which is a time, as V. */
async function answer(server: OriginalServer, line: string, body?: string): Promise<string> {
  const { status, headers, text } = await send(server, line, body === undefined ? {} : { body });
  assert.is(status, 200);
  assert.is(headers["content-type"], "application/json; charset=utf-8");
  return text.replace(/"v":(\d+)/, (_, version) => {
    assert.ok(Math.abs(Number(version) - server.clock.now()) < 60_000);
    return '"v":V';
  });
}

const k = (key: unknown): string => `k/${encodeURIComponent(JSON.stringify(key))}`;

test("answers a sequence of writes as it was captured, with the same counters", async (t) => {
  const server = await start(t);
  const first = "/data/o/e/k/%7B%22a%22%3A1%2C%22k%2F2%22%3A%22x%20y%22%7D/t/1795340293885";
  assert.is(
    await answer(server, `PUT ${first}`, '{"a":1,"k/2":"x y"}'),
    '{"l":1,"v":V,"c":1,"r":{"a":1,"k/2":"x y"}}',
  );
  const second = "/data/o/e/k/%7B%22key%22%3A%22k1%22%7D/t/1795340294954";
  assert.is(
    await answer(server, `PUT ${second}`, '{"key":"k1","value":123}'),
    '{"l":2,"v":V,"c":2,"r":{"key":"k1"}}',
  );
  await answer(server, `PUT /data/o/e/${k({ id: 0 })}/t/1`, '{"id":0}');
  assert.is(
    await answer(server, "PUT /data/o/a/k/%5B%22id%22%5D/t/1795340297716", '[{"id":1,"x":1},{"id":2,"x":2}]'),
    '{"l":5,"v":V,"c":4}',
  );
  await answer(server, `PUT /data/o/e/${k({ id: 3 })}/t/1`, '{"id":3}');
  assert.is(
    await answer(server, "DELETE /data/o/e/k/%7B%22key%22%3A%22k1%22%7D/t/1795340300467"),
    '{"l":5,"v":V,"c":6,"r":{}}',
  );
  assert.is(
    await answer(server, "PUT /data/o/ua/k/%5B%22id%22%5D/t/1795340301408", '[{"id":1},{"id":2}]'),
    '{"l":3,"v":V,"c":5}',
  );
  assert.is(await answer(server, "GET /data/o/l"), '{"l":3,"v":V,"c":{"v":"5"},"r":3}');
});

test("answers reads as they were captured, without a counter before the first write", async (t) => {
  const server = await start(t);
  assert.is(await answer(server, "GET /data/o/a"), '{"l":0,"v":V,"r":[]}');
  const channel = server.channel("data");
  for (let id = 0; id < 4; id++) channel.set({ id }, { id }, { timestamp: 9 - id });
  channel.set({ q: 1 }, { q: 1, s: "new" }, { timestamp: 1 });
  assert.is(await answer(server, "GET /data/o/e/k/%7B%22q%22%3A1%7D"), '{"l":5,"v":V,"r":{"q":1,"s":"new"}}');
  assert.is(await answer(server, "GET /data/o/e/k/%7B%22key%22%3A%22nope%22%7D"), '{"l":5,"v":V}');
  assert.is(
    await answer(server, "GET /data/o/k"),
    '{"l":5,"v":V,"r":[{"id":0},{"id":1},{"id":2},{"id":3},{"q":1}]}',
  );
  assert.is(
    await answer(server, "GET /data/o/s"),
    '{"l":5,"v":V,"r":[{"q":1},{"id":3},{"id":2},{"id":1},{"id":0}]}',
  );
  assert.is(await answer(server, "GET /data/o/l"), '{"l":5,"v":V,"r":5}');
});

test("answers a compare-and-set as it was captured, and leaves r out when nothing matched", async (t) => {
  const server = await start(t);
  const channel = server.channel("data");
  for (let id = 0; id < 4; id++) channel.set({ id }, { id });
  await answer(server, `PUT /data/o/e/${k({ id: 4 })}/t/1`, '{"id":4}');
  await answer(server, `PUT /data/o/e/${k({ id: 5 })}/t/1`, '{"id":5}');
  channel.set({ r: 1 }, { r: 1, v: 2 });
  const line = "PUT /data/o/es/m/%7B%22v%22%3A2%7D/k/%7B%22r%22%3A1%7D/t/undefined";
  assert.is(await answer(server, line, '{"r":1,"v":3}'), '{"l":7,"v":V,"c":3,"r":{"r":1}}');
  assert.is(await answer(server, line, '{"r":1,"v":4}'), '{"l":7,"v":V,"c":4}');
  assert.equal(channel.get({ r: 1 }), { r: 1, v: 3 });
  // Its time is the text "undefined" now, and no other's is a text.
  assert.is((await send(server, "GET /data/o/s")).headers["content-type"], "text/plain");
});

test("POST writes as PUT and names a location; replace-all leaves nothing", async (t) => {
  const server = await start(t);
  const target = `/data/o/e/${k({ id: 1 })}/t/1`;
  const { headers, text } = await send(server, `POST ${target}`, { body: '{"id":1}' });
  assert.is(headers.location, target);
  assert.match(text, /^\{"l":1,"v":\d+,"c":1,"r":\{"id":1\}\}$/);
  assert.is(await answer(server, "PUT /data/o/r/k/%5B%22id%22%5D/t/1", '[{"id":2}]'), '{"l":0,"v":V,"c":2}');
});

for (const line of [
  "GET /data",
  "GET /data/",
  "GET /data/o",
  "GET /data/o/nonsense",
  "GET /data/e/o/l?x=1",
  "GET /data/o/l?x=1",
  "GET /data/o/e/k/%zz",
  "PUT /data/o/nonsense/k/1/t/1",
  "DELETE /data/o/a/k/1/t/1",
]) {
  test(`answers {} to ${line}`, async (t) => {
    const server = await start(t);
    assert.is(await answer(server, line), "{}");
    assert.is(server.channel("data").size, 0);
  });
}

test("answers a WebSocket handshake as a plain request", async (t) => {
  const server = await start(t);
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const { status, text } = await send(server, "GET /data", { headers });
  assert.equal([status, text], [200, "{}"]);
});

test("stores {} for a body that is no JSON, and wraps what is no map", async (t) => {
  const server = await start(t);
  await answer(server, `PUT /data/o/e/${k({ id: 1 })}/t/1`, '{"broken');
  assert.equal(server.channel("data").get({ id: 1 }), {});
  assert.is(
    await answer(server, "PUT /data/o/e/k/plain/t/1", "5"),
    '{"l":2,"v":V,"c":2,"r":{"key":"plain"}}',
  );
  assert.equal(server.channel("data").get("plain"), { key: "plain", value: 5 });
});

test("answers rubbish with status 200 to a read that fails, packed for those who take it", async (t) => {
  const server = await start(t);
  server.channel("data").set({ id: 1 }, null);
  const line = `GET /data/o/e/${k({ id: 1 })}`;
  const plain = await send(server, line);
  assert.equal([plain.status, plain.headers["content-type"]], [200, "text/plain"]);
  assert.throws(() => JSON.parse(plain.text));
  const packed = await send(server, line, { headers: { "Accept-Encoding": "gzip" } });
  assert.is(packed.headers["transfer-encoding"], "chunked");
  assert.is(gunzipSync(packed.bytes).toString(), plain.text);
});

test("refuses without permission as if it had succeeded", async (t) => {
  const reader = await start(t, { permission: "r" });
  assert.is(await answer(reader, `PUT /data/o/e/${k({ id: 1 })}/t/1`, "{}"), '{"l":0,"v":V,"c":-1,"r":{}}');
  assert.is(await answer(reader, `DELETE /data/o/e/${k({ id: 1 })}/t/1`), '{"l":0,"v":V,"c":-1,"r":{}}');
  assert.is(await answer(reader, "GET /data/o/l"), '{"l":0,"v":V,"r":0}');
  const writer = await start(t, { permission: "w" });
  assert.is(await answer(writer, "GET /data/o/l"), '{"l":0,"v":V,"c":-1,"r":{}}');
});

test("answers 401 with nothing to other paths, and the longest path wins", async (t) => {
  const server = await start(t);
  server.expose("inner", "/data/inner");
  server.expose("colliding", "/r");
  server.channel("inner").set("k", 1);
  for (const line of ["GET /other/o/l", "PUT /dat/o/l", "GET /r/o/l", "GET /database/o/l"]) {
    const { status, text } = await send(server, line);
    assert.equal([status, text], [401, ""]);
  }
  assert.is(await answer(server, "GET /data/inner/o/l"), '{"l":1,"v":V,"r":1}');
  assert.is(server.expose("data", "/data"), server.expose("data", "/data"));
});

test("drops PATCH, and breaks HEAD", async (t) => {
  const server = await start(t);
  assert.match((await rejection(send(server, "PATCH /data/o/l"))).message, /hang up|reset/);
  assert.match((await rejection(send(server, "HEAD /data/o/l"))).message, /Parse Error/);
});

const basic = (text: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(text).toString("base64")}`,
});

test("asks for credentials, cuts passwords at a colon, and takes the permission set", async (t) => {
  const seen: string[] = [];
  const server = await start(t, {
    auth: (user, password, request) => {
      seen.push(`${user} ${password} ${request.method} ${request.uri}`);
      if (user === "reader") request.channelPermission = "r";
      return user !== "nobody";
    },
  });
  const none = await send(server, "GET /data/o/l");
  assert.equal(
    [none.status, none.text, none.headers["www-authenticate"], none.headers["content-type"]],
    [401, "Not authorized.", 'Basic realm="data"', "text/plain"],
  );
  assert.equal(seen, []);
  assert.is((await send(server, "GET /data/o/l", { headers: basic("nobody:x") })).status, 401);
  const body = "{}";
  const refused = await send(server, `PUT /data/o/e/${k({ a: "/" })}/t/1`, {
    body,
    headers: basic("reader:x"),
  });
  assert.match(refused.text, /"c":-1,"r":\{\}\}$/);
  const done = await send(server, "PUT /data/o/e/k/1/t/1", { body, headers: basic("user:p@ss:w0rd") });
  assert.match(done.text, /"c":1,"r":\{"key":1\}\}$/);
  assert.equal(seen.slice(1), ['reader x PUT /data/o/e/k/{"a":"/"}/t/1', "user p@ss PUT /data/o/e/k/1/t/1"]);
});

test("keeps body, type and headers of an own refusal, and overwrites its status", async (t) => {
  const unAuth = () => ({ status: 403, data: "<no>", mimetype: "text/html", header: { "X-Un": "1" } });
  const server = await start(t, { auth: () => false, unAuth });
  const { status, text, headers } = await send(server, "GET /data/o/l");
  assert.equal(
    [status, text, headers["content-type"], headers["x-un"], headers["www-authenticate"]],
    [401, "<no>", "text/html", "1", 'Basic realm="data"'],
  );
});

test("refuses connections, and listens again on the same port", async (t) => {
  const server = await start(t);
  await server.refuse();
  await assert.rejectsCode(once(connect(server.port, "127.0.0.1"), "connect"), "ECONNREFUSED");
  await server.listenAgain();
  assert.is(await answer(server, "GET /data/o/l"), '{"l":0,"v":V,"r":0}');
});

test("fails on purpose: hangs, delays, drops, loses replies, and counts all of it", async (t) => {
  const server = await start(t);
  const line = `PUT /data/o/e/${k({ id: 1 })}/t/1`;
  server.faults.hang = true;
  const hanging = send(server, line, { body: "{}" }).catch((error: Error) => error);
  await until(() => server.count("PUT", "e") === 1, { what: "the request" });
  server.faults.hang = false;
  server.faults.dropFraction = 1;
  assert.match((await rejection(send(server, line, { body: "{}" }))).message, /hang up|reset/);
  assert.is(server.channel("data").size, 0);
  server.faults.dropFraction = 0;
  server.faults.loseReplyFraction = 1;
  assert.match((await rejection(send(server, line, { body: "{}" }))).message, /hang up|reset/);
  assert.is(server.channel("data").size, 1);
  server.faults.loseReplyFraction = 0;
  server.faults.delayMs = 30;
  const before = performance.now();
  await answer(server, "GET /data/o/l");
  assert.ok(performance.now() - before >= 29);
  assert.equal([server.count("PUT", "e"), server.count("GET", "l"), server.count("PUT", "a")], [3, 1, 0]);
  await server.close();
  assert.instance(await hanging, Error);
});

test("answers with the times of a clock that is off", async (t) => {
  const server = await start(t);
  server.clock.offsetMs = 3_600_000;
  await answer(server, `PUT /data/o/e/${k({ id: 1 })}/t/1`, "{}");
  assert.ok(server.channel("data").version > Date.now() + 3_500_000);
});
