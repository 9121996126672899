import { existsSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Runtime, systemRuntime } from "@chorus/core";
import { assert, suite, until } from "@chorus/testing";
import { type Ch, type ChEvents, createCh } from "../src/index.js";
import { auth, type Cleanup, folder, mesh, node } from "./support.js";

const test = suite("data folder");

interface Folder {
  readonly data: string;
  /** Opens it; closed at the end at the latest. */
  open(options?: { level?: "sync" | "os"; runtime?: Runtime }): Promise<Ch>;
}

async function create(t: Cleanup): Promise<Folder> {
  const data = join(await folder(t), "store");
  const open: Folder["open"] = async (options = {}) => {
    const $ch = await createCh({ data, ...options });
    t.after(() => $ch.close());
    return $ch;
  };
  return { data, open };
}

for (const level of ["sync", "os"] as const) {
  test(`is there again after a restart, at the level ${level}`, async (t) => {
    const { open } = await create(t);
    const first = await open({ level });
    const data = first("data").create();
    data.setAll(["id"], [{ id: 3 }, { id: 1, city: "Porto" }, { id: 2 }]);
    data.unset({ id: 2 });
    data.set("k", 5);
    assert.is(await data.whenDurable(5_000), data);
    const [before, hash, replicaId] = [data.getAll(), data.contentHash(), data.replicaId()];
    await first.close();
    const second = await open({ level });
    assert.equal(second.findings, []);
    assert.equal(second().list(), []);
    const again = second("data").create();
    assert.equal(again.getAll(), before);
    assert.is(again.contentHash(), hash);
    assert.is(again.replicaId(), replicaId);
    assert.equal(again.shift(), { id: 3 });
  });
}

test("keeps what was written in the turn in which it is closed", async (t) => {
  const { open } = await create(t);
  const first = await open();
  first("data").create().set("k", 1);
  await first.close();
  assert.equal((await open())("data").create().get("k"), { key: "k", value: 1 });
});

test("is one process's at a time", async (t) => {
  const { data, open } = await create(t);
  const first = await open();
  const error = await assert.rejectsCode(createCh({ data }), "store-locked");
  assert.match(error.message, /store/);
  await first.close();
  await first.close();
  await open();
});

const wrong: [string, unknown][] = [
  ["a name beside it", { name: "x" }],
  ["a level there is not", { level: "full" }],
  ["an unknown option", { date: "x" }],
  ["no text", { data: 5 }],
  ["an empty text", { data: "" }],
  ["a text that no path can be", { data: "a\0b" }],
  ["undefined, as a forgotten setting gives it", { data: undefined }],
];
for (const [what, options] of wrong) {
  test(`rejects ${what}, and opens nothing`, async (t) => {
    const { data } = await create(t);
    const error = await assert.rejectsCode(createCh({ data, ...(options as object) }), "invalid-option");
    const [option = ""] = Object.keys(options as object);
    assert.match(
      error.message,
      option === "date" ? /^options must be .* "date"$/ : new RegExp(`^${option} must be `),
    );
    assert.not.ok(existsSync(data));
  });
}

test("refuses a level without a folder", () => {
  assert.throwsCode(() => createCh({ level: "sync" } as never), "invalid-option");
});

test("rejects a folder that is none", async (t) => {
  const file = join(await folder(t), "file");
  await writeFile(file, "");
  await assert.rejectsCode(createCh({ data: join(file, "store") }), "store-unwritable");
});

test("stores simple and big, and memory never, in both forms of create", async (t) => {
  const { open } = await create(t);
  const first = await open();
  first("a").create().set("k", 1);
  first("b").create(true, "big", { any: 1 }).set("k", 1);
  first("c").create("simple", {}).set("k", 1);
  first("d").create(false, "memory").set("k", 1);
  first("e").create("memory", {}).set("k", 1);
  await assert.rejectsCode(first("d").whenDurable(), "not-durable");
  await first.close();
  const second = await open();
  const sizes = ["a", "b", "c", "d", "e"].map((name) => second(name).create().size());
  assert.equal(sizes, [1, 1, 1, 0, 0]);
});

test("whenDurable is not for channels in memory", async () => {
  const $ch = createCh();
  await assert.rejectsCode($ch("data").create().whenDurable(), "not-durable");
  await assert.rejectsCode($ch("data").whenDurable(0.5), "invalid-option");
  await $ch.close();
});

