// A few keys overwritten again and again, by one writer and by three; what it costs, and how large the state is
// afterwards and after idling. Must never ask for the size of the state while CPU is counted.
import type { Cluster } from "../cluster.js";
import type { Job } from "../node/job.js";
import { SEED } from "../records.js";
import { pause } from "../wait.js";
import { NODES } from "./single-sets.js";
import {
  excludesNone,
  excludesSingleWriters,
  expectedHash,
  grouped,
  markerOf,
  type Metric,
  type Sample,
  type RunOptions,
  type Workload,
  type WorkloadSize,
} from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly keys: number;
  readonly overwrites: number;
}

const SETS_PER_TURN = 100;

const METRICS: readonly Metric[] = [
  { id: "cpu", title: "CPU of all per set", unit: "µs" },
  { id: "wall", title: "wall", unit: "ms", digits: 0 },
  { id: "state", title: "state afterwards", unit: "KB", digits: 1, compared: false },
  { id: "idleState", title: "state after idling", unit: "KB", digits: 1, compared: false },
  { id: "idleCpu", title: "CPU of all while idling", unit: "ms", digits: 0, compared: false, charted: false },
];

/** One writer, two others receive. */
export const churn: Workload<Sizes> = {
  id: "churn",
  title: "Churn by one writer",
  aim: "CPU ≤ 6 × the wire limit, goal ≤ 4.5 ×; state ≤ 400 KB, ≤ 150 KB after a minute's idling",
  metrics: METRICS,
  sizes: {
    full: { rounds: 1, warmUps: 0, keys: 1_000, overwrites: 500_000 },
    quick: { rounds: 1, warmUps: 0, keys: 1_000, overwrites: 5_000 },
    tiny: { rounds: 1, warmUps: 0, keys: 50, overwrites: 500 },
  },
  describe: ({ keys, overwrites }) => `${grouped(keys)} keys overwritten ${grouped(overwrites)} times`,
  excludes: excludesNone,
  run: (cluster, size, options) => measure(cluster, { ...size, writers: 1 }, options),
};

/** All three write. */
export const churnOfThree: Workload<Sizes> = {
  ...churn,
  id: "churn-three",
  title: "Churn by three writers",
  aim: "always converges; CPU ≤ 16 µs per set, goal ≤ 10 µs; state ≤ 200 KB after idling",
  excludes: excludesSingleWriters,
  run: (cluster, size, options) => measure(cluster, { ...size, writers: NODES }, options),
};

async function measure(
  cluster: Cluster,
  { keys, overwrites, writers }: Sizes & { writers: number },
  { idleSeconds }: RunOptions,
): Promise<Sample> {
  await cluster.start(NODES);
  const sets = Math.floor(overwrites / writers);
  const jobs = Array.from({ length: writers }, (_, node): Job => {
    const own = { seed: SEED + node, firstSerial: node * sets, marker: markerOf(node) };
    return { prefix: "key", keys, sets, setsPerTurn: SETS_PER_TURN, ...own };
  });
  const { cpuMicroseconds, wallMs } = await cluster.write(jobs.map((job, node) => ({ node, job })));
  const state = await stateKilobytes(cluster);
  const idle = state === undefined ? {} : await idling(cluster, idleSeconds);
  const [only] = jobs;
  if (writers === 1 && only !== undefined) await cluster.compare(expectedHash(only));
  else if (cluster.system.conflicts !== "none") await cluster.compare();
  return { cpu: cpuMicroseconds / (sets * writers), wall: wallMs, state, ...idle };
}

async function idling(
  cluster: Cluster,
  idleSeconds: number,
): Promise<{ idleState: number | undefined; idleCpu: number }> {
  const before = await cluster.cpu();
  await pause(idleSeconds * 1_000);
  const idleCpu = ((await cluster.cpu()) - before) / 1_000;
  return { idleState: await stateKilobytes(cluster), idleCpu };
}

/** Of the node that has the largest, in KB of 1,000 bytes. */
async function stateKilobytes(cluster: Cluster): Promise<number | undefined> {
  const sizes = (await cluster.askAll("stateBytes", undefined)).filter((bytes) => bytes !== undefined);
  return sizes.length === 0 ? undefined : Math.max(...sizes) / 1_000;
}
