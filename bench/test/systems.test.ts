// Every system that is installed here goes through all workloads at the smallest size: what is compared at the end of
// each must be equal. The processes of a system go on from workload to workload, as in a quick run.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { Cluster } from "../src/cluster.js";
import { ClusterPool } from "../src/cluster-pool.js";
import { measureWorkload } from "../src/measure.js";
import { loadSystem, SYSTEM_IDS } from "../src/systems/index.js";
import { WORKLOADS } from "../src/workloads/index.js";

const test = suite("bench systems", { deadlineMs: 90_000 });

/** This one is about the heap and waits for calm: `npm run bench -- --tiny` has it. */
const LEFT_OUT = ["channels"];

for (const id of SYSTEM_IDS) {
  const system = await loadSystem(id);
  const missing = system.unavailable();
  if (missing !== undefined) {
    test.skip(`${system.name} ends every workload with equal contents`, missing);
    continue;
  }
  test(`${system.name} ends every workload with equal contents`, async (t) => {
    const root = mkdtempSync(join(tmpdir(), "chorus-bench-"));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    const pool = new ClusterPool({ root, commandMs: 30_000, keepsProcesses: true });
    t.after(() => pool.end());
    const systems = new Map([[id, system]]);
    for (const [name, workload] of WORKLOADS) {
      if (LEFT_OUT.includes(name)) continue;
      const result = await measureWorkload(workload, systems, {
        size: "tiny",
        rounds: 1,
        idleSeconds: 0.1,
        pool,
      });
      const [{ reason, figures = {} } = {}] = result.systems;
      if (workload.excludes(id, system) !== undefined) {
        assert.equal(figures, {}, name);
        continue;
      }
      assert.is(reason, undefined, `${name}: ${reason}`);
      for (const { samples } of Object.values(figures)) {
        assert.ok(
          samples.every((sample) => Number.isFinite(sample)),
          `${name}: ${samples}`,
        );
      }
      const [first] = workload.metrics;
      assert.ok((figures[first?.id ?? ""]?.median ?? 0) > 0, `${name} has its first figure`);
    }
  });
}

test("contents that differ, or are not as written, are told", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "chorus-bench-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const system = await loadSystem("wire");
  const options = { id: "wire", system, workload: "test", root, commandMs: 30_000, convergeMs: 0 };
  const cluster = new Cluster(options);
  t.after(() => cluster.end());
  await cluster.start(2);
  const job = { prefix: "key", keys: 3, sets: 3, marker: "end" };
  await cluster.write([{ node: 0, job }]);
  assert.is(await cluster.compare(), 4);
  assert.match(await failure(cluster.compare("0123456789")), /differ.*expected 01234567/);
  await cluster.ask(1, "goOffline", undefined);
  await cluster.ask(0, "write", { job: { ...job, firstSerial: 9 } });
  assert.match(await failure(cluster.compare()), /contents of the nodes differ: 4 keys/);
});

test("ratios and medians of a run are those of its samples", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "chorus-bench-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const systems = new Map([
    ["wire", await loadSystem("wire")],
    ["chorus", await loadSystem("chorus")],
  ]);
  const workload = WORKLOADS.get("yielding");
  if (workload === undefined) throw new Error("no workload yielding");
  const pool = new ClusterPool({ root, commandMs: 30_000, keepsProcesses: false });
  const { systems: measured } = await measureWorkload(workload, systems, {
    size: "tiny",
    rounds: 3,
    idleSeconds: 1,
    pool,
  });
  const [limit, other] = measured.map(({ figures }) => figures.cpu);
  const ratios = (other?.samples ?? []).map(
    (sample, round) => sample / (limit?.samples[round] ?? Number.NaN),
  );
  assert.is(ratios.length, 3);
  assert.is(other?.ratio, ratios.toSorted((a, b) => a - b)[1]);
  assert.is(other?.median, other?.samples.toSorted((a, b) => a - b)[1]);
  assert.is(limit?.ratio, 1);
});

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("nothing failed");
}
