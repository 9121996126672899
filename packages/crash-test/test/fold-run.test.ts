import { assert, suite } from "@chorus/testing";
import { planFoldCycle } from "../src/crash-plan.js";
import { describeCrashResult } from "../src/crash-report.js";
import { runCrashTest } from "../src/crash-run.js";
import { printedSeed, temporaryFolder } from "./support.js";

const test = suite("kills while folding", { deadlineMs: 100_000 });

/** As many as a busy machine has time for; the run prints how many they were. */
const LEAST_KILLS = 5;

test("loses nothing to up to ten kills in the middle of a fold", async (t) => {
  const seed = printedSeed("kills while folding");
  const options = { plan: planFoldCycle, cycles: 40, foldKills: 10, maxMs: 70_000 };
  const result = await runCrashTest({ ...options, seed, folder: temporaryFolder(t) });
  process.stdout.write(`${describeCrashResult(result)}\n`);
  assert.equal(result.failures, []);
  assert.ok(result.foldKills >= LEAST_KILLS, `only ${result.foldKills} kills hit a fold`);
});
