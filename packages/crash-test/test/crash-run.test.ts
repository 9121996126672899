import { assert, suite } from "@chorus/testing";
import { faultNames } from "../src/crash-faults.js";
import { describeCrashResult } from "../src/crash-report.js";
import { runCrashTest } from "../src/crash-run.js";
import { printedSeed, temporaryFolder } from "./support.js";

const test = suite("crash test", { deadlineMs: 90_000 });

test("loses nothing acknowledged over many kills, and ends with three equal replicas", async (t) => {
  const seed = printedSeed("crash test");
  const result = await runCrashTest({ cycles: 60, seed, folder: temporaryFolder(t), maxMs: 28_000 });
  process.stdout.write(`${describeCrashResult(result)}\n`);
  assert.equal(result.failures, []);
  assert.ok(result.cycles >= 5, `only ${result.cycles} cycles in the time given`);
  assert.ok(result.acknowledged > 1_000, `only ${result.acknowledged} writes were acknowledged`);
  assert.ok(result.synced.count > 0, "no victim ever got in sync");
});

for (const fault of faultNames) {
  test(`finds the planted fault ${fault}`, async (t) => {
    const seed = printedSeed(fault);
    const { failures } = await runCrashTest({ cycles: 60, seed, folder: temporaryFolder(t), fault });
    assert.ok(failures.length > 0, "not found");
    assert.match(
      failures.join("\n"),
      fault === "acknowledge-early" ? /must show/ : /must show|store-damaged/,
    );
  });
}
