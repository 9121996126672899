// `npm run crash-test:fold -- KILLS [SEED]`: kills while the store folds its log into a snapshot. Only kills that hit a
// running fold count. They come in rounds, each with a new store: every killed session leaves its entries to be cleaned
// by sessions that live longer, so that after some dozen kills a start and a fold would take many seconds.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { inFolder, print, printVerdict, runCommand, someSeed, wholeNumber } from "./arguments.js";
import { describeCrashResult } from "./crash-report.js";
import { runCrashTest } from "./crash-run.js";
import { planFoldCycle } from "./crash-plan.js";

const USAGE = "usage: npm run crash-test:fold -- [KILLS [SEED]]   default 100 and a random seed";

/** Kills of one store. */
const ROUND_KILLS = 15;

await runCommand(([kills, seedText]) => {
  const wanted = wholeNumber(kills, 100, USAGE);
  const seed = wholeNumber(seedText, someSeed(), USAGE);
  return inFolder(async (root) => {
    const failures: string[] = [];
    let hits = 0;
    let cyclesLeft = wanted * 3;
    for (let round = 0; hits < wanted && cyclesLeft > 0 && failures.length === 0; round++) {
      const folder = join(root, String(round));
      mkdirSync(folder);
      print(`seed ${seed + round}`);
      const result = await runCrashTest({
        plan: planFoldCycle,
        foldKills: Math.min(ROUND_KILLS, wanted - hits),
        cycles: Math.min(ROUND_KILLS * 3, cyclesLeft),
        seed: seed + round,
        folder,
      });
      hits += result.foldKills;
      cyclesLeft -= result.cycles;
      failures.push(...result.failures);
      print(describeCrashResult(result));
    }
    print(`${hits} kills hit a fold`);
    if (hits < wanted && failures.length === 0) failures.push(`only ${hits} kills hit a fold`);
    return printVerdict(failures);
  });
});
