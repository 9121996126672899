// `npm run simulate -- SEEDS STEPS [options]`: runs the simulation, prints what happened and ends with 1 when
// any seed failed. A planted fault turns that round: then it fails unless some seed catches it.
import { parseArgs } from "node:util";
import { type FaultName, faultNames } from "./simulation/faults.js";
import { profileNames } from "./simulation/profile.js";
import { blindSpots, describeCounters, describeFailure } from "./simulation/report.js";
import { runSeeds } from "./simulation/run-seeds.js";
import { simulate } from "./simulation/simulate.js";

const USAGE = `usage: npm run simulate -- [SEEDS [STEPS]] [options]
  SEEDS            how many worlds to run, default 200
  STEPS            random actions in each, default 300
  --seed N         the first seed, default 1
  --profile NAME   the same kind of world for all: ${profileNames.join(", ")}
  --fault NAME     plants a fault, which must be caught: ${faultNames.join(", ")}
  --jobs N         threads, default one for each core
  --trace          prints the event log of the one seed that --seed names`;

/** Failures shown in full; the others are counted. */
const SHOWN_FAILURES = 10;

/** A sign of life after each so many seeds. */
const PROGRESS_SEEDS = 500;

interface CommandOptions {
  seeds: number;
  steps: number;
  firstSeed: number;
  trace: boolean;
  fault?: FaultName;
  profile?: string;
  jobs?: number;
}

/** @throws Error with the usage when an argument is wrong */
function parseCommand(args: string[]): CommandOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      seed: { type: "string" },
      profile: { type: "string" },
      fault: { type: "string" },
      jobs: { type: "string" },
      trace: { type: "boolean" },
    },
  });
  const { profile, fault } = values;
  if (profile !== undefined && !profileNames.includes(profile))
    throw new Error(`no profile ${profile}\n${USAGE}`);
  if (fault !== undefined && !faultNames.includes(fault as FaultName))
    throw new Error(`no fault ${fault}\n${USAGE}`);
  return {
    seeds: count(positionals[0], 200),
    steps: count(positionals[1], 300),
    firstSeed: count(values.seed, 1),
    trace: values.trace ?? false,
    ...(fault !== undefined && { fault: fault as FaultName }),
    ...(profile !== undefined && { profile }),
    ...(values.jobs !== undefined && { jobs: count(values.jobs, 1) }),
  };
}

function count(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new Error(`not a count: ${text}\n${USAGE}`);
  return Number(text);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs one seed in this thread and prints its event log. @returns whether it went as it should */
async function traceSeed({ firstSeed, ...options }: CommandOptions): Promise<boolean> {
  const run = await simulate({ ...options, seed: firstSeed, trace: print });
  print(`fingerprint ${run.fingerprint}`);
  if (run.failures.length > 0) print(describeFailure(run, options));
  return run.failures.length === 0;
}

/** @returns whether all seeds passed; with a fault, whether some seed caught it */
async function runAll(options: CommandOptions): Promise<boolean> {
  const startMs = performance.now();
  let done = 0;
  const onResult = (): void => {
    // To the other stream: the report itself is the same whenever the same seeds run.
    if (++done % PROGRESS_SEEDS === 0) process.stderr.write(`${done} of ${options.seeds} seeds\n`);
  };
  const { failed, counters, seedsDone } = await runSeeds({ ...options, onResult });
  for (const run of failed.slice(0, SHOWN_FAILURES)) print(describeFailure(run, options));
  if (failed.length > SHOWN_FAILURES) {
    const seeds = failed.slice(SHOWN_FAILURES, 200).map(({ seed }) => seed);
    print(`failed too: ${seeds.join(" ")}${failed.length > 200 ? " and more" : ""}`);
  }
  print(describeCounters(counters));
  const seconds = (performance.now() - startMs) / 1_000;
  const pace = Math.round((seedsDone * options.steps) / seconds);
  print(`${seedsDone} seeds of ${options.steps} steps in ${seconds.toFixed(1)} s, ${pace} steps a second`);
  if (options.fault) {
    print(`the fault ${options.fault} was caught by ${failed.length} of ${seedsDone} seeds`);
    return failed.length > 0;
  }
  const blind = blindSpots(counters);
  if (blind.length > 0) print(`never happened in these seeds: ${blind.join(", ")}`);
  print(`${seedsDone - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0;
}

try {
  const options = parseCommand(process.argv.slice(2));
  const passed = await (options.trace ? traceSeed(options) : runAll(options));
  process.exitCode = passed ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
