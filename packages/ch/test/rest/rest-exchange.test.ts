import { assert, suite } from "@chorus/testing";
import { auth, node, type Node, PASSWORD, USER } from "../support.js";
import { basic, path, type Reply, send } from "./rest-support.js";

const test = suite("REST exchange", { deadlineMs: 20_000 });

const REPLAYED = "6f1f2c0e-1f0a-4b9e-8a55-2a9e4a7b9c11";

/** A channel "data" at /data, and a function that asks it as an original would. */
async function exposed(t: Parameters<typeof node>[0]) {
  const a = await node(t);
  const uuid = await a.data.expose(a.server, "/data");
  const ask = (method: string, fields: { [name: string]: unknown }, value?: unknown): Promise<Reply> =>
    send(a.port, path("/data", fields), {
      method,
      body: value === undefined ? undefined : JSON.stringify(value),
      headers: value === undefined ? {} : { "content-type": "application/json; charset=UTF-8" },
    });
  return { ...a, uuid, ask };
}

test("answers every captured request as the original does", async (t) => {
  const { ask, data } = await exposed(t);
  const steps: [string, { [name: string]: unknown }, unknown, object][] = [
    ["GET", { o: "a" }, undefined, { l: 0, r: [] }],
    ["GET", { o: "l" }, undefined, { l: 0, r: 0 }],
    [
      "PUT",
      { o: "e", k: { a: 1, "k/2": "x y" }, t: 0 },
      { a: 1, "k/2": "x y", z: '%+"/ü' },
      { l: 1, c: 1, r: { a: 1, "k/2": "x y" } },
    ],
    ["PUT", { o: "e", k: { key: "k1" }, t: 0 }, { key: "k1", value: 123 }, { l: 2, c: 2, r: { key: "k1" } }],
    [
      "PUT",
      { o: "a", k: ["id"], t: 0 },
      [
        { id: 1, x: 1 },
        { id: 2, x: 2 },
      ],
      { l: 4, c: 3 },
    ],
    ["GET", { o: "e", k: { id: 2 } }, undefined, { l: 4, c: 3, r: { id: 2, x: 2 } }],
    ["GET", { o: "e", k: { key: "nope" } }, undefined, { l: 4, c: 3 }],
    ["DELETE", { o: "e", k: { key: "k1" }, t: 0 }, undefined, { l: 3, c: 4, r: {} }],
    ["DELETE", { o: "e", k: { key: "k1" }, t: undefined }, undefined, { l: 3, c: 5, r: {} }],
    ["PUT", { o: "ua", k: ["id"], t: 0 }, [{ id: 1 }, { id: 2 }, { id: 3 }], { l: 1, c: 6 }],
    ["PUT", { o: "e", k: { r: 1 }, t: 0 }, { r: 1, v: 2 }, { l: 2, c: 7, r: { r: 1 } }],
    ["PUT", { o: "es", m: { v: 2 }, k: { r: 1 }, t: undefined }, { r: 1, v: 3 }, { l: 2, c: 8, r: { r: 1 } }],
    ["PUT", { o: "es", m: { v: 2 }, k: { r: 1 }, t: undefined }, { r: 1, v: 4 }, { l: 2, c: 9 }],
    ["PUT", { o: "es", m: { v: 2 }, k: { r: 9 }, t: undefined }, { r: 9, v: 4 }, { l: 2, c: 10 }],
    ["GET", { o: "k" }, undefined, { l: 2, c: 10, r: [{ a: 1, "k/2": "x y" }, { r: 1 }] }],
    ["GET", { o: "s" }, undefined, { l: 2, c: 10, r: [{ a: 1, "k/2": "x y" }, { r: 1 }] }],
    [
      "GET",
      { o: "a" },
      undefined,
      {
        l: 2,
        c: 10,
        r: [
          { a: 1, "k/2": "x y", z: '%+"/ü' },
          { r: 1, v: 3 },
        ],
      },
    ],
    ["POST", { o: "e", k: { p: 1 }, t: 0 }, { p: 1 }, { l: 3, c: 11, r: { p: 1 } }],
    ["PUT", { o: "r", k: ["id"], t: 0 }, [{ id: 7 }, { id: 8 }], { l: 2, c: 12 }],
    ["GET", { o: "k" }, undefined, { l: 2, c: 12, r: [{ id: 7 }, { id: 8 }] }],
  ];
  const startedAt = data.getVersion();
  for (const [method, fields, value, wanted] of steps) {
    // 0 stands for the time of the client, which is ours here.
    const timed = "t" in fields && fields.t === 0 ? { ...fields, t: Date.now() } : fields;
    const { status, headers, json } = await ask(method, timed, value);
    const { v, ...rest } = json;
    assert.equal(rest, wanted, `${method} ${JSON.stringify(fields)}`);
    assert.is(status, 200);
    assert.ok(Number.isInteger(v) && v >= startedAt && v <= Date.now() + 1_000);
    assert.is(headers["content-type"], "application/json; charset=utf-8");
    assert.is(headers["chorus-protocol"], "chorus.1");
  }
});

