// `npm run crash-test:processes -- MINUTES [SEED]`: five processes in a mesh under kills, freezes and broken connections.
import { inFolder, print, printVerdict, runCommand, someSeed, wholeNumber } from "./arguments.js";
import { describeProcessesResult, runProcesses } from "./processes-run.js";

const USAGE = `usage: npm run crash-test:processes -- [MINUTES [SEED]]
  MINUTES  default 5; fractions such as 0.5 are fine
  SEED     default: a random one`;

await runCommand(([minutesText = "5", seedText]) => {
  const minutes = Number(minutesText);
  if (!(minutes > 0 && minutes <= 10_000))
    throw new Error(`not a number of minutes: ${minutesText}\n${USAGE}`);
  const seed = wholeNumber(seedText, someSeed(), USAGE);
  print(`seed ${seed}`);
  return inFolder(async (folder) => {
    const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
    const result = await runProcesses({ durationMs: minutes * 60_000, seed, folder, onProgress });
    print(describeProcessesResult(result));
    return printVerdict(result.failures);
  });
});
