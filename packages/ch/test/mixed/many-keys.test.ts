import { monitorEventLoopDelay } from "node:perf_hooks";
import { assert, suite, until } from "@chorus/testing";
import { node } from "../support.js";
import { chorusMemberOf, contentsOf, type Contents, FAST } from "./members.js";
import { manyEntries } from "./many-entries.js";
import { OriginalThread } from "./original-thread.js";

const test = suite("many keys at an original", { deadlineMs: 60_000 });

const COUNT = 20_000;

test(`${COUNT} keys of mixed shapes are pulled, and pushed to another original`, async (t) => {
  const [full, empty] = [await OriginalThread.start(t, COUNT), await OriginalThread.start(t, 0)];
  const one = await node(t, { ...FAST, restIntervalMs: 250 });
  const here = chorusMemberOf("C0", one);
  const entries = [...manyEntries(COUNT)];
  const wanted = contentsOf(
    entries.map(({ key }) => (typeof key === "object" ? key : { key })),
    entries.map(wrapped),
  );
  await measured("pull", async () => {
    await one.data.peer(undefined, undefined, [full.url]);
    await one.data.ready(30_000);
  });
  assertSame(here.contents(), wanted);
  await measured("push", async () => {
    await one.data.peer(undefined, undefined, [full.url, empty.url]);
    await until(() => one.data.links().every(({ status }) => status === "synced"), { deadlineMs: 30_000 });
    await one.data.waitForJobs(30_000);
  });
  assertSame(await empty.contents(), wanted);
  assertSame(await full.contents(), wanted);
  const requests = await empty.requests();
  const puts = requests.filter((request) => request.startsWith("PUT"));
  process.stdout.write(
    `  pushed with ${puts.length} PUT, ${puts.filter((put) => put === "PUT a").length} of them setAll\n`,
  );
  assert.ok(!(await full.requests()).some((request) => /PUT|DELETE/.test(request)), "nothing is sent back");
  assert.equal(one.errors, []);
});

/** Reports how long it took, and for how long at most nothing else could happen here. */
async function measured(what: string, run: () => Promise<void>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const began = performance.now();
  delay.enable();
  await run();
  delay.disable();
  const tookMs = Math.round(performance.now() - began);
  process.stdout.write(
    `  ${what} of ${COUNT} keys: ${tookMs} ms, longest stall ${Math.round(delay.max / 1e6)} ms\n`,
  );
}

function wrapped({ key, value }: { readonly key: unknown; readonly value: unknown }): unknown {
  return typeof value === "object" ? value : { key, value };
}

function assertSame(held: Contents, wanted: Contents): void {
  assert.is(held.size, wanted.size);
  for (const [key, value] of wanted) if (held.get(key) !== value) assert.is(held.get(key), value, key);
}