test("gives a destroyed channel back, also in the same turn", async (t) => {
  const { open } = await create(t);
  const $ch = await open();
  const data = $ch("data").create();
  const told: unknown[] = [];
  data.subscribe((_name, op) => told.push(op), true);
  data.set("k", 1);
  const replicaId = data.replicaId();
  assert.is(data.destroy().create().size(), 1);
  assert.is(data.replicaId(), replicaId);
  data.set("l", 2);
  assert.equal(data.getKeys(), [{ key: "k" }, { key: "l" }]);
  assert.equal(data.pop(), { key: "l", value: 2 });
  await data.whenDurable();
  assert.is(data.destroy().create().size(), 1);
  assert.equal(told, [], "its subscribers ended with it");
});

test("closes a destroyed channel after a while, and reads it at the next create", async (t) => {
  const { open } = await create(t);
  const parked: (() => void)[] = [];
  const after: Runtime["after"] = (delayMs, task, options) => {
    if (delayMs !== 10_000) return systemRuntime.after(delayMs, task, options);
    parked.push(task);
    return { cancel: () => undefined };
  };
  const $ch = await open({ runtime: { ...systemRuntime, after } });
  const data = $ch("data").create();
  data.set("k", 1);
  data.destroy();
  assert.is(parked.length, 1);
  parked[0]?.();
  assert.throwsCode(() => data.create(), "closed");
  assert.equal($ch().list(), []);
  await until(() => {
    try {
      return data.create();
    } catch {
      return undefined;
    }
  });
  assert.equal(data.get("k"), { key: "k", value: 1 });
});

test("a channel that could not be made does not stay open", async (t) => {
  const { open } = await create(t);
  const $ch = await open();
  const name = "x".repeat(300);
  for (let i = 0; i < 2; i++) {
    const code = i === 0 ? "invalid-option" : "closed";
    assert.throwsCode(() => $ch(name).create(), code);
  }
});

test("reports a copy to a listener of the same turn, and as findings", async (t) => {
  const { data, open } = await create(t);
  const first = await open();
  first("data").create().set("k", 1);
  const replicaId = first("data").replicaId();
  await first.close();
  await cp(data, `${data}-copy`, { recursive: true });
  const second = await createCh({ data: `${data}-copy` });
  t.after(() => second.close());
  const errors: ChEvents["error"][] = [];
  second.on("error", (event) => errors.push(event));
  assert.equal(
    second.findings.map(({ code }) => code),
    ["store-copied"],
  );
  assert.not(second("data").create().replicaId() === replicaId);
  assert.equal(second("data").get("k"), { key: "k", value: 1 });
  await until(() => errors.some(({ error }) => error.code === "store-copied"));
});

test("storeAdd begins with the file when nothing is stored, and then no more", async (t) => {
  const { data, open } = await create(t);
  const file = join(data, "..", "data.json");
  await writeFile(file, '[{"id":1},{"id":2}]');
  const first = await open();
  assert.is(first("data").storeAdd(file, ["id"]).size(), 2);
  await first.close();
  await writeFile(file, '[{"id":3}]');
  const second = await open();
  assert.equal(second("data").storeAdd(file, ["id"]).getAll(), [{ id: 1 }, { id: 2 }]);
});

test("storeAdd of a bad file leaves neither a channel nor an entry in the folder", async (t) => {
  const { data, open } = await create(t);
  const file = join(data, "..", "data.json");
  await writeFile(file, JSON.stringify([{ id: 1 }, { id: 2, text: "x".repeat(1_100_000) }]));
  const first = await open();
  assert.throwsCode(() => first("data").storeAdd(file, ["id"]), "file-failed");
  assert.equal(first().list(), []);
  await first.close();
  const second = await open();
  assert.is(second("data").create().size(), 0);
  assert.throwsCode(() => second("data").storeAdd(file, ["id"]), "file-failed");
  assert.equal(second().list(), ["data"]);
  await writeFile(file, '[{"id":1}]');
  assert.is(second("data").storeAdd(file, ["id"]).size(), 1);
});

