import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { ChorusError } from "@chorus/core";
import { BodyBudget } from "@chorus/node";
import { assert, suite, until } from "@chorus/testing";
import { node } from "../support.js";
import { basic, FakeTarget, path, type Reply, replyTo, send, serve } from "./rest-support.js";

const test = suite("REST server", { deadlineMs: 20_000 });

const ENTRY = "/fake/o/e/k/1";
const put = (port: number, body: string | Uint8Array, headers = {}): Promise<Reply> =>
  send(port, ENTRY, { method: "PUT", body, headers });

function failure({ status, json }: Reply): [number, string | undefined] {
  assert.type(json.message, "string");
  return [status, json.error];
}

test("answers a request for the channel's own path as before, and other methods there with 400", async (t) => {
  const { port } = await serve(t);
  for (const at of ["/fake", "/fake/"]) {
    const reply = await send(port, at);
    assert.equal(failure(reply), [426, "upgrade-required"]);
    assert.is(reply.headers["chorus-protocol"], "chorus.1");
  }
  assert.equal(failure(await send(port, "/fake", { method: "PUT", body: "1" })), [400, "invalid-request"]);
  assert.equal(failure(await send(port, "/fake?x=1")), [400, "invalid-request"]);
  assert.is((await send(port, "/fakes/o/l")).status, 418);
});

test("answers other methods with 405", async (t) => {
  const { port } = await serve(t);
  for (const method of ["PATCH", "OPTIONS", "PROPFIND"]) {
    const reply = await send(port, "/fake/o/l", { method });
    assert.equal(failure(reply), [405, "invalid-request"]);
    assert.is(reply.headers.allow, "GET, HEAD, PUT, POST, DELETE");
  }
});

test("refuses garbage with 400 and changes nothing", async (t) => {
  const { $ch, port, server } = await node(t);
  await $ch("fake").expose(server, "/fake");
  $ch("fake").set({ id: 1 }, { id: 1 });
  const hash = $ch("fake").contentHash();
  const rows = path("/fake", { o: "a", k: ["id"] });
  const requests: [string, string | Uint8Array | undefined, string?][] = [
    ["/fake/o/zz/k/1", "1"],
    ["/fake/o/e/k", "1"],
    ["/fake/o/e/k/%zz", "1"],
    ["/fake/o/e/k/1?t=5", "1"],
    ["/fake/o/e", "1"],
    ["/fake/o/e/k/null", "1"],
    ["/fake/o/es/m/5/k/1", "1"],
    [ENTRY, ""],
    [ENTRY, "{"],
    [ENTRY, new Uint8Array([0x22, 0xc3, 0x28, 0x22])],
    [ENTRY, '{"__proto__":{"polluted":true}}'],
    [ENTRY, '{"a":{"__proto__":1}}'],
    [ENTRY, '{"a":"\\ud800"}'],
    [ENTRY, '{"\\udc00":1}'],
    [ENTRY, "1e999"],
    [ENTRY, `${'{"a":'.repeat(70)}1${"}".repeat(70)}`],
    [ENTRY, "[".repeat(1_000_000)],
    [ENTRY, JSON.stringify("x".repeat(2 ** 20))],
    [rows, "{}"],
    [rows, '[{"id":2},5]'],
    [rows, '[{"id":2},{"id":3,"__proto__":1}]'],
    [rows, `[{"id":2},{"id":"${"x".repeat(5_000)}"}]`],
    [rows, '[{"id":2},{"id":"\\ud800"}]'],
    [path("/fake", { o: "r", k: ["id"] }), '[{"id":2},null]'],
    [path("/fake", { o: "ua", k: ["id"] }), '[{"id":1},null]'],
    [path("/fake", { o: "a", k: "id" }), "[]"],
    [path("/fake", { o: "a" }), "[]"],
    ["/fake/o/e", undefined, "DELETE"],
    ["/fake/o/a/k/1", undefined, "DELETE"],
    ["/fake/o/e", undefined, "GET"],
  ];
  for (const [at, body, method = "PUT"] of requests) {
    const reply = await send(port, at, { method, body });
    assert.is(reply.status, 400, `${method} ${at} ${body?.slice(0, 60)}`);
    failure(reply);
  }
  assert.is($ch("fake").contentHash(), hash);
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
  assert.is((await send(port, "/fake/o/l")).json.c, undefined);
});

test("refuses a body above 16 MiB with 413, and takes one just below", async (t) => {
  const { target, port } = await serve(t);
  const size = 16 * 1024 * 1024;
  assert.equal(failure(await put(port, "x".repeat(size + 1))), [413, "too-large"]);
  assert.is(target.entries.size, 0);
  const value = "x".repeat(size - 2);
  assert.is((await put(port, JSON.stringify(value))).status, 200);
});