test("writes what a scalar key and a scalar value say, as $ch does", async (t) => {
  const { ask, data, port } = await exposed(t);
  assert.equal((await ask("PUT", { o: "e", k: "abc" }, 5)).json.r, { key: "abc" });
  assert.equal(data.get("abc"), { key: "abc", value: 5 });
  assert.equal((await ask("PUT", { o: "e", k: 5 }, { own: true })).json.r, { key: 5 });
  assert.equal(data.get(5), { own: true });
  assert.equal((await send(port, "/data/o/e/k/abc")).json.r, { key: "abc", value: 5 });
  assert.equal((await ask("PUT", { o: "es", m: { value: 5 }, k: "abc" }, "six")).json.r, { key: "abc" });
  assert.equal(data.get("abc"), { key: "abc", value: "six" });
  await ask("DELETE", { o: "e", k: 5 });
  assert.is(data.get(5), undefined);
});

test("tells subscribers the operation, with the uuid of the exposure and the time", async (t) => {
  const { ask, data, uuid } = await exposed(t);
  const told: unknown[][] = [];
  data.subscribe((...[, op, key, value, , timestamp, id]) => told.push([op, key, value, timestamp, id]));
  const time = Date.now();
  await ask("PUT", { o: "a", k: ["id"], t: time }, [{ id: 1 }, { id: 2 }]);
  await ask("PUT", { o: "e", k: { id: 1 }, t: time + 1 }, { id: 1, x: 1 });
  await ask("PUT", { o: "ua", k: ["id"], t: time + 2 }, [{ id: 1, x: 1 }]);
  await ask("DELETE", { o: "e", k: { id: 2 }, t: time + 3 });
  await data.waitForJobs();
  assert.equal(told, [
    ["setall", ["id"], [{ id: 1 }, { id: 2 }], time, uuid],
    ["set", { id: 1 }, { id: 1, x: 1 }, time + 1, uuid],
    ["unsetall", ["id"], [{ id: 1 }], time + 2, uuid],
    ["unset", { id: 2 }, undefined, time + 3, uuid],
  ]);
});

test("replaces all, of any shape, and removes nothing when a row is refused", async (t) => {
  const { ask, data } = await exposed(t);
  data.set("scalar", 1);
  data.set({ a: 1, b: 2 }, { a: 1, b: 2 });
  data.set({ id: 1 }, { id: 1, old: true });
  const hash = data.contentHash();
  const refused = await ask("PUT", { o: "r", k: ["id"] }, [{ id: 5 }, { id: { $: "x".repeat(5_000) } }]);
  assert.is(refused.status, 400);
  assert.is(data.contentHash(), hash);
  await ask("PUT", { o: "r", k: ["id"] }, [{ id: 1, now: true }, { id: 2 }]);
  assert.equal(data.getAll(), [{ id: 1, now: true }, { id: 2 }]);
  await ask("PUT", { o: "r", k: ["id"] }, []);
  assert.is(data.size(), 0);
});

