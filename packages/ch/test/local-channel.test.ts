import { Channel, type Runtime, systemRuntime } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import type { CallDetails } from "../src/channel-data.js";
import { FileCopies } from "../src/file-copies.js";
import { keyText } from "../src/keys.js";
import { LocalChannel } from "../src/local-channel.js";
import type { Peering } from "../src/peering.js";
import { Replication } from "../src/replication.js";
import { Subscribers } from "../src/subscribers.js";

const test = suite("local channel");

const KEY = { id: 1 };

function setOne(local: LocalChannel, [key, value]: [unknown, unknown], details: CallDetails): void {
  local.data.set(key, value, details);
}

function unsetOne(local: LocalChannel, key: unknown, details: CallDetails): void {
  local.data.unset(key, details);
}

/** A channel with one subscriber; `aheadMs` is by how much its clock is fast. */
function create(t: { after(task: () => unknown): void }, aheadMs = 0) {
  const runtime: Runtime = { ...systemRuntime, now: () => Date.now() + aheadMs };
  const channel = new Channel({ name: "data", runtime });
  const subscribers = new Subscribers({ runtime, onFailure: (error) => assert.unreachable(String(error)) });
  const peered: unknown[] = [];
  // Nothing here is peered; updates are handed over by hand.
  const peering = {
    close: async () => undefined,
    wrote: (keys, origin) => void peered.push(["wrote", keys, origin]),
    changedElsewhere: (keys) => void peered.push(["changed", keys]),
    heard: (key, value) => void peered.push(["heard", key, value]),
  } as Partial<Peering> as Peering;
  const files = new FileCopies({ channel, onError: (error) => assert.unreachable(error.message) });
  const endChannel = (): Promise<void> => channel.close();
  const local = new LocalChannel({
    name: "data",
    runtime,
    subscribers,
    uuid: "replication",
    body: (owner) => new Replication({ channel, peering, files, endChannel }, owner),
  });
  t.after(() => local.close());
  const told: unknown[] = [];
  subscribers.add("id", ({ op, value, uuid }) => void told.push([op, value(), uuid]), []);
  return { local, channel, told, peered };
}

/** The next update of a channel. */
async function updateOf(channel: Channel, write: () => unknown): Promise<Uint8Array> {
  const updates: Uint8Array[] = [];
  const stop = channel.replication.onUpdate((update) => updates.push(update));
  write();
  await channel.whenCommitted();
  stop();
  const [update] = updates;
  if (!update || updates.length > 1) throw new Error(`${updates.length} updates`);
  return update;
}

function receive(channel: Channel, update: Uint8Array): void {
  const outcome = channel.replication.receive(update, {}, () => undefined);
  if (outcome !== "applied") throw new Error(outcome);
}

test("tells a remote change with the id of the replication", async (t) => {
  const [here, there] = [create(t), create(t)];
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1, by: "there" }], {}));
  receive(here.channel, update);
  await Promise.resolve();
  await here.local.subscribers.whenIdle();
  assert.equal(here.told, [["set", { id: 1, by: "there" }, "replication"]]);
});

test("does not tell a remote change after the local one that overtook it", async (t) => {
  const [here, there] = [create(t), create(t)];
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1, by: "there" }], {}));
  receive(here.channel, update);
  setOne(here.local, [KEY, { id: 1, by: "here" }], {});
  await here.channel.whenCommitted();
  await here.local.subscribers.whenIdle();
  assert.equal(here.told, [["set", { id: 1, by: "here" }, undefined]]);
  assert.equal(here.channel.get(keyText(KEY)), { id: 1, by: "here" });
});

test("nor after the local removal that overtook it", async (t) => {
  const [here, there] = [create(t), create(t)];
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1 }], {}));
  receive(here.channel, update);
  unsetOne(here.local, KEY, {});
  await here.channel.whenCommitted();
  await here.local.subscribers.whenIdle();
  assert.equal(here.told, [["unset", undefined, undefined]]);
  assert.is(here.channel.size, 0);
});

