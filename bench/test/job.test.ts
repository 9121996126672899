import { assert, suite } from "@chorus/testing";
import { contentsAfter, type Job, KeyChooser, keysOf } from "../src/node/job.js";
import { JobWriter } from "../src/node/job-writer.js";
import { recordOf } from "../src/records.js";
import type { SystemNode } from "../src/systems/system.js";

const test = suite("bench jobs");

const RANDOM: Job = { prefix: "key", keys: 7, sets: 40, seed: 5, firstSerial: 100, marker: "end" };

/** A node that is only a map. */
function mapNode(): { map: Map<string, unknown>; node: SystemNode } {
  const map = new Map<string, unknown>();
  const set = (key: string, value: unknown): void => void map.set(key, value);
  const setAll = (entries: readonly (readonly [string, unknown])[]): void => {
    for (const [key, value] of entries) map.set(key, value);
  };
  return { map, node: { set, setAll } as unknown as SystemNode };
}

test("keys in turn, each as often as the next", () => {
  const job: Job = { prefix: "key", keys: 3, sets: 7 };
  const chooser = new KeyChooser(job, keysOf(job));
  const keys = Array.from({ length: 7 }, (_, index) => chooser.next(index));
  assert.equal(keys, ["key:0", "key:1", "key:2", "key:0", "key:1", "key:2", "key:0"]);
});

test("what must come out is what is written, single or at once, in one turn or many", async () => {
  for (const variant of [{}, { setsPerTurn: 3 }, { atOnce: true }, { setsPerTurn: 20, pauseMs: 1 }]) {
    const job = { ...RANDOM, ...variant };
    const { map, node } = mapNode();
    await new JobWriter(node).write(job, false);
    assert.equal([...map].sort(), [...contentsAfter([job])].sort());
    assert.equal(map.get("end"), recordOf(140));
  }
});

test("about so many of a hundred sets go to shared keys, and the last write of each is remembered", async () => {
  const shared = { prefix: "shared", keys: 20, percent: 30 };
  const job: Job = { ...RANDOM, sets: 2_000, shared };
  const { map, node } = mapNode();
  const writer = new JobWriter(node);
  await writer.write(job, false);
  assert.is(writer.lastWrites.size, 20);
  for (const { key, serial } of writer.lastWrites.values()) assert.equal(map.get(key), recordOf(serial));
  const chooser = new KeyChooser(job, keysOf(job));
  let count = 0;
  for (let i = 0; i < job.sets; i++) if (chooser.next(i).startsWith("shared:")) count++;
  assert.ok(count > 500 && count < 700, `${count}`);
});

test("the moment of each set is told when it is asked for", async () => {
  const { times = [], startedAt, endedAt } = await new JobWriter(mapNode().node).write(RANDOM, true);
  assert.is(times.length, RANDOM.sets);
  assert.ok(times.every((time) => time >= startedAt && time <= endedAt));
});
