// Requests with many rows: in slices, all or nothing, and others get their turns meanwhile.
import { BodyBudget } from "@chorus/node";
import { assert, suite, until } from "@chorus/testing";
import { folder, node, type Node } from "../support.js";
import { path, type Reply, send, serve } from "./rest-support.js";

const test = suite("REST rows", { deadlineMs: 30_000 });

const COUNT = 20_000;

function rowsFrom(first: number, count = COUNT): object[] {
  return Array.from({ length: count }, (_, i) => ({ id: first + i }));
}

/** Sends rows for an operation, and counts the turns that this process has meanwhile. */
async function put(port: number, at: string, rows: unknown): Promise<Reply & { readonly turns: number }> {
  const body = JSON.stringify(rows);
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  const sending = send(port, at, { method: "PUT", body });
  count();
  const reply = await sending;
  isOver = true;
  return { ...reply, turns };
}

async function exposed(t: Parameters<typeof node>[0]): Promise<Node> {
  const a = await node(t);
  await a.data.expose(a.server, "/data");
  return a;
}

function at(op: string, fields: object = {}): string {
  return path("/data", { o: op, k: ["id"], ...fields });
}

test("are written in slices, each one call for subscribers, and answered after the last", async (t) => {
  const { port, data } = await exposed(t);
  const told: [string, number][] = [];
  data.subscribe((...[, op, , value]) => told.push([op, (value as unknown[]).length]), true);
  const time = Date.now();
  const { json } = await put(port, at("a", { t: time }), rowsFrom(0));
  assert.equal([json.l, json.c], [COUNT, 1]);
  await data.waitForJobs();
  assert.equal(
    told,
    Array.from({ length: COUNT / 2_000 }, () => ["setall", 2_000]),
  );
  told.length = 0;
  const removed = await put(port, at("ua", { t: time + 1 }), rowsFrom(5_000, 10_000));
  assert.equal([removed.json.l, removed.json.c], [COUNT - 10_000, 2]);
  const replaced = await put(port, at("r", { t: time + 2 }), rowsFrom(4_000, 5_000));
  assert.equal([replaced.json.l, replaced.json.c], [5_000, 3]);
  const ids = (data.getKeys() as { id: number }[]).map(({ id }) => id).sort((one, other) => one - other);
  assert.equal([ids.length, ids[0], ids.at(-1)], [5_000, 4_000, 8_999]);
  await data.waitForJobs();
  assert.equal(
    told.map(([op]) => op),
    [...Array(5).fill("unsetall"), ...Array(3).fill("setall"), ...Array(5).fill("unsetall")],
  );
});

test("write nothing when the last one is refused, on virtual channels as well", async (t) => {
  const a = await exposed(t);
  a.data.set({ old: 1 }, { old: 1 });
  const hash = a.data.contentHash();
  a.$ch("virtual").create("proxy", { chTarget: "data" });
  await a.$ch("virtual").expose(a.server, "/virtual");
  for (const last of [
    { id: "x".repeat(5_000) },
    { id: 1, text: "\ud800" },
    { id: 1, text: "x".repeat(2_000_000) },
  ]) {
    for (const op of ["a", "r"]) {
      for (const base of ["/data", "/virtual"]) {
        const reply = await put(a.port, path(base, { o: op, k: ["id"] }), [...rowsFrom(0), last]);
        assert.is(reply.status, 400);
        assert.is(a.data.contentHash(), hash);
      }
    }
  }
  const garbage = [...rowsFrom(0), { id: "x".repeat(5_000) }];
  assert.is((await put(a.port, at("ua"), garbage)).status, 400);
});

test("leave others their turns", async (t) => {
  const { port } = await exposed(t);
  for (const op of ["a", "r", "ua"]) {
    const { turns } = await put(port, at(op), rowsFrom(0));
    // Checks and writes; the sending alone takes some as well.
    assert.ok(turns >= 15, `${op}: ${turns}`);
  }
});

test("are answered with 503 when the channel is destroyed meanwhile", async (t) => {
  const { port, data, $ch } = await exposed(t);
  const sending = put(port, at("a"), rowsFrom(0));
  await until(() => data.size() > 0);
  assert.ok(data.size() < COUNT, "it is under way");
  data.destroy();
  assert.equal([(await sending).status, $ch().list()], [503, []]);
});

test("are stored when they are answered", async (t) => {
  const data = await folder(t);
  const a = await node(t, { data });
  await a.data.expose(a.server, "/data");
  assert.is((await put(a.port, at("a"), rowsFrom(0))).json.l, COUNT);
  await a.$ch.close();
  const b = await node(t, { data });
  assert.is(b.data.create().size(), COUNT);
});

test("count as bodies until they are written", async (t) => {
  const budget = new BodyBudget(1_000_000);
  const served = await serve(t, { bodies: { maxBytes: 900_000, budget } });
  const sending = put(served.port, path("/fake", { o: "a", k: ["id"] }), rowsFrom(0));
  await until(() => served.target.entries.size > 0);
  assert.ok(budget.usedBytes > COUNT);
  const refused = await send(served.port, path("/fake", { o: "e", k: 1 }), {
    method: "PUT",
    body: JSON.stringify("x".repeat(890_000)),
  });
  assert.equal([refused.status, refused.json.error], [503, "too-many"]);
  assert.is((await sending).status, 200);
  assert.is(budget.usedBytes, 0);
});