test("lets no write that was made earlier win, and answers as if it had", async (t) => {
  const { ask, data } = await exposed(t);
  const time = Date.now();
  // The first tells what clock the client has.
  await ask("PUT", { o: "e", k: { id: 0 }, t: time }, { id: 0 });
  data.set({ id: 1 }, { id: 1, by: "us" });
  const late = await ask("PUT", { o: "e", k: { id: 1 }, t: time - 5_000 }, { id: 1, by: "them" });
  assert.equal([late.status, late.json.r], [200, { id: 1 }]);
  await ask("PUT", { o: "a", k: ["id"], t: 5 }, [{ id: 1, by: "them" }, { id: 2 }]);
  await ask("DELETE", { o: "e", k: { id: 1 }, t: time - 5_000 });
  assert.equal(data.get({ id: 1 }), { id: 1, by: "us" });
  assert.equal(data.get({ id: 2 }), { id: 2 });
  const matching = await ask("PUT", { o: "es", m: { by: "us" }, k: { id: 1 }, t: 5 }, { id: 1 });
  assert.equal([matching.status, matching.json.r], [200, undefined]);
});

test("takes one write that comes to two peers for one", async (t) => {
  const [a, b] = [await exposed(t), await exposed(t)];
  const time = Date.now() - 20;
  for (const { ask } of [a, b]) {
    await ask("PUT", { o: "e", k: { id: 1 }, t: time }, { id: 1 });
    await ask("PUT", { o: "a", k: ["id"], t: time + 1 }, [{ id: 2 }, { id: 3 }]);
    await ask("DELETE", { o: "e", k: { id: 3 }, t: time + 2 });
  }
  assert.is(a.data.size(), 2);
  assert.is(a.data.contentHash(), b.data.contentHash());
});

test("puts the times of a client with a wrong clock right", async (t) => {
  const { ask, data } = await exposed(t);
  const before = Date.now();
  await ask("PUT", { o: "e", k: { id: 1 }, t: before + 3_600_000 }, { by: "fast" });
  // A write in the future would win over this one for an hour.
  await ask("PUT", { o: "e", k: { id: 1 } }, { by: "us" });
  assert.equal(data.get({ id: 1 }), { by: "us" });
});

test("does not let replays overwrite anything, nor bring back what was deleted", async (t) => {
  const { ask, data } = await exposed(t);
  data.set({ id: 1 }, { id: 1, by: "us" });
  data.set({ id: 2 }, { id: 2, by: "us" });
  data.unset({ id: 2 });
  for (const t of [REPLAYED, -1, 1.5]) {
    const replies = [
      await ask("PUT", { o: "e", k: { id: 1 }, t }, { id: 1, by: "them" }),
      await ask("PUT", { o: "e", k: { id: 2 }, t }, { id: 2, by: "them" }),
      await ask("PUT", { o: "a", k: ["id"], t }, [{ id: 1 }, { id: 2 }, { id: 3, by: "them" }]),
      await ask("DELETE", { o: "e", k: { id: 1 }, t }),
    ];
    assert.equal(
      replies.map(({ status }) => status),
      [200, 200, 200, 200],
    );
  }
  assert.equal(data.getAll().sort(byId), [
    { id: 1, by: "us" },
    { id: 3, by: "them" },
  ]);
});