test("nor between two local ones of the same turn", async (t) => {
  const [here, there] = [create(t), create(t)];
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1, by: "there" }], {}));
  setOne(here.local, [{ id: 2 }, { id: 2 }], {});
  receive(here.channel, update);
  setOne(here.local, [KEY, { id: 1, by: "here" }], {});
  await here.channel.whenCommitted();
  await here.local.subscribers.whenIdle();
  assert.equal(here.told, [
    ["set", { id: 2 }, undefined],
    ["set", { id: 1, by: "here" }, undefined],
  ]);
});

test("tells a remote change of a key that was written here before", async (t) => {
  const [here, there] = [create(t), create(t, 60_000)];
  setOne(here.local, [KEY, { id: 1, by: "here" }], {});
  unsetOne(here.local, KEY, {});
  unsetOne(here.local, KEY, {});
  await here.channel.whenCommitted();
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1, by: "there" }], {}));
  receive(here.channel, update);
  await Promise.resolve();
  await here.local.subscribers.whenIdle();
  assert.equal(here.told.at(-1), ["set", { id: 1, by: "there" }, "replication"]);
  assert.is(here.told.length, 4);
});

test("tells a remote change that beats a local one of the same turn", async (t) => {
  const [here, there] = [create(t), create(t, 60_000)];
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1, by: "there" }], {}));
  setOne(here.local, [KEY, { id: 1, by: "here" }], {});
  receive(here.channel, update);
  await here.channel.whenCommitted();
  await here.local.subscribers.whenIdle();
  assert.equal(here.told, [
    ["set", { id: 1, by: "here" }, undefined],
    ["set", { id: 1, by: "there" }, "replication"],
  ]);
});

test("moves its version with remote changes", async (t) => {
  const [here, there] = [create(t, -5_000), create(t)];
  const before = here.local.version;
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, 1], {}));
  receive(here.channel, update);
  await Promise.resolve();
  assert.ok(here.local.version >= before);
  assert.ok(here.local.version < Date.now() - 4_000, "it is the clock here that counts");
});

test("takes the order of remote writes into account", async (t) => {
  const [here, there] = [create(t), create(t)];
  setOne(here.local, ["mine", 1], { timestamp: 2_000 });
  assert.is(here.local.replicated.order.newest(), keyText({ key: "mine" }));
  for (const [key, timestamp] of [
    ["older", 1_000],
    ["newer", 3_000],
  ] as const) {
    const update = await updateOf(there.channel, () => setOne(there.local, [key, 1], { timestamp }));
    receive(here.channel, update);
    await Promise.resolve();
  }
  assert.is(here.local.replicated.order.oldest(), keyText({ key: "older" }));
  assert.is(here.local.replicated.order.newest(), keyText({ key: "newer" }));
});

test("tells links to originals what was written here, from where, and what peers changed", async (t) => {
  const [here, there] = [create(t), create(t, 60_000)];
  const { data } = here.local;
  data.set("k", 1, {});
  data.setRows(["id"], [{ id: 1 }, { id: 2 }], { origin: "rest" });
  data.unset("gone", {});
  data.take("last");
  here.local.heard("key", 5, false);
  const update = await updateOf(there.channel, () => setOne(there.local, [KEY, { id: 1, by: "there" }], {}));
  receive(here.channel, update);
  await here.channel.whenCommitted();
  assert.equal(here.peered, [
    ["wrote", ['{"key":"k"}'], undefined],
    ["wrote", ['{"id":1}', '{"id":2}'], "rest"],
    ["wrote", ['{"id":2}'], undefined],
    ["heard", "key", 5],
    ["changed", ['{"id":1}']],
  ]);
});

test("is stored at once without a store", async (t) => {
  const { local } = create(t);
  local.data.set("k", 1, {});
  await local.whenStored();
});
