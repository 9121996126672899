// Large channels: no turn may hold up the process for long.
import { systemRuntime } from "@chorus/core";
import { assert, suite, until } from "@chorus/testing";
import { FakeOriginal } from "./fake-original.js";
import { linkedChannel } from "./linked-channel.js";

const test = suite("originals at scale", { deadlineMs: 50_000 });

const COUNT = 100_000;

test("100,000 keys come over, in short turns", async (t) => {
  const original = new FakeOriginal(systemRuntime);
  for (let id = 0; id < COUNT; id++) original.set({ id }, { id, name: `row ${id}`, tags: ["a", "b"] });
  const here = linkedChannel({
    runtime: systemRuntime,
    originals: { "http://one/data": original },
    restIntervalMs: 200,
  });
  t.after(() => here.close());
  const stalls = watchStalls();
  const began = performance.now();
  await here.peer(["http://one/data"]);
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
  const here = linkedChannel({ runtime: systemRuntime, originals: { "http://one/data": original } });
  t.after(() => here.close());
  here.channel.update(
    Array.from({ length: COUNT }, (_, id) => [`{"id":${id}}`, { id, name: `row ${id}` }] as const),
  );
  await here.channel.whenCommitted();
  const stalls = watchStalls();
  const began = performance.now();
  await here.peer(["http://one/data"]);
  await until(() => here.statuses.at(-1)?.endsWith("synced"), { deadlineMs: 40_000 });
  console.log(
    `  pushed in ${Math.round(performance.now() - began)} ms, longest turn ${Math.round(stalls.stop())} ms`,
  );
  assert.is(original.rows.size, COUNT);
  assert.is(original.writes.length, COUNT / 500);
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
