import { assert, suite } from "@chorus/testing";
import { describeProcessesResult, EQUAL_WITHIN_MS, runProcesses } from "../src/processes-run.js";
import { printedSeed, temporaryFolder } from "./support.js";

const test = suite("mesh of processes", { deadlineMs: 110_000 });

test("is equal soon after the last of many faults, and has lost nothing acknowledged", async (t) => {
  const seed = printedSeed("mesh");
  const result = await runProcesses({ durationMs: 15_000, seed, folder: temporaryFolder(t) });
  process.stdout.write(`${describeProcessesResult(result)}\n`);
  assert.equal(result.failures, []);
  assert.ok((result.equalAfterMs ?? Number.POSITIVE_INFINITY) <= EQUAL_WITHIN_MS);
  assert.ok(result.acknowledged > 500, `only ${result.acknowledged} writes were acknowledged`);
  assert.ok(result.faults.of("kills") > 0);
  assert.is(result.identities, 5);
});

test("finds out when processes acknowledge without waiting for their stores", async (t) => {
  const seed = printedSeed("mesh that acknowledges early");
  const options = { durationMs: 40_000, processes: 2, acknowledgesEarly: true };
  const { failures } = await runProcesses({ ...options, seed, folder: temporaryFolder(t) });
  assert.match(failures.join("\n"), /must show/);
});
