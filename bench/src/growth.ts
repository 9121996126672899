// `npm run bench:growth [-- --only SERIES,..] [--rounds N] [--tiny] [--write]`: how the cost of Chorus grows with keys,
// peers, channels and sessions. Each point has a process of its own, one after the other. Must leave no process behind.
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GROWTH } from "./growth/index.js";
import { growthText, writeGrowth } from "./growth/reports.js";
import type { GrowthResults, SeriesResult } from "./growth/results.js";
import type { GrowthSeries } from "./growth/series.js";
import { machineLine } from "./machine.js";
import { countArgument, print, run } from "./run.js";
import { median } from "./table.js";
import { commitLine } from "./versions.js";

type Figures = { readonly [metric: string]: number };

interface GrowthOptions {
  readonly series: readonly GrowthSeries[];
  readonly rounds: number;
  readonly tiny: boolean;
  readonly write: boolean;
}

const DEFAULT_ROUNDS = 3;
const POINT_SCRIPT = join(import.meta.dirname, "growth", "point-main.js");
/** Two replicas of a million keys need more than Node takes by itself on a small machine. */
const POINT_ARGUMENTS = ["--expose-gc", "--max-old-space-size=4096"];
/** Replaced by --write only. */
const DOCUMENTS = join(import.meta.dirname, "..", "..", "..", "docs", "benchmarks");

await run(async () => {
  const options = readOptions(process.argv.slice(2));
  const head = {
    machine: machineLine(),
    date: new Date().toISOString().slice(0, 10),
    commit: await commitLine(),
    command: ["npm run bench:growth --", ...process.argv.slice(2)].join(" ").replace(/ --$/, ""),
    rounds: options.rounds,
  };
  print(`${head.machine}; commit ${head.commit}; ${head.date}; rounds: ${head.rounds}\n`);
  const series: SeriesResult[] = [];
  for (const one of options.series) {
    const result = await measureSeries(one, options);
    // As soon as it is known: all of it takes minutes.
    print(`${growthText(result)}\n`);
    series.push(result);
  }
  const results: GrowthResults = { ...head, series };
  if (options.write) await writeGrowth(DOCUMENTS, results);
});

/** @throws Error naming the argument that is wrong */
function readOptions(args: readonly string[]): GrowthOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      tiny: { type: "boolean" },
      write: { type: "boolean" },
    },
  });
  const names = values.only?.split(",") ?? [...GROWTH.keys()];
  const series = names.map((name) => {
    const found = GROWTH.get(name);
    if (found === undefined)
      throw new Error(`--only: no ${name}; there are ${[...GROWTH.keys()].join(", ")}`);
    return found;
  });
  const [tiny, write] = [values.tiny === true, values.write === true];
  if (write && (tiny || values.only !== undefined))
    throw new Error("--write needs all series and the full sizes");
  return { series, rounds: countArgument("--rounds", values.rounds, tiny ? 1 : DEFAULT_ROUNDS), tiny, write };
}

async function measureSeries(series: GrowthSeries, { rounds, tiny }: GrowthOptions): Promise<SeriesResult> {
  const { id, title, axis, description, metrics } = series;
  const points = tiny ? series.tinyPoints : series.points;
  const samples: Figures[][] = points.map(() => []);
  // Round by round, so that a busy moment of the machine does not meet all rounds of one point.
  for (let round = 0; round < rounds; round++) {
    for (const [at, point] of points.entries()) samples[at]?.push(await measurePoint(id, point));
  }
  const figures = metrics.map((metric) => [
    metric.id,
    samples.map((each) => {
      const values = each.flatMap((sample) => sample[metric.id] ?? []);
      return values.length === 0 ? null : median(values);
    }),
  ]);
  return { id, title, axis, description, points, metrics, figures: Object.fromEntries(figures) };
}

/** In a process of its own. @throws Error when it ends without figures */
async function measurePoint(id: string, point: number): Promise<Figures> {
  const child = fork(POINT_SCRIPT, [id, `${point}`], { execArgv: POINT_ARGUMENTS });
  let figures: Figures | undefined;
  child.once("message", (message) => {
    figures = message as Figures;
  });
  const [code] = await once(child, "exit");
  if (figures === undefined) throw new Error(`${id} with ${point}: the process ended with ${code}`);
  return figures;
}