test("writes nothing when a replay says what is there, and takes it when nothing was known", async (t) => {
  const { ask, data } = await exposed(t);
  await ask("PUT", { o: "e", k: { id: 1 }, t: REPLAYED }, { id: 1 });
  const told: unknown[] = [];
  data.subscribe((...args) => told.push(args), true);
  const hash = data.contentHash();
  await ask("PUT", { o: "e", k: { id: 1 }, t: REPLAYED.replace("6", "7") }, { id: 1 });
  assert.is(data.contentHash(), hash);
  await data.waitForJobs();
  assert.equal(told, []);
  // What has a time wins over it.
  await ask("PUT", { o: "e", k: { id: 1 }, t: Date.now() }, { id: 1, new: true });
  assert.equal(data.get({ id: 1 }), { id: 1, new: true });
});

test("refuses the bogus row that a replay makes of mixed keys", async (t) => {
  const { ask, data } = await exposed(t);
  const { status, json } = await ask("PUT", { o: "e", k: {}, t: REPLAYED }, { x: 1 });
  assert.equal([status, json.error], [400, "invalid-key"]);
  assert.is(data.size(), 0);
});

test("serves many channels on one port, the longest path first", async (t) => {
  const a = await node(t);
  const paths = [
    ["one", "/x"],
    ["two", "/x/two"],
    ["three", "/x/o"],
    ["four", "/ä b"],
  ] as const;
  for (const [name, at] of paths) {
    await a.$ch(name).expose(a.server, at);
    await send(a.port, `${encodeURI(at)}/o/e/k/5`, { method: "PUT", body: JSON.stringify({ at }) });
  }
  for (const [name, at] of paths) {
    assert.equal(a.$ch(name).getAll(), [{ at }]);
  }
  assert.is((await send(a.port, "/y/o/l")).status, 418);
});

test("says where what a POST wrote can be read", async (t) => {
  const a = await node(t);
  await a.data.expose(a.server, "/ä b");
  const post = (fields: object, body: unknown): Promise<Reply> =>
    send(a.port, path(encodeURI("/ä b"), { ...fields }), { method: "POST", body: JSON.stringify(body) });
  const entry = await post({ o: "e", k: { id: "ü/%" }, t: Date.now() }, { id: 5 });
  assert.is(entry.status, 200);
  const { location = "" } = entry.headers;
  assert.equal((await send(a.port, location)).json.r, { id: 5 });
  const rows = await post({ o: "a", k: ["id"] }, [{ id: 6 }]);
  assert.equal((await send(a.port, rows.headers.location ?? "")).json.r, [{ id: 5 }, { id: 6 }]);
  for (const key of ["5", "null", "a/b", '"']) {
    const at = encodeURI("/ä b/o/e/k/") + encodeURIComponent(JSON.stringify(key));
    const posted = await send(a.port, at, { method: "POST", body: "1" });
    assert.equal((await send(a.port, posted.headers.location ?? "")).json.r, { key, value: 1 });
  }
  const put = await send(a.port, path(encodeURI("/ä b"), { o: "e", k: 1 }), { method: "PUT", body: "1" });
  assert.is(put.headers.location, undefined);
});

test("says where to read for paths that end with a slash", async (t) => {
  for (const at of ["/", "/data/"]) {
    const a = await node(t);
    await a.data.expose(a.server, at);
    const posted = await send(a.port, `${at}o/e/k/1`, { method: "POST", body: "5" });
    assert.is(posted.headers.location, `${at}o/e/k/%7B%22key%22%3A1%7D`);
    assert.equal((await send(a.port, `${at}o/e/k/1`)).json.r, { key: 1, value: 5 });
  }
});

test("answers HEAD as GET, without a body", async (t) => {
  const { port, data } = await exposed(t);
  data.set(1, { id: 1 });
  const [head, get] = [await send(port, "/data/o/a", { method: "HEAD" }), await send(port, "/data/o/a")];
  assert.equal([head.status, head.text], [200, ""]);
  assert.is(head.headers["content-length"], get.headers["content-length"]);
  assert.is(head.headers["content-type"], get.headers["content-type"]);
  assert.is((await send(port, "/data/x", { method: "HEAD" })).status, 400);
});