test("refuses a chunked body above the limit", async (t) => {
  const { port } = await serve(t, { bodies: { maxBytes: 1_000, budget: new BodyBudget(10_000) } });
  const request = httpRequest({ host: "127.0.0.1", port, path: ENTRY, method: "PUT" });
  request.write(`"${"x".repeat(600)}`);
  request.write("x".repeat(600));
  request.end('"');
  assert.equal(failure(await replyTo(request)), [413, "too-large"]);
  assert.is((await put(port, `"${"x".repeat(998)}"`)).status, 200);
});

test("refuses with 503 what does not fit beside other bodies, and takes it when they are gone", async (t) => {
  const budget = new BodyBudget(1_000);
  const { target, port } = await serve(t, { bodies: { maxBytes: 1_000, budget } });
  const slow = httpRequest({ host: "127.0.0.1", port, path: ENTRY, method: "PUT" });
  slow.write(`"${"x".repeat(599)}`);
  await until(() => budget.take(500) === false || budget.giveBack(500) === (1 as never), {
    what: "the first body to count",
  });
  assert.equal(failure(await put(port, `"${"x".repeat(500)}"`)), [503, "too-many"]);
  slow.end('"');
  assert.is((await replyTo(slow)).status, 200);
  assert.is((await put(port, `"${"x".repeat(500)}"`)).status, 200);
  assert.is(target.calls.length, 2);
});

test("answers a write only when it is stored", async (t) => {
  const { target, port } = await serve(t);
  let store: () => void = () => undefined;
  target.stored = () => new Promise((resolve) => (store = resolve));
  let answered = false;
  const reply = put(port, "5").then((it) => {
    answered = true;
    return it;
  });
  await until(() => target.calls.length === 1, { what: "the write" });
  assert.is((await send(port, "/fake/o/l")).json.r, 1);
  assert.not.ok(answered);
  store();
  assert.is((await reply).status, 200);
});

for (const [code, status] of [
  ["store-full", 507],
  ["store-failed", 503],
  ["channel-closed", 503],
] as const) {
  test(`answers ${status} when the write is ${code}`, async (t) => {
    const target = new FakeTarget();
    target.stored = () => Promise.reject(new ChorusError(code, "it failed"));
    const { port, errors } = await serve(t, { target });
    for (const method of ["PUT", "POST", "DELETE"]) {
      const reply = await send(port, ENTRY, { method, body: method === "DELETE" ? undefined : "1" });
      assert.equal(failure(reply), [status, code]);
      assert.is(reply.headers.location, undefined);
    }
    const thrown = await serve(t, {
      target: new FakeTarget({
        set: () => {
          throw new ChorusError(code, "it failed");
        },
      }),
    });
    assert.equal(failure(await put(thrown.port, "1")), [status, code]);
    assert.equal([...errors, ...thrown.errors], []);
  });
}

test("says nothing of what a function of the application threw, but reports it", async (t) => {
  const target = new FakeTarget({
    get: () => {
      throw new Error("the secret of the cache");
    },
    values: () => [1n],
  });
  const { port, errors } = await serve(t, { target });
  for (const at of [ENTRY, "/fake/o/a"]) {
    const reply = await send(port, at);
    assert.equal(failure(reply), [500, "internal-error"]);
    assert.not.ok(reply.text.includes("secret"));
  }
  assert.equal(
    errors.map(({ code }) => code),
    ["listener-failed", "listener-failed"],
  );
  assert.match(errors[0]?.message ?? "", /secret/);
});

test("hands on details, and what an original says it holds before it is tried", async (t) => {
  const { target, port } = await serve(t);
  const time = Date.now();
  const sends: [string, { [name: string]: unknown }, string?][] = [
    ["PUT", { o: "e", k: 1, t: time }, '"one"'],
    ["PUT", { o: "e", k: { id: 2 } }, '{"id":2}'],
    ["PUT", { o: "a", k: ["id"], t: "uuid" }, '[{"id":3,"x":1}]'],
    ["PUT", { o: "es", m: { id: 2 }, k: { id: 2 } }, '{"id":2,"y":1}'],
    ["DELETE", { o: "e", k: { id: 9 }, t: time }],
    ["PUT", { o: "ua", k: ["id"] }, '[{"id":3}]'],
    ["PUT", { o: "r", k: ["id"] }, '[{"id":2}]'],
  ];
  for (const [method, fields, body] of sends) {
    assert.is((await send(port, path("/fake", fields), { method, body })).status, 200);
  }
  assert.equal(target.heardOf, [
    ['{"key":1}', { key: 1, value: "one" }],
    ['{"id":2}', { id: 2 }],
    ['{"id":3}', { id: 3, x: 1 }],
    ['{"id":9}', undefined],
    ['{"id":3}', undefined],
    ['{"id":2}', { id: 2 }],
    ['{"key":1}', undefined],
  ]);
  const details = { uuid: "fake-uuid", origin: "rest" };
  assert.equal(target.calls, [
    ["set", 1, { timestamp: time, ...details }],
    ["set", { id: 2 }, { timestamp: undefined, ...details }],
    ["setRows", ["id"], { timestamp: 1, ...details }],
    ["unset", { id: 9 }, { timestamp: time, ...details }],
    ["unsetRows", ["id"], { timestamp: undefined, ...details }],
    ["setRows", ["id"], { timestamp: undefined, ...details }],
    ["unsetRows", ["key"], { timestamp: undefined, ...details }],
  ]);
});

