// `npm run crash-test:fold -- KILLS [SEED]`: kills while the store folds its log into a snapshot. Only kills that hit a
// running fold count.
import { inFolder, print, printVerdict, runCommand, someSeed, wholeNumber } from "./arguments.js";
import { describeCrashResult } from "./crash-report.js";
import { runCrashTest } from "./crash-run.js";
import { planFoldCycle } from "./crash-plan.js";

const USAGE = "usage: npm run crash-test:fold -- [KILLS [SEED]]   default 100 and a random seed";

await runCommand(([kills, seedText]) => {
  const foldKills = wholeNumber(kills, 100, USAGE);
  const seed = wholeNumber(seedText, someSeed(), USAGE);
  print(`seed ${seed}`);
  return inFolder(async (folder) => {
    const result = await runCrashTest({
      plan: planFoldCycle,
      foldKills,
      cycles: foldKills * 3,
      seed,
      folder,
    });
    print(describeCrashResult(result));
    const missing = result.foldKills < foldKills ? [`only ${result.foldKills} kills hit a fold`] : [];
    return printVerdict([...result.failures, ...missing]);
  });
});
