// Large channels: no turn may hold up the process for long.
import { systemRuntime } from "@chorus/core";
import { openStore } from "@chorus/node";
import { assert, suite, until } from "@chorus/testing";
import { StoredChannels } from "../../src/stored-channels.js";
import { folder } from "../support.js";
import { FakeOriginal } from "./fake-original.js";
import { linkedChannel } from "./linked-channel.js";

const test = suite("originals at scale", { deadlineMs: 50_000 });

const COUNT = 100_000;
const URL = "http://one/data";

test("100,000 keys come over, in short turns", async (t) => {
  const original = new FakeOriginal(systemRuntime);
  for (let id = 0; id < COUNT; id++) original.set({ id }, { id, name: `row ${id}`, tags: ["a", "b"] });
  const here = linkedChannel({
    runtime: systemRuntime,
    originals: { [URL]: original },
    restIntervalMs: 200,
  });
  t.after(() => here.close());
  const stalls = watchStalls();
  const began = performance.now();
  await here.peer([URL]);
  await until(() => here.statuses.at(-1)?.endsWith("synced"), { deadlineMs: 40_000 });
  assert.is(here.channel.size, COUNT);
  console.log(
    `  first pull ${Math.round(performance.now() - began)} ms, longest turn ${Math.round(stalls.take())} ms`,
  );
  assert.equal(original.writes, []);
  stalls.stop();
});

test("100,000 keys go over to an empty original in 200 requests", async (t) => {
  const original = new FakeOriginal(systemRuntime);
  const here = linkedChannel({ runtime: systemRuntime, originals: { [URL]: original } });
  t.after(() => here.close());
  here.channel.update(
    Array.from({ length: COUNT }, (_, id) => [`{"id":${id}}`, { id, name: `row ${id}` }] as const),
  );
  await here.channel.whenCommitted();
  const stalls = watchStalls();
  const began = performance.now();
  await here.peer([URL]);
  await until(() => here.statuses.at(-1)?.endsWith("synced"), { deadlineMs: 40_000 });
  console.log(
    `  pushed in ${Math.round(performance.now() - began)} ms, longest turn ${Math.round(stalls.stop())} ms`,
  );
  assert.is(original.rows.size, COUNT);
  assert.is(original.writes.length, COUNT / 500);
});

test("what is known of 100,000 keys is kept and loaded in short turns", async (t) => {
  const original = new FakeOriginal(systemRuntime);
  for (let id = 0; id < COUNT; id++) original.set({ id }, { id, name: `row ${id}` });
  const path = await folder(t);
  const open = async () => {
    const { store } = await openStore(path);
    const ignore = (): void => undefined;
    const stored = new StoredChannels({ store, runtime: systemRuntime, onOpened: ignore, onLoss: ignore });
    const here = linkedChannel({ runtime: systemRuntime, originals: { [URL]: original }, stored });
    const close = () => here.close().then(() => stored.close());
    return { here, close };
  };
  const first = await open();
  await first.here.peer([URL]);
  await until(() => first.here.statuses.at(-1)?.endsWith("synced"), { deadlineMs: 40_000 });
  original.mood = "down";
  first.here.set({ id: 5 }, { id: 5, name: "ours" });
  let began = performance.now();
  let stalls = watchStalls();
  await first.close();
  console.log(
    `  kept within ${Math.round(performance.now() - began)} ms of the end, longest turn ${Math.round(stalls.stop())} ms`,
  );
  original.mood = "up";
  original.set({ id: -1 }, { id: -1 });
  original.requests.length = 0;
  const second = await open();
  t.after(() => second.close());
  assert.is(second.here.channel.size, COUNT);
  stalls = watchStalls();
  began = performance.now();
  await second.here.peer([URL]);
  // The first question of the link, when it knows.
  await until(() => original.requests.length > 0, { deadlineMs: 40_000, what: "the first pull" });
  console.log(
    `  loaded in ${Math.round(performance.now() - began)} ms, longest turn ${Math.round(stalls.stop())} ms`,
  );
  const hasOurs = (): boolean => (original.get({ id: 5 }) as { name?: string }).name === "ours";
  await until(hasOurs, { deadlineMs: 40_000, what: "the write" });
  assert.is(original.writes.length, 1);
});

/** The longest time between two turns. The fake's own work is part of it. */
function watchStalls() {
  let longest = 0;
  let last = performance.now();
  let isOn = true;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isOn) setImmediate(look);
  };
  setImmediate(look);
  const take = (): number => {
    const taken = longest;
    longest = 0;
    return taken;
  };
  return {
    take,
    stop: () => {
      isOn = false;
      return take();
    },
  };
}
