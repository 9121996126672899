// Runs a workload over systems and rounds. Systems run in turn within a round, so that all meet the same machine; the
// first rounds warm up and are not counted. Must never let two systems run at the same time.
import type { Cluster } from "./cluster.js";
import type { ClusterPool } from "./cluster-pool.js";
import { TimeLimitExceeded } from "./node/node-process.js";
import type { MetricInfo, SystemResult, WorkloadResult } from "./report/results.js";
import { figureOf } from "./report/summary.js";
import { ContentsDiffer } from "./run.js";
import { isChorus, WIRE_ID } from "./systems/index.js";
import type { System } from "./systems/system.js";
import type { RunOptions, Sample, Size, Workload, WorkloadSize } from "./workloads/workload.js";

/** What is measured, and how. */
export interface MeasureOptions extends RunOptions {
  readonly size: Size;
  /** Overrides the rounds of each workload. */
  readonly rounds?: number | undefined;
  readonly pool: ClusterPool;
}

/** A system in one workload, over its rounds. */
interface Contender {
  readonly id: string;
  readonly system: System;
  readonly cluster: Cluster | undefined;
  readonly samples: Sample[];
  reason: string | undefined;
  failed: boolean;
}

/** The workload over all these systems; what fails is told in the result. */
export async function measureWorkload(
  workload: Workload<WorkloadSize>,
  systems: ReadonlyMap<string, System>,
  options: MeasureOptions,
): Promise<WorkloadResult> {
  const size = workload.sizes[options.size];
  const rounds = options.rounds ?? size.rounds;
  const contenders = [...systems].map(([id, system]) => contenderOf(workload, { id, system }, options.pool));
  try {
    const warmUps = needsFreshProcesses(workload, options) ? 0 : (size.warmUps ?? 1);
    for (let round = 1 - warmUps; round <= rounds; round++) {
      for (const contender of contenders) {
        if (contender.reason === undefined) await runOnce(workload, contender, { ...options, round });
      }
    }
  } finally {
    await Promise.all(contenders.map(({ cluster }) => cluster && options.pool.giveBack(cluster)));
  }
  return resultOf(workload, contenders, { rounds, description: workload.describe(size) });
}

function contenderOf(
  workload: Workload<WorkloadSize>,
  { id, system }: { id: string; system: System },
  pool: ClusterPool,
): Contender {
  const reason = system.unavailable() ?? workload.excludes(id, system);
  const cluster = reason === undefined ? pool.take({ id, system, workload: workload.id }) : undefined;
  return { id, system, cluster, samples: [], reason, failed: false };
}

async function runOnce(
  workload: Workload<WorkloadSize>,
  contender: Contender,
  options: MeasureOptions & { round: number },
): Promise<void> {
  const { cluster, samples } = contender;
  if (cluster === undefined) return;
  try {
    const size = workload.sizes[options.size];
    if (size.rehearses && options.round > 0) {
      await workload.run(cluster, size, options);
      await cluster.close();
    }
    const sample = await workload.run(cluster, size, options);
    await cluster.close();
    if (needsFreshProcesses(workload, options)) await cluster.end();
    if (options.round > 0) samples.push(sample);
  } catch (error) {
    contender.reason = error instanceof Error ? error.message : String(error);
    // A peer that is too slow for its time is no failure of the bench; Chorus that hangs is.
    contender.failed = !(error instanceof TimeLimitExceeded) || isChorus(contender.id);
    if (contender.failed && !(error instanceof ContentsDiffer)) process.stderr.write(`${describe(error)}\n`);
    await cluster.end();
  }
}

/** Only figures of the full size are worth the time that new processes take. */
function needsFreshProcesses({ freshProcesses }: Workload<WorkloadSize>, { size }: MeasureOptions): boolean {
  return freshProcesses === true && size === "full";
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function resultOf(
  workload: Workload<WorkloadSize>,
  contenders: readonly Contender[],
  { rounds, description }: { rounds: number; description: string },
): WorkloadResult {
  const reference = contenders.find(({ id }) => id === (workload.comparedWith ?? WIRE_ID));
  const metrics = workload.metrics.map(
    ({ id, title, unit, digits = 2, compared = true, charted = true }): MetricInfo => ({
      id,
      title,
      unit,
      digits,
      compared: compared && reference !== undefined,
      charted,
    }),
  );
  const { id, title, aim } = workload;
  const systems = contenders.map((contender) => systemResult(contender, metrics, reference));
  const comparedWith = reference?.system.name ?? "";
  return { id, title, aim, description, rounds, comparedWith, metrics, systems };
}

function systemResult(
  { id, system, samples, reason, failed, cluster }: Contender,
  metrics: readonly MetricInfo[],
  reference: Contender | undefined,
): SystemResult {
  const figures = metrics.flatMap((metric) => {
    const figure = figureOf(metric.id, samples, metric.compared ? reference?.samples : undefined);
    return figure === undefined ? [] : [[metric.id, figure] as const];
  });
  const early = cluster?.looksTooEarly ?? 0;
  const late =
    early === 0
      ? []
      : [`its contents were equal only some time after the last key had arrived (${early} looks)`];
  return {
    id,
    name: system.name,
    ...(reason === undefined ? {} : { reason }),
    ...(failed ? { failed } : {}),
    remarks: late,
    figures: Object.fromEntries(figures),
  };
}
