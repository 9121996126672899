import { assert, suite } from "@chorus/testing";
import { auth, PASSWORD, USER } from "../support.js";
import { basic, send, serve, type Served } from "./rest-support.js";

const test = suite("audit", { deadlineMs: 20_000 });

const ENTRY = "/fake/o/e/k/1";
const UPGRADE = {
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": Buffer.alloc(16).toString("base64"),
};

/** The events since the last call, without their requests. */
function told({ events }: Pick<Served, "events">): [string, string | undefined][] {
  return events.splice(0).map(({ op, user }) => [op, user]);
}

test("tells each operation, by its method, before it is done", async (t) => {
  const sizes: number[] = [];
  const served = await serve(t, {
    audit: (event) => {
      served.events.push(event);
      sizes.push(served.target.entries.size);
    },
  });
  const { port, events } = served;
  for (const [method, body] of [["PUT", "1"], ["POST", "2"], ["GET"], ["HEAD"], ["DELETE"]] as const) {
    await send(port, ENTRY, { method, body });
  }
  assert.equal(
    events.map(({ name, op }) => `${name} ${op}`),
    ["fake SET", "fake CREATE", "fake GET", "fake GET", "fake REMOVE"],
  );
  assert.equal(sizes, [0, 1, 1, 1, 1]);
  assert.equal(
    events.map(({ request }) => request.url),
    Array.from({ length: 5 }, () => ENTRY),
  );
});

test("tells what is not permitted too, and nothing of garbage", async (t) => {
  const served = await serve(t, {
    authFunction: (...[, , , request]) => {
      request.channelPermission = "r";
      return true;
    },
  });
  const headers = basic("reader", "x");
  await send(served.port, ENTRY, { method: "PUT", body: "1", headers });
  assert.equal(told(served), [
    ["AUTH_OK", "reader"],
    ["SET", "reader"],
  ]);
  await send(served.port, "/fake/o/zz", { headers });
  await send(served.port, "/fake/o/l", { method: "PATCH", headers });
  await send(served.port, "/fake", { headers });
  assert.equal(told(served), [
    ["AUTH_OK", "reader"],
    ["AUTH_OK", "reader"],
    ["AUTH_OK", "reader"],
  ]);
});

test("tells credentials that were sent, with the name, and who was admitted", async (t) => {
  const served = await serve(t, { authFunction: auth });
  const { port, events } = served;
  await send(port, ENTRY);
  assert.equal(told(served), []);
  await send(port, ENTRY, { headers: basic("eve", PASSWORD) });
  assert.is(events[0]?.request.user, undefined);
  assert.equal(told(served), [["AUTH_NOT_OK", "eve"]]);
  await send(port, ENTRY, { headers: basic(USER, PASSWORD) });
  assert.is(events[0]?.request.user, USER);
  assert.equal(told(served), [
    ["AUTH_OK", USER],
    ["GET", USER],
  ]);
});

const malformed: [string, { [name: string]: string | string[] }][] = [
  ["another scheme", { authorization: "Bearer abc" }],
  ["no base64", { authorization: "Basic ???" }],
  ["two headers", { authorization: [basic(USER, PASSWORD).authorization, basic("eve", "x").authorization] }],
];
for (const [what, headers] of malformed) {
  test(`tells credentials with ${what} as refused, without a name`, async (t) => {
    const served = await serve(t, { authFunction: auth });
    const reply = await send(served.port, ENTRY, { headers: headers as { [name: string]: string } });
    assert.is(reply.status, 401);
    assert.equal(told(served), [["AUTH_NOT_OK", undefined]]);
  });
}

const failing: [string, () => unknown][] = [
  ["throws", () => assert.unreachable("no")],
  ["rejects", async () => Promise.reject(new Error("no"))],
  ["grants nothing", () => false],
  ["is silent", () => new Promise(() => undefined)],
];
for (const [what, authFunction] of failing) {
  test(`tells once when the function ${what}`, async (t) => {
    const served = await serve(t, {
      authFunction: authFunction as typeof auth,
      endpoint: { authenticateTimeoutMs: 50 },
    });
    assert.is((await send(served.port, ENTRY, { headers: basic("eve", "x") })).status, 401);
    assert.equal(told(served), [["AUTH_NOT_OK", "eve"]]);
  });
}

test("tells no late admission after a refusal, and names nobody", async (t) => {
  let admit: (answer: boolean) => void = () => undefined;
  const served = await serve(t, {
    authFunction: () => new Promise((resolve) => (admit = resolve)),
    endpoint: { authenticateTimeoutMs: 50 },
  });
  assert.is((await send(served.port, ENTRY, { headers: basic("eve", "x") })).status, 401);
  const request = served.events[0]?.request;
  admit(true);
  await send(served.port, ENTRY);
  assert.equal(told(served), [["AUTH_NOT_OK", "eve"]]);
  assert.is(request?.user, undefined);
});

test("tells upgrades as well as requests", async (t) => {
  const served = await serve(t, { authFunction: auth });
  await send(served.port, "/fake", { headers: { ...UPGRADE, ...basic("eve", "x") } });
  await send(served.port, "/fake", { headers: { ...UPGRADE, ...basic(USER, PASSWORD) } });
  assert.equal(told(served), [
    ["AUTH_NOT_OK", "eve"],
    ["AUTH_OK", USER],
  ]);
});

test("goes on without a function", async (t) => {
  const { port } = await serve(t, { authFunction: auth, audit: undefined });
  assert.is((await send(port, ENTRY, { headers: basic(USER, PASSWORD) })).status, 200);
});
