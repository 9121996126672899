import { assert, suite, until } from "@chorus/testing";
import type { AuthFunction, ChRequest } from "../src/index.js";
import { auth, type Node, node, PASSWORD, USER } from "./support.js";

const test = suite("authentication", { deadlineMs: 20_000 });

const credentials = { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}` };

/** The HTTP status that a request at the channel's path gets; 426 is what an admitted one gets without WebSocket. */
async function statusFor({ plainUrl }: Node, headers: Record<string, string> = credentials): Promise<number> {
  const response = await fetch(plainUrl, { headers });
  await response.text();
  return response.status;
}

const ADMITTED = 426;

test("admits on true and promised true", async (t) => {
  const a = await node(t);
  for (const answer of [() => true, async () => true]) {
    await a.data.expose(a.server, "/data", answer);
    assert.is(await statusFor(a), ADMITTED);
  }
});

const refusing: [string, unknown][] = [
  ["false", () => false],
  ["a truthy text", () => "yes"],
  ["the number 1", () => 1],
  ["an object", () => ({})],
  ["a promise of a truthy text", async () => "yes"],
  ["an exception", () => assert.unreachable(`no ${PASSWORD}`)],
  ["a rejection", async () => Promise.reject(new Error(`no ${PASSWORD}`))],
  ["silence", () => new Promise(() => undefined)],
];
for (const [what, answer] of refusing) {
  test(`refuses on ${what}`, async (t) => {
    const a = await node(t, { endpoint: { authenticateTimeoutMs: 50 } });
    await a.data.expose(a.server, "/data", answer as AuthFunction);
    assert.is(await statusFor(a), 401);
    const text = a.errors.map(({ error }) => `${error.message} ${error.stack}`).join();
    assert.not.ok(text.includes(PASSWORD));
  });
}

test("reports a function that fails", async (t) => {
  const a = await node(t);
  await a.data.expose(a.server, "/data", () => {
    throw new Error("database is down");
  });
  assert.is(await statusFor(a), 401);
  await until(() => a.errors.length > 0, { what: "the error event" });
  assert.is(a.errors[0]?.channel, "data");
  assert.is(a.errors[0]?.error.code, "listener-failed");
});

test("refuses without credentials, without asking", async (t) => {
  const a = await node(t);
  let asked = 0;
  await a.data.expose(a.server, "/data", () => ++asked > 0);
  assert.is(await statusFor(a, {}), 401);
  assert.is(await statusFor(a, { authorization: "Bearer abc" }), 401);
  assert.is(asked, 0);
});

test("hands over user, whole password, server and request", async (t) => {
  const a = await node(t);
  const seen: unknown[] = [];
  let kept: ChRequest | undefined;
  await a.data.expose(a.server, "/data", (...[user, password, server, request]) => {
    seen.push(user, password, server, request.url, request.method);
    kept = request;
    return true;
  });
  assert.is(await statusFor(a), ADMITTED);
  assert.equal(seen.slice(0, 2), [USER, PASSWORD]);
  assert.is(seen[2], a.server);
  assert.equal(seen.slice(3), ["/data", "GET"]);
  assert.is(kept?.user, USER);
});

test("lets new functions decide from then on", async (t) => {
  const a = await node(t);
  const uuid = await a.data.expose(a.server, "/data", () => false);
  assert.is(await statusFor(a), 401);
  assert.is(await a.data.expose(a.server, "/data", auth), uuid);
  assert.is(await statusFor(a), ADMITTED);
  assert.is(await a.data.expose(a.server, "/data"), uuid);
  assert.is(await statusFor(a, {}), ADMITTED);
});

test("shapes the 401, whose status and challenge stay", async (t) => {
  const a = await node(t);
  const calls: unknown[] = [];
  await a.data.expose(
    a.server,
    "/data",
    () => false,
    (server, request) => {
      calls.push(server, request.url);
      return {
        data: { sorry: true },
        mimetype: "application/json",
        header: { "X-Un": "kept" },
        status: 403,
      } as object;
    },
  );
  const response = await fetch(a.plainUrl);
  assert.is(response.status, 401);
  assert.equal(await response.json(), { sorry: true });
  assert.is(response.headers.get("x-un"), "kept");
  assert.is(response.headers.get("content-type"), "application/json");
  assert.match(response.headers.get("www-authenticate") ?? "", /^Basic realm=/);
  assert.is(calls[0], a.server);
  assert.is(calls[1], "/data");
});

test("answers with the default when the shaping function fails", async (t) => {
  const a = await node(t);
  for (const shape of [
    () => assert.unreachable("no"),
    () => "text",
    () => ({ header: { "X-Bad": "a\r\nb" } }),
    () => ({ header: "abc", data: "mine" }),
    () => ({ header: ["abc"], data: "mine" }),
    () => ({ header: 5, data: "mine" }),
    () => undefined,
  ]) {
    await a.data.expose(a.server, "/data", () => false, shape as never);
    const response = await fetch(a.plainUrl);
    assert.is(response.status, 401);
    assert.is(await response.text(), "Not authorized.");
  }
});

async function connect(t: Parameters<typeof node>[0], permission: unknown): Promise<[Node, Node]> {
  const [a, b] = await Promise.all([node(t), node(t)]);
  await a.data.expose(a.server, "/data", (...[, , , request]) => {
    request.channelPermission = permission as string;
    return true;
  });
  await b.data.peer(undefined, undefined, a.url);
  return [a, b];
}

test("lets a peer with r read and not write", async (t) => {
  const [a, b] = await connect(t, "r");
  a.data.set("a", 1);
  await until(() => b.data.size() === 1, { what: "the read" });
  b.data.set("b", 1);
  a.data.set("a", 2);
  await until(() => (b.data.get("a") as { value: number }).value === 2, { what: "the next read" });
  assert.is(a.data.size(), 1);
});

test("lets a peer with w write and not read", async (t) => {
  const [a, b] = await connect(t, "w");
  a.data.set("a", 1);
  b.data.set("b", 1);
  await until(() => a.data.size() === 2, { what: "the write" });
  b.data.set("c", 1);
  await until(() => a.data.size() === 3, { what: "the next write" });
  assert.is(b.data.size(), 2);
});

test("takes letters in any order, and refuses permissions without either", async (t) => {
  const a = await node(t);
  const grants: [unknown, number][] = [
    ["wr", ADMITTED],
    ["rw", ADMITTED],
    [undefined, ADMITTED],
    ["", 401],
    ["x", 401],
    [5, 401],
    [null, 401],
  ];
  for (const [permission, status] of grants) {
    await a.data.expose(a.server, "/data", (...[, , , request]) => {
      request.channelPermission = permission as string;
      return true;
    });
    assert.is(await statusFor(a), status, String(permission));
  }
});

test("gives every further path an id of its own, and none without a port", async (t) => {
  const a = await node(t);
  const one = await a.data.expose(a.server, "/data", auth);
  const other = await a.data.expose(a.server, "/other", auth);
  assert.type(one, "string");
  assert.is.not(one, other);
  assert.is(await a.data.expose(), undefined);
  assert.is(await a.data.expose(undefined, "/third"), undefined);
});
