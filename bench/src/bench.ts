// `npm run bench`: workloads over systems, side by side in one run, as tables, JSON and, with --write, docs/benchmarks.
// Ends with 1 when contents differ or something breaks. Must leave no process and no folder behind.
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type BenchOptions, readBenchOptions, usage } from "./bench-options.js";
import { ClusterPool } from "./cluster-pool.js";
import { machineLine } from "./machine.js";
import { measureWorkload } from "./measure.js";
import { assertComparable, mergeResults } from "./report/merge-results.js";
import type { Results, WorkloadResult } from "./report/results.js";
import { headLines, workloadText } from "./report/text.js";
import { writeDocuments } from "./report/write-documents.js";
import { print, run } from "./run.js";
import { loadSystem } from "./systems/index.js";
import type { System } from "./systems/system.js";
import { commitLine, versionsOf } from "./versions.js";
import { WORKLOADS } from "./workloads/index.js";

const JSON_PATH = join(import.meta.dirname, "..", "results.json");
/** Replaced by --write only. */
const DOCUMENTS = join(import.meta.dirname, "..", "..", "..", "docs", "benchmarks");

await run(async () => {
  const options = readBenchOptions(process.argv.slice(2));
  if (options === undefined) print(usage());
  else await bench(options);
});

async function bench(options: BenchOptions): Promise<void> {
  const systems = new Map<string, System>();
  for (const id of options.systems) systems.set(id, await loadSystem(id));
  const head = await headOf(options, systems);
  print(`${headLines({ ...head, workloads: [] }).join("\n")}\n`);
  const root = await mkdtemp(join(options.folder ?? tmpdir(), "chorus-bench-"));
  removeOnSignal(root);
  try {
    const written = await writtenResults(options, head);
    const workloads = await measureAll(options, systems, root);
    const results: Results = { ...head, workloads };
    const path = resolve(options.json ?? JSON_PATH);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${JSON.stringify(results, undefined, 2)}\n`);
    if (options.write) {
      const all = written ? mergeResults(written, results, [...WORKLOADS.keys()]) : results;
      await writeDocuments(DOCUMENTS, all);
    }
    tellFailures(workloads);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** What is written of workloads that are not measured now. @throws Error when that cannot stand beside this run */
async function writtenResults(
  { write, workloads }: BenchOptions,
  head: Omit<Results, "workloads">,
): Promise<Results | undefined> {
  if (!write || workloads.length === WORKLOADS.size) return undefined;
  const written = JSON.parse(await readFile(join(DOCUMENTS, "results.json"), "utf8")) as Results;
  assertComparable(written, head);
  return written;
}

/** Nodes end by themselves when this process does; their folders do not. */
function removeOnSignal(folder: string): void {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(code);
    });
  }
}

async function measureAll(
  options: BenchOptions,
  systems: ReadonlyMap<string, System>,
  root: string,
): Promise<WorkloadResult[]> {
  const { size, rounds, idleSeconds, limitSeconds } = options;
  const folder = process.env.CHORUS_BENCH_PROFILE;
  const pool = new ClusterPool({
    root,
    commandMs: limitSeconds * 1_000,
    profileFolder: folder === undefined ? undefined : resolve(folder),
    keepsProcesses: size !== "full",
  });
  const workloads: WorkloadResult[] = [];
  try {
    for (const id of options.workloads) {
      const workload = WORKLOADS.get(id);
      if (workload === undefined) continue;
      const result = await measureWorkload(workload, systems, { size, rounds, idleSeconds, pool });
      // As soon as it is known: a run of everything takes long.
      print(`${workloadText(result)}\n`);
      workloads.push(result);
    }
  } finally {
    await pool.end();
  }
  return workloads;
}

async function headOf(
  options: BenchOptions,
  systems: ReadonlyMap<string, System>,
): Promise<Omit<Results, "workloads">> {
  return {
    machine: machineLine(),
    date: new Date().toISOString().slice(0, 10),
    commit: await commitLine(),
    command: commandOf(process.argv.slice(2)),
    size: options.size,
    idleSeconds: options.idleSeconds,
    versions: await versionsOf([...systems.values()]),
  };
}

/** A failure is in the tables; here it decides how the process ends. */
function tellFailures(workloads: readonly WorkloadResult[]): void {
  for (const { id, systems } of workloads) {
    for (const { name, failed, reason } of systems) {
      if (!failed) continue;
      process.stderr.write(`FAIL ${id}, ${name}: ${reason}\n`);
      process.exitCode = 1;
    }
  }
}

/** The command as anybody could give it: where a file or folder lay on one machine tells nothing. */
function commandOf(given: readonly string[]): string {
  const kept = given.filter(
    (argument, i) => !/^--(json|folder)/.test(argument) && !/^--(json|folder)$/.test(given[i - 1] ?? ""),
  );
  return ["npm run bench --", ...kept].join(" ").replace(/ --$/, "");
}