test("carries nothing out for a channel that is destroyed while the body comes", async (t) => {
  const { $ch, port, server, errors } = await node(t);
  let asked = 0;
  await $ch("fake").expose(server, "/fake", () => ++asked > 0);
  const headers = basic("u", "p");
  const request = httpRequest({ host: "127.0.0.1", port, path: ENTRY, method: "PUT", headers });
  const reply = replyTo(request);
  request.write('"half');
  await until(() => asked === 1, { what: "the request" });
  // Once another one has been answered, this one waits for its body.
  await send(port, "/fake/o/l", { headers });
  $ch("fake").destroy();
  request.end(' and half"');
  const { status, json } = await reply;
  assert.equal([status, json.error], [503, "closed"]);
  assert.equal(errors, []);
});

test("serves a channel that was destroyed and made again", async (t) => {
  const { $ch, port, server } = await node(t);
  await $ch("fake").expose(server, "/fake");
  await put(port, "1");
  $ch("fake").destroy();
  assert.is((await send(port, "/fake/o/l")).status, 418);
  await $ch("fake").expose(server, "/fake");
  assert.equal((await send(port, "/fake/o/l")).json.r, 0);
});

test("forgets a client that goes away in the middle of its body", async (t) => {
  const budget = new BodyBudget(1_000);
  const { target, port, errors } = await serve(t, { bodies: { maxBytes: 1_000, budget } });
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`PUT ${ENTRY} HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n${"x".repeat(800)}`);
  await until(() => budget.usedBytes > 0, { what: "the body" });
  socket.destroy();
  await until(() => budget.usedBytes === 0, { what: "the end of the request" });
  assert.is((await put(port, `"${"x".repeat(900)}"`)).status, 200);
  assert.is(target.calls.length, 1);
  assert.equal(errors, []);
});

/** The whole of what comes back for some bytes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  socket.on("error", () => undefined);
  socket.write(text);
  let answer = "";
  for await (const piece of socket) answer += piece;
  return answer;
}

const ambiguous: [string, string][] = [
  ["two lengths", "content-length: 1\r\ncontent-length: 3\r\n"],
  ["a length beside chunks", "content-length: 1\r\ntransfer-encoding: chunked\r\n"],
  ["a length that is no number", "content-length: x\r\n"],
];
for (const [what, headers] of ambiguous) {
  test(`takes no request with ${what}`, async (t) => {
    const { target, port } = await serve(t);
    const answer = await raw(
      port,
      `PUT ${ENTRY} HTTP/1.1\r\nhost: x\r\n${headers}connection: close\r\n\r\n1`,
    );
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.is(target.calls.length, 0);
  });
}

for (const length of ["known", "unknown"]) {
  test(`answers 413 to a body of ${length} length that is too large to be taken in`, async (t) => {
    const { port } = await serve(t);
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const request = httpRequest({ host: "127.0.0.1", port, path: ENTRY, method: "PUT", agent });
    request.on("error", () => undefined);
    let isAnswered = false;
    const reply = replyTo(request).finally(() => {
      isAnswered = true;
    });
    const piece = new Uint8Array(1024 * 1024);
    if (length === "known") request.setHeader("content-length", 200 * piece.length);
    for (let i = 0; i < 200 && !isAnswered; i++) {
      if (!request.write(piece)) await Promise.race([once(request, "drain"), reply]);
    }
    assert.equal(failure(await reply), [413, "too-large"]);
    request.destroy();
  });
}

test("answers large uploads over a connection that is to be closed, whatever it refuses", async (t) => {
  const { port } = await serve(t, {
    authFunction: (...[user, , , request]) => {
      request.channelPermission = user;
      return true;
    },
  });
  const put = (user: string, at: string): Promise<Reply> =>
    send(port, at, {
      method: "PUT",
      body: new Uint8Array(20 * 1024 * 1024),
      headers: { connection: "close", ...basic(user, "") },
    });
  for (let round = 0; round < 3; round++) {
    assert.equal((await put("r", ENTRY)).json.c, -1);
    assert.is((await put("w", "/fake/o/x")).status, 400);
    assert.equal(failure(await put("w", ENTRY)), [413, "too-large"]);
  }
});

test("answers several requests on one connection in order", async (t) => {
  const { port, target } = await serve(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      send(port, path("/fake", { o: "e", k: i }), { method: "PUT", body: `${i}`, agent }),
    ),
  );
  assert.equal(
    replies.map(({ json }) => json.c),
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
  assert.is(target.entries.size, 50);
});

test("serves a channel without peers, and refuses WebSocket there", async (t) => {
  const { port } = await serve(t);
  const headers = {
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    "sec-websocket-protocol": "chorus.1",
  };
  assert.is((await send(port, "/fake", { headers })).status, 404);
  assert.is((await send(port, "/fake/o/l")).status, 200);
});
