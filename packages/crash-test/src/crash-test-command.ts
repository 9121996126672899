// `npm run crash-test -- CYCLES [SEED] [--fault NAME]`: the crash test with its figures. With a planted fault it fails
// unless the fault is found.
import { parseArgs } from "node:util";
import { inFolder, print, printVerdict, runCommand, someSeed, wholeNumber } from "./arguments.js";
import { type FaultName, faultNames } from "./crash-faults.js";
import { describeCrashResult } from "./crash-report.js";
import { runCrashTest } from "./crash-run.js";

const USAGE = `usage: npm run crash-test -- [CYCLES [SEED]] [--fault NAME]
  CYCLES        kills, default 60
  SEED          default: a random one
  --fault NAME  plants a fault, which must be found: ${faultNames.join(", ")}`;

const PROGRESS_CYCLES = 50;

await runCommand(async (args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { fault: { type: "string" } },
  });
  const fault = faultNames.find((name) => name === values.fault);
  if (values.fault !== undefined && fault === undefined)
    throw new Error(`no fault ${values.fault}\n${USAGE}`);
  const cycles = wholeNumber(positionals[0], 60, USAGE);
  const seed = wholeNumber(positionals[1], someSeed(), USAGE);
  print(`seed ${seed}`);
  if (fault) return plant(fault, { cycles, seed });
  return inFolder(async (folder) => {
    const onCycle = (cycle: number): void => {
      if (cycle % PROGRESS_CYCLES === 0) process.stderr.write(`${cycle} of ${cycles} cycles\n`);
    };
    const result = await runCrashTest({ cycles, seed, folder, onCycle });
    print(describeCrashResult(result));
    return printVerdict(result.failures);
  });
});

async function plant(fault: FaultName, options: { cycles: number; seed: number }): Promise<boolean> {
  let found = 0;
  await inFolder(async (folder) => {
    const { failures, cycles } = await runCrashTest({ ...options, folder, fault });
    found = failures.length;
    for (const failure of failures) print(failure);
    print(`the fault ${fault} was ${found > 0 ? "found" : "NOT found"} in ${cycles} cycles`);
    return true;
  });
  return found > 0;
}
