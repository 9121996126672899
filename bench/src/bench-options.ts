// The command line of `npm run bench`. Must never run anything for an argument that it does not understand.
import { parseArgs } from "node:util";
import { countArgument } from "./run.js";
import { SYSTEM_IDS, WIRE_ID } from "./systems/index.js";
import { WORKLOADS } from "./workloads/index.js";
import type { Size } from "./workloads/workload.js";

/** What a run is asked to do. */
export interface BenchOptions {
  readonly size: Size;
  readonly workloads: readonly string[];
  readonly systems: readonly string[];
  readonly rounds: number | undefined;
  readonly idleSeconds: number;
  /** Time for each command to a node. */
  readonly limitSeconds: number;
  /** Where durable nodes keep their folders; default: the system's folder for such things. */
  readonly folder: string | undefined;
  /** Where the results go as JSON; default: beside the built bench. */
  readonly json: string | undefined;
  /** Replaces docs/benchmarks. */
  readonly write: boolean;
}

const FLAGS = {
  quick: { type: "boolean" },
  tiny: { type: "boolean" },
  write: { type: "boolean" },
  help: { type: "boolean" },
  only: { type: "string" },
  systems: { type: "string" },
  rounds: { type: "string" },
  folder: { type: "string" },
  json: { type: "string" },
  "idle-seconds": { type: "string" },
  "limit-seconds": { type: "string" },
} as const;

const IDLE_SECONDS: { readonly [size in Size]: number } = { full: 60, quick: 0.25, tiny: 0.25 };
const LIMIT_SECONDS = 300;

/** What `--help` prints. */
export function usage(): string {
  return `npm run bench -- [options]
  --quick               small sizes, less than a minute for all; much of it is code that V8 has not compiled yet
  --tiny                just to see that everything works
  --only WORKLOAD,..    ${[...WORKLOADS.keys()].join(", ")}
  --systems NAME,..     ${SYSTEM_IDS.join(", ")}
  --rounds N            rounds that count, after those that warm up
  --idle-seconds N      how long a state idles before it is measured again; default 60, quick 0.25
  --limit-seconds N     time for each command to a node; default ${LIMIT_SECONDS}
  --folder PATH         where durable nodes keep their folders; default: the system's folder for temporary files
  --json PATH           where the results go as JSON; default: bench/dist/results.json
  --write               writes docs/benchmarks; with --only, the other workloads stay there as they are

CHORUS_BENCH_PROFILE=FOLDER lets every node process write a CPU profile there.
`;
}

/** @throws Error naming the argument that is wrong; undefined when only help is asked for */
export function readBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: FLAGS });
  if (values.help) return undefined;
  if (values.quick && values.tiny) throw new Error("--quick and --tiny exclude each other");
  const size: Size = values.tiny ? "tiny" : values.quick ? "quick" : "full";
  const options = {
    size,
    workloads: chosen("--only", values.only, [...WORKLOADS.keys()]),
    systems: chosen("--systems", values.systems, SYSTEM_IDS),
    rounds: values.rounds === undefined ? undefined : countArgument("--rounds", values.rounds, 1),
    idleSeconds:
      values["idle-seconds"] === undefined
        ? IDLE_SECONDS[size]
        : countArgument("--idle-seconds", values["idle-seconds"], 1),
    limitSeconds: countArgument("--limit-seconds", values["limit-seconds"], LIMIT_SECONDS),
    folder: values.folder,
    json: values.json,
    write: values.write === true,
  };
  if (options.write && (size !== "full" || !options.systems.includes(WIRE_ID))) {
    throw new Error("--write needs the full sizes and the wire limit");
  }
  return options;
}

/** Those that are named, in the order in which there are. @throws Error naming one that there is not */
function chosen(flag: string, text: string | undefined, all: readonly string[]): string[] {
  if (text === undefined) return [...all];
  const names = text.split(",");
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`${flag}: no ${unknown}; there are ${all.join(", ")}`);
  return all.filter((name) => names.includes(name));
}
