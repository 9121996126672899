import { assert, suite } from "@chorus/testing";
import { planFoldCycle } from "../src/crash-plan.js";
import { describeCrashResult } from "../src/crash-report.js";
import { runCrashTest } from "../src/crash-run.js";
import { printedSeed, temporaryFolder } from "./support.js";

const test = suite("kills while folding", { deadlineMs: 100_000 });

test("loses nothing to ten kills in the middle of a fold", async (t) => {
  const seed = printedSeed("kills while folding");
  const options = { plan: planFoldCycle, cycles: 40, foldKills: 10, maxMs: 70_000 };
  const result = await runCrashTest({ ...options, seed, folder: temporaryFolder(t) });
  process.stdout.write(`${describeCrashResult(result)}\n`);
  assert.equal(result.failures, []);
  assert.is(result.foldKills, 10);
});
