// A fresh node joins one that has many keys. What it takes is measured from its first attempt to connect until it is
// live and has everything. Must never let the joiner in before the giver, and the server if there is one, has it all.
import type { Cluster } from "../cluster.js";
import type { Job } from "../node/job.js";
import {
  excludesNone,
  expectedHash,
  grouped,
  markerOf,
  type Sample,
  type Workload,
  type WorkloadSize,
} from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly keys: number;
}

const GIVER = 0;
const JOINER = 1;
/** Sees at a server's that everything is there, and goes before the joiner comes. */
const WITNESS = 2;
/** Keys of one `setAll` that prepares. */
const SLICE = 10_000;

export const join: Workload<Sizes> = {
  id: "join",
  title: "A fresh peer joins",
  aim: "wall ≤ 2 × the wire limit, progress reported; goal ≤ 1.3 ×",
  metrics: [
    { id: "wall", title: "wall", unit: "ms", digits: 0 },
    { id: "cpu", title: "CPU of all per key", unit: "µs" },
    { id: "progress", title: "progress events", unit: "count", digits: 0, compared: false, charted: false },
  ],
  sizes: {
    full: { rounds: 5, warmUps: 1, rehearses: true, keys: 100_000 },
    quick: { rounds: 1, warmUps: 0, keys: 10_000 },
    tiny: { rounds: 1, warmUps: 0, keys: 500 },
  },
  describe: ({ keys }) => `${grouped(keys)} keys, one giver`,
  excludes: excludesNone,
  run: (cluster, { keys }) => measureJoin(cluster, keys, false),
};

/** A million keys, with the stalls of both sides. */
export const millionJoin: Workload<Sizes> = {
  ...join,
  id: "million",
  title: "A fresh peer joins a million keys",
  aim: "p99 stall ≤ 25 ms, longest ≤ 150 ms; goal: longest ≤ 50 ms",
  freshProcesses: true,
  metrics: [
    ...join.metrics,
    { id: "joinerP99", title: "joiner's p99 stall", unit: "ms", digits: 1, compared: false, charted: false },
    { id: "joinerLongest", title: "joiner's longest stall", unit: "ms", digits: 0, compared: false },
    { id: "giverP99", title: "giver's p99 stall", unit: "ms", digits: 1, compared: false, charted: false },
    { id: "giverLongest", title: "giver's longest stall", unit: "ms", digits: 0, compared: false },
  ],
  sizes: {
    full: { rounds: 1, keys: 1_000_000 },
    quick: { rounds: 1, warmUps: 0, keys: 10_000 },
    tiny: { rounds: 1, warmUps: 0, keys: 1_000 },
  },
  run: (cluster, { keys }) => measureJoin(cluster, keys, true),
};

async function measureJoin(cluster: Cluster, keys: number, withStalls: boolean): Promise<Sample> {
  const jobs = await prepare(cluster, keys);
  await cluster.create(JOINER);
  await cluster.ask(JOINER, "watch", [markerOf(GIVER)]);
  await cluster.ask(JOINER, "countProgress", undefined);
  if (withStalls) await cluster.askAll("beginStalls", undefined);
  const before = await cluster.cpu();
  const span = await cluster.connect(JOINER, 1);
  const [seenAt = 0] = await cluster.ask(JOINER, "seen", undefined);
  const cpu = ((await cluster.cpu()) - before) / keys;
  const stalls = withStalls ? await cluster.askAll("endStalls", undefined) : [];
  await cluster.compare(expectedHash(...jobs));
  const wall = Math.max(seenAt, span.endedAt) - span.startedAt;
  const progress = await cluster.ask(JOINER, "progress", undefined);
  if (!withStalls) return { wall, cpu, progress };
  const [giver, joiner] = stalls;
  const figures = {
    joinerP99: joiner?.p99Ms,
    joinerLongest: joiner?.longestMs,
    giverP99: giver?.p99Ms,
    giverLongest: giver?.longestMs,
  };
  return { wall, cpu, progress, ...figures };
}

/** The giver writes; at a server's somebody else must have seen it before anybody joins. */
async function prepare(cluster: Cluster, keys: number): Promise<Job[]> {
  await cluster.createServer();
  await cluster.create(GIVER);
  await cluster.connect(GIVER, 0);
  const jobs = slices(keys);
  const last = jobs.at(-1) as Job;
  for (const job of jobs.slice(0, -1)) await cluster.ask(GIVER, "write", { job });
  if (cluster.system.topology === "server") {
    await cluster.create(WITNESS);
    await cluster.connect(WITNESS, 1);
    await cluster.write([{ node: GIVER, job: last }]);
    await cluster.compare();
    await cluster.closeNode(WITNESS);
  } else await cluster.ask(GIVER, "write", { job: last });
  return jobs;
}

function slices(keys: number): Job[] {
  const jobs: Job[] = [];
  for (let first = 0; first < keys; first += SLICE) {
    const count = Math.min(SLICE, keys - first);
    const job: Job = { prefix: `key:${first}`, keys: count, sets: count, firstSerial: first, atOnce: true };
    jobs.push(first + count < keys ? job : { ...job, marker: markerOf(GIVER) });
  }
  return jobs;
}