const permissions: [string, string, object, object, number][] = [
  ["r", "r", { l: 1, r: 1 }, { l: 1, c: -1, r: {} }, 1],
  ["w", "w", { l: 1, c: -1, r: {} }, { l: 2, c: 1, r: { id: 2 } }, 2],
  ["both", "rw", { l: 1, r: 1 }, { l: 2, c: 1, r: { id: 2 } }, 2],
];
for (const [what, permission, read, written, size] of permissions) {
  test(`permits ${what}`, async (t) => {
    const a = await node(t);
    await a.data.expose(a.server, "/data", (...[, , , request]) => {
      request.channelPermission = permission;
      return true;
    });
    a.data.set({ id: 1 }, { id: 1 });
    const ask = async (method: string, fields: object, body?: string): Promise<object> => {
      const reply = await send(a.port, path("/data", { ...fields }), {
        method,
        body,
        headers: basic("u", "p"),
      });
      assert.is(reply.status, 200);
      const { v, ...rest } = reply.json;
      assert.type(v, "number");
      return rest;
    };
    assert.equal(await ask("GET", { o: "l" }), read);
    assert.equal(await ask("PUT", { o: "e", k: { id: 2 } }, '{"id":2}'), written);
    if (permission === "r") {
      for (const [method, fields, body] of [
        ["POST", { o: "e", k: 1 }, "1"],
        ["PUT", { o: "r", k: [] }, "[]"],
        ["PUT", { o: "ua", k: ["id"] }, '[{"id":1}]'],
        ["DELETE", { o: "e", k: { id: 1 } }, undefined],
      ] as const) {
        assert.equal(await ask(method, fields, body), written);
      }
    }
    assert.is(a.data.size(), size);
  });
}

test("refuses a body above maxBodyBytes with 413, and changes nothing", async (t) => {
  const a = await node(t, { maxBodyBytes: 100 });
  await a.data.expose(a.server, "/data");
  const put = (value: string): Promise<Reply> =>
    send(a.port, path("/data", { o: "e", k: { id: 1 } }), {
      method: "PUT",
      body: JSON.stringify({ id: 1, value }),
    });
  assert.is((await put("x".repeat(100))).status, 413);
  assert.is(a.data.size(), 0);
  assert.is((await put("x")).status, 200);
  assert.is(a.data.size(), 1);
});

test("admits as the original's client asks: first without credentials, then with them", async (t) => {
  const a = await node(t);
  await a.data.expose(a.server, "/data", auth);
  const put = (headers: Record<string, string>): Promise<Reply> =>
    send(a.port, path("/data", { o: "e", k: { id: 1 }, t: Date.now() }), {
      method: "PUT",
      body: '{"id":1}',
      headers,
    });
  const first = await put({});
  assert.equal([first.status, first.headers["www-authenticate"]], [401, 'Basic realm="data"']);
  assert.is(first.headers["chorus-protocol"], "chorus.1");
  assert.is(a.data.size(), 0);
  const wrong = await put(basic(USER, "wrong"));
  assert.equal([wrong.status, wrong.text], [401, "Not authorized."]);
  const right = await put(basic(USER, PASSWORD));
  assert.equal([right.status, right.json.r], [200, { id: 1 }]);
  assert.is(a.data.size(), 1);
});

function byId(one: unknown, other: unknown): number {
  return (one as Fields).id - (other as Fields).id;
}

interface Fields {
  readonly id: number;
}

test("passes what it was given on to peers", async (t) => {
  const [a, b]: Node[] = [await node(t), await node(t)];
  if (!a || !b) return;
  await a.data.expose(a.server, "/data");
  await b.data.peer(undefined, undefined, a.plainUrl);
  await b.data.ready();
  await send(a.port, path("/data", { o: "e", k: { id: 1 } }), { method: "PUT", body: '{"id":1}' });
  await a.data.waitForJobs();
  assert.equal(b.data.get({ id: 1 }), { id: 1 });
});