test("peers hold all that whenSynced has waited for, over restarts", async (t) => {
  const { data } = await create(t);
  const [kept, other] = await Promise.all([node(t, { data }), node(t)]);
  const urls = [kept, other].map(({ url }) => url);
  for (const one of [kept, other]) await one.data.peer(one.server, "/data", urls, auth);
  kept.data.set("k", 1);
  assert.is(await kept.data.whenSynced({ timeout: 5_000 }), kept.data);
  assert.equal(other.data.get("k"), { key: "k", value: 1 });
  assert.equal(
    other.data.peers().map(({ replicaId, state, durable }) => [replicaId, state, durable]),
    [[kept.data.replicaId(), "live", true]],
  );
  await assert.rejectsCode(kept.data.whenSynced({ peers: 2, timeout: 20 }), "timeout");
  await assert.rejectsCode(kept.data.whenSynced({ peers: 0 }), "invalid-option");
  await kept.$ch.close();
  other.data.set("l", 2);
  other.data.unset("k");
  const back = await node(t, { data });
  back.data.create();
  assert.equal(back.data.getKeys(), [{ key: "k" }]);
  await back.data.peer(back.server, "/data", [back.url, other.url], auth);
  await back.data.ready(5_000);
  assert.equal(back.data.getAll(), [{ key: "l", value: 2 }]);
});

const noOptions: [string, unknown][] = [
  ["a number", 5_000],
  ["null", null],
  ["a list", []],
  ["core's name of the timeout", { timeoutMs: 50 }],
  ["one peer for many", { peer: 2 }],
  ["a timeout that is a text", { timeout: "-5" }],
  ["no number of peers", { peers: null }],
];
for (const [what, options] of noOptions) {
  test(`whenSynced refuses ${what}, and does not wait`, async (t) => {
    const $ch = createCh();
    t.after(() => $ch.close());
    const synced = $ch("data")
      .create()
      .whenSynced(options as never);
    // It would wait for ever: with the channel it ends at the latest.
    setImmediate(() => $ch("data").destroy());
    await assert.rejectsCode(synced, "invalid-option");
  });
}

test("timeouts are numbers", async (t) => {
  const $ch = createCh();
  t.after(() => $ch.close());
  const data = $ch("data").create();
  for (const timeout of ["-5", [-5], -5n, null, {}, Number.NaN] as never[]) {
    await assert.rejectsCode(data.ready(timeout), "invalid-option");
    await assert.rejectsCode(data.waitForJobs(timeout), "invalid-option");
    await assert.rejectsCode(data.whenDurable(timeout), "invalid-option");
  }
});

test("whenSynced ends with the channel", async (t) => {
  const $ch = createCh();
  t.after(() => $ch.close());
  const data = $ch("data").create();
  const synced = data.whenSynced();
  data.destroy();
  await assert.rejectsCode(synced, "closed");
});

test("retires a replica that is gone, and refuses one that is here, and itself", async (t) => {
  const [here, there] = await mesh(t, 2);
  if (!here || !there) throw new Error("two nodes were asked for");
  there.data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  await there.data.whenSynced({ timeout: 5_000 });
  const gone = there.data.replicaId();
  assert.throwsCode(() => here.data.retire(gone), "replica-connected");
  assert.throwsCode(() => here.data.retire(here.data.replicaId()), "invalid-option");
  await there.$ch.close();
  await until(() => here.data.peers().length === 0);
  assert.is(here.data.links().find(({ replicaId }) => replicaId === gone)?.replicaId, gone);
  assert.is(here.data.retire(gone), 2);
  assert.is(here.data.retire("nobody"), 0);
  assert.is(here.data.size(), 2);
});

test("peers again after destroy, as the same replica", async (t) => {
  const { data } = await create(t);
  const [kept, other] = await Promise.all([node(t, { data }), node(t)]);
  const urls = [kept, other].map(({ url }) => url);
  await Promise.all([kept, other].map((one) => one.data.peer(one.server, "/data", urls, auth)));
  await Promise.all([kept, other].map((one) => one.data.ready(5_000)));
  for (let round = 1; round <= 3; round++) {
    kept.data.destroy().create();
    await kept.data.peer(kept.server, "/data", urls, auth);
    kept.data.set("kept", round);
    other.data.set("other", round);
    await kept.data.whenSynced({ timeout: 5_000 });
    assert.equal(other.data.get("kept"), { key: "kept", value: round });
    await until(() => (kept.data.get("other") as { value?: unknown })?.value === round);
  }
  assert.equal([...kept.errors, ...other.errors], []);
});
