// Real processes, sockets and disks: ours is killed without a word, and what it knew of an original is still known.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { assert, suite, until } from "@chorus/testing";
import { OriginalPeer } from "../original/original-peer.js";
import { type Cleanup, folder, node } from "../support.js";

const test = suite("kills of a process linked to an original", { deadlineMs: 30_000 });

const PROGRAM = join(import.meta.dirname, "restart-child.js");

/** The process, when it is in sync, and what makes it write. */
async function start(t: Cleanup, data: string, url: string) {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, data, url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  assert.is((await lines.next()).value, "ready");
  const write = async (key: object, value: unknown): Promise<void> => {
    child.stdin?.write(`${JSON.stringify({ key, value })}\n`);
    assert.is((await lines.next()).value, "stored");
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { write, kill };
}

test("writes made while the original was away arrive there, and what it deleted stays deleted", async (t) => {
  const original = await OriginalPeer.start({});
  t.after(() => original.close());
  const { channel, server } = original;
  for (let id = 0; id < 10; id++) channel.set({ id }, { id, by: "original" });
  const data = join(await folder(t), "store");
  const first = await start(t, data, original.url);
  await first.write({ id: 20 }, { id: 20, by: "us" });
  await until(() => channel.get({ id: 20 }), { what: "a write at the original" });
  await server.refuse();
  await first.write({ id: 1 }, { id: 1, by: "us" });
  await first.write({ id: 2 }, null);
  await first.kill();
  // Later than what was written here, on other keys.
  channel.set({ id: 3 }, { id: 3, by: "original again" });
  channel.unset({ id: 4 });
  await server.listenAgain();
  const second = await node(t, { data, restIntervalMs: 40, links: { backoffMinMs: 5, backoffMaxMs: 50 } });
  await second.data.peer(undefined, "/data", original.url);
  const held = (): string => JSON.stringify(rowsOf(second.data.getAll()));
  await until(() => held() === JSON.stringify(rowsOf(channel.getAll())), { what: "both to hold the same" });
  assert.equal(channel.get({ id: 1 }), { id: 1, by: "us" });
  assert.not.ok(channel.get({ id: 2 }));
  assert.equal(second.data.get({ id: 3 }), { id: 3, by: "original again" });
  assert.not.ok(second.data.get({ id: 4 }));
  assert.is(channel.size, 9);
  assert.equal(second.$ch().list(), ["data"]);
  assert.equal(second.errors, []);
});

test("names that begin with a NUL character are refused", async (t) => {
  const data = join(await folder(t), "store");
  const { $ch } = await node(t, { data });
  assert.throwsCode(() => $ch("\0original/x").create(), "invalid-option");
  assert.equal($ch().list(), []);
});

function rowsOf(rows: unknown[]): string[] {
  return rows.map((one) => JSON.stringify(one)).sort();
}
