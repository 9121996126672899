// One node sets keys one by one, two others receive: in a tight loop, and yielding to the event loop. Must count the CPU
// of all processes until everybody has everything.
import type { Cluster } from "../cluster.js";
import type { Job } from "../node/job.js";
import {
  excludesNone,
  expectedHash,
  grouped,
  markerOf,
  type Metric,
  type Sample,
  type Workload,
  type WorkloadSize,
} from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly sets: number;
}

/** Nodes of the workloads with two peers. */
export const NODES = 3;

const METRICS: readonly Metric[] = [
  { id: "cpu", title: "CPU of all per set", unit: "µs" },
  { id: "wall", title: "wall", unit: "ms", digits: 1 },
];

const SIZES = {
  full: { rounds: 5, warmUps: 2, rehearses: true, sets: 20_000 },
  quick: { rounds: 1, sets: 2_000 },
  tiny: { rounds: 1, warmUps: 0, sets: 300 },
};

/** Writes as one node, and compares. */
export async function writeSingly(cluster: Cluster, sets: number, setsPerTurn: number): Promise<Sample> {
  await cluster.start(NODES);
  const job: Job = { prefix: "key", keys: sets, sets, setsPerTurn, marker: markerOf(0) };
  const { cpuMicroseconds, wallMs } = await cluster.write([{ node: 0, job }]);
  await cluster.compare(expectedHash(job));
  return { cpu: cpuMicroseconds / sets, wall: wallMs };
}

/** The writer yields after every 100 sets. */
export const yielding: Workload<Sizes> = {
  id: "yielding",
  title: "Single sets, yielding every 100",
  aim: "CPU ≤ 3 × the wire limit, goal ≤ 2.3 ×",
  metrics: METRICS,
  sizes: SIZES,
  describe: ({ sets }) => `${grouped(sets)} sets by one node, two others receive`,
  excludes: excludesNone,
  run: (cluster, { sets }) => writeSingly(cluster, sets, 100),
};

/** The writer never yields. */
export const tightLoop: Workload<Sizes> = {
  ...yielding,
  id: "tight-loop",
  title: "Single sets in one tight loop",
  aim: "CPU ≤ 4 × the wire limit, goal ≤ 2.6 ×",
  run: (cluster, { sets }) => writeSingly(cluster, sets, 0),
};
