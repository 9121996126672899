// Upgrades on an own server: order of the checks, bounds, deadlines, and sockets that hang or vanish.
import { assert, suite, until } from "@chorus/testing";
import type { Permission } from "@chorus/node";
import { WebSocket } from "ws";
import { basic, dial, openBench, raw, startRaw, UPGRADE } from "./helpers.js";

const test = suite("upgrade handler");
const PROTOCOL = "Sec-WebSocket-Protocol: chorus.1";
const never = (): Promise<Permission> => new Promise(() => undefined);

test("it selects chorus.1 and offers no compression", async (t) => {
  const { endpoint, guests } = await openBench(t);
  const headers = [
    ...UPGRADE,
    "Sec-WebSocket-Protocol: other, chorus.1",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  ];
  const answer = await raw(t, { port: endpoint.port, headers });
  assert.is(answer.status, 101);
  assert.is(answer.headers.get("sec-websocket-protocol"), "chorus.1");
  assert.is(answer.headers.has("sec-websocket-extensions"), false);
  assert.is(guests[0]?.stockClient, false);
});

test("it reports a client that asks for no subprotocol as a stock client", async (t) => {
  const { guests, url } = await openBench(t);
  const socket = new WebSocket(url);
  t.after(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  assert.is(socket.protocol, "");
  assert.is(guests[0]?.stockClient, true);
  assert.is(guests[0]?.grant, "rw");
});

test("it answers 400 to other subprotocols only, and to handshakes that are none", async (t) => {
  const { endpoint, guests } = await openBench(t);
  const wrong = [
    [...UPGRADE, "Sec-WebSocket-Protocol: chorus.2"],
    [...UPGRADE, "Sec-WebSocket-Protocol: ,chorus.1,"],
    ["Connection: Upgrade", "Upgrade: h2c, websocket"],
    UPGRADE.slice(0, 3),
    [...UPGRADE.slice(0, 2), "Sec-WebSocket-Version: 7", UPGRADE[3] ?? ""],
  ];
  for (const headers of wrong) {
    assert.is((await raw(t, { port: endpoint.port, headers })).status, 400, headers.join());
  }
  assert.is(guests.length, 0);
});

test("it answers 404 on unknown paths before anything is asked", async (t) => {
  let asked = 0;
  const { endpoint } = await openBench(t, {
    authenticate: async (): Promise<Permission> => {
      asked += 1;
      return "rw";
    },
  });
  for (const path of ["/", "/dat", "/data/x", "/Data", "/data%2Fx", "/%", "*"]) {
    assert.is((await raw(t, { port: endpoint.port, path, headers: UPGRADE })).status, 404, path);
  }
  assert.is(asked, 0);
});

test("it answers 404, with a body, where nobody takes transports, but only after authentication", async (t) => {
  const { endpoint } = await openBench(t);
  endpoint.expose("/plain", undefined, {
    authenticate: async (credentials) => (credentials?.password === "b" ? "rw" : undefined),
    onRequest: ({ response }) => response.end("plain") && undefined,
  });
  const request = { port: endpoint.port, path: "/plain", headers: [...UPGRADE, PROTOCOL] };
  assert.is((await raw(t, request)).status, 401);
  const known = [...request.headers, basic("a:b")];
  const answer = await raw(t, { ...request, headers: known });
  assert.is(answer.status, 404);
  assert.is(answer.body, "No WebSocket here.");
  assert.is((await raw(t, { ...request, headers: [basic("a:b")] })).status, 200);
});

test("it finds the path decoded, without query and trailing slash", async (t) => {
  const { endpoint, guests } = await openBench(t);
  for (const path of ["/data", "/data/", "/data?x=/", "/d%61ta", "http://any/data"]) {
    assert.is((await raw(t, { port: endpoint.port, path, headers: UPGRADE })).status, 101, path);
  }
  assert.is(guests.length, 5);
});

test("it answers 403 to origins that are not allowed, before authentication", async (t) => {
  let asked = 0;
  const { endpoint, guests } = await openBench(t, {
    allowedOrigins: ["https://app.example", "HTTP://LOCALHOST:3000"],
    authenticate: async (): Promise<Permission> => {
      asked += 1;
      return "rw";
    },
  });
  const refused = ["https://evil.example", "http://app.example", "null", "", "https://app.example.evil", "*"];
  for (const origin of refused) {
    const answer = await raw(t, { port: endpoint.port, headers: [...UPGRADE, `Origin: ${origin}`] });
    assert.is(answer.status, 403, origin);
  }
  const twice = [...UPGRADE, "Origin: https://app.example", "Origin: https://evil.example"];
  assert.is((await raw(t, { port: endpoint.port, headers: twice })).status, 403);
  assert.is(asked + guests.length, 0);
  for (const origin of ["https://app.example", "http://localhost:3000"]) {
    const answer = await raw(t, { port: endpoint.port, headers: [...UPGRADE, `Origin: ${origin}`] });
    assert.is(answer.status, 101, origin);
  }
});

test("it refuses every origin when none is allowed", async (t) => {
  const { endpoint } = await openBench(t);
  const headers = [...UPGRADE, "Origin: http://127.0.0.1"];
  assert.is((await raw(t, { port: endpoint.port, headers })).status, 403);
});

test("it answers 503 beyond the pending upgrades, and lets in again once they are through", async (t) => {
  const answers: ((grant: Permission) => void)[] = [];
  const { endpoint, guests } = await openBench(
    t,
    { authenticate: () => new Promise<Permission>((resolve) => answers.push(resolve)) },
    { maxPendingUpgrades: 3 },
  );
  const request = { port: endpoint.port, headers: [...UPGRADE, basic("a:b")] };
  for (let index = 0; index < 3; index += 1) startRaw(t, request);
  await until(() => answers.length === 3);
  assert.is((await raw(t, request)).status, 503);
  assert.is((await raw(t, { port: endpoint.port })).status, 503);
  for (const answer of answers.splice(0)) answer("rw");
  await until(() => guests.length === 3);
  startRaw(t, request);
  await until(() => answers.length === 1);
  answers[0]?.("rw");
  await until(() => guests.length === 4);
});

test("it answers 503 beyond the connections, and lets in again when one has gone", async (t) => {
  const { endpoint, guests, url } = await openBench(t, {}, { maxConnections: 2 });
  const first = dial(t, url);
  await first.whenOpen();
  await dial(t, url).whenOpen();
  assert.is((await raw(t, { port: endpoint.port, headers: UPGRADE })).status, 503);
  assert.equal(await dial(t, url).whenClosed(), { code: 1006, reason: "HTTP 503" });
  first.transport.close(1000, "");
  await guests[0]?.recorder.whenClosed();
  await until(async () => (await raw(t, { port: endpoint.port, headers: UPGRADE })).status === 101);
});

test("it refuses at the deadline and destroys the socket though the client keeps it open", async (t) => {
  const { endpoint, guests } = await openBench(
    t,
    { authenticate: never },
    { authenticateTimeoutMs: 40, maxPendingUpgrades: 5 },
  );
  const sockets = Array.from({ length: 5 }, () =>
    startRaw(t, { port: endpoint.port, headers: [...UPGRADE, basic("a:b")] }),
  );
  await until(() => sockets.every(({ answer }) => answer().startsWith("HTTP/1.1 401")));
  await until(() => sockets.every(({ socket }) => socket.destroyed));
  assert.is((await raw(t, { port: endpoint.port, headers: [...UPGRADE, basic("a:b")] })).status, 401);
  assert.is(guests.length, 0);
});

test("it lets nothing of a client in that vanished during authentication", async (t) => {
  for (const vanish of ["resetAndDestroy", "destroy", "end"] as const) {
    let admit: ((grant: Permission) => void) | undefined;
    const authenticate = (credentials: unknown): Promise<Permission> =>
      new Promise((resolve) => {
        if (credentials) admit = resolve;
        else resolve("rw");
      });
    const { endpoint, guests } = await openBench(t, { authenticate }, { maxConnections: 1 });
    const { socket } = startRaw(t, { port: endpoint.port, headers: [...UPGRADE, basic("a:b")] });
    const answer = await until(() => admit);
    const gone = new Promise((resolve) => socket.once("close", resolve));
    socket[vanish]();
    if (vanish !== "end") await gone;
    answer("rw");
    // A half-closed socket may still get in, as any peer may that leaves at once; nothing of it may stay.
    await until(() => guests.every(({ recorder }) => recorder.end !== undefined));
    if (vanish === "resetAndDestroy") assert.is(guests.length, 0);
    // Its place is free again.
    await until(async () => (await raw(t, { port: endpoint.port, headers: UPGRADE })).status === 101);
    await endpoint.close();
  }
});

test("it refuses an upgrade whose path closed during authentication", async (t) => {
  let admit: ((grant: Permission) => void) | undefined;
  const { endpoint, guests } = await openBench(t, {
    authenticate: () =>
      new Promise<Permission>((resolve) => {
        admit = resolve;
      }),
  });
  const { socket } = startRaw(t, { port: endpoint.port, headers: [...UPGRADE, basic("a:b")] });
  const answer = await until(() => admit);
  await endpoint.close();
  answer("rw");
  await until(() => socket.destroyed);
  assert.is(guests.length, 0);
});

test("it closes 1011 when the owner throws or rejects, and tells the owner", async (t) => {
  const errors: Error[] = [];
  const { endpoint } = await openBench(t, {}, { onError: (error) => errors.push(error) });
  const careless = endpoint.expose("/careless", () => {
    throw new Error("careless");
  });
  const rejecting = endpoint.expose("/rejecting", async () => {
    throw new Error("careless");
  });
  const base = `ws://127.0.0.1:${endpoint.port}`;
  assert.equal(await dial(t, `${base}/careless`).whenClosed(), { code: 1011, reason: "internal error" });
  assert.equal(await dial(t, `${base}/rejecting`).whenClosed(), { code: 1011, reason: "internal error" });
  assert.equal(
    errors.map((error) => error.message),
    ["onTransport of /careless failed", "onTransport of /rejecting failed"],
  );
  await careless.close();
  await rejecting.close();
});

test("it passes authentication only over the chosen path: one path's user is a stranger on another", async (t) => {
  const { endpoint } = await openBench(t);
  for (const name of ["a", "b"]) {
    endpoint.expose(`/${name}`, (transport) => transport.terminate(), {
      authenticate: async (c): Promise<Permission | undefined> => (c?.user === name ? "rw" : undefined),
    });
  }
  const status = async (path: string, user: string): Promise<number> => {
    const headers = [...UPGRADE, PROTOCOL, basic(`${user}:x`)];
    return (await raw(t, { port: endpoint.port, path, headers })).status;
  };
  assert.equal(
    [await status("/a", "a"), await status("/a", "b"), await status("/b", "a"), await status("/b", "b")],
    [101, 401, 401, 101],
  );
});
