// Two nodes part, both change, and one returns. Measured from the start of connecting again until each has what the
// other wrote. Of the keys that both have changed, one half was written here last and the other half there.
import type { Cluster } from "../cluster.js";
import type { Job } from "../node/job.js";
import type { LastWrite } from "../node/node-messages.js";
import { contentsAfter } from "../node/job.js";
import { hashOf } from "../records.js";
import { ContentsDiffer } from "../run.js";
import { pause } from "../wait.js";
import { judgeLaterWins, LOST_METRIC, percentLost } from "./later-wins.js";
import {
  excludesSingleWriters,
  grouped,
  markerOf,
  type Sample,
  type Workload,
  type WorkloadSize,
} from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly here: number;
  readonly there: number;
}

const HERE = 0;
/** Goes offline: it has dialled the other. */
const THERE = 1;
/** One of so many changes is to a key that both have changed. */
const SHARED_PART = 10;
/** Between the first and the second write of a shared key: so that "later" is beyond doubt. */
const APART_MS = 20;

export const offline: Workload<Sizes> = {
  id: "offline",
  title: "Offline and back",
  aim: "0 lost, the later write wins, ≤ y-websocket; goal 400 ms",
  metrics: [
    { id: "wall", title: "wall from connecting to equal", unit: "ms", digits: 0 },
    { id: "cpu", title: "CPU of all meanwhile", unit: "ms", digits: 0 },
    LOST_METRIC,
  ],
  sizes: {
    full: { rounds: 3, warmUps: 1, rehearses: true, here: 10_000, there: 5_000 },
    quick: { rounds: 1, warmUps: 0, here: 1_000, there: 500 },
    tiny: { rounds: 1, warmUps: 0, here: 200, there: 100 },
  },
  describe: ({ here, there }) => `${grouped(here)} changes here, ${grouped(there)} there`,
  excludes: excludesSingleWriters,
  run: measure,
};

async function measure(cluster: Cluster, { here, there }: Sizes): Promise<Sample> {
  await cluster.start(2);
  const first: Job = { prefix: "before", keys: there, sets: there, marker: markerOf(HERE, "before") };
  await cluster.write([{ node: HERE, job: first }]);
  await cluster.ask(THERE, "goOffline", undefined);
  const jobs = jobsOf(here, there);
  for (const { node, job, pauses } of jobs) {
    await cluster.ask(node, "write", { job });
    if (pauses) await pause(APART_MS);
  }
  await cluster.ask(HERE, "watch", [markerOf(THERE)]);
  await cluster.ask(THERE, "watch", [markerOf(HERE)]);
  const before = await cluster.cpu();
  const { startedAt } = await cluster.ask(THERE, "goOnline", undefined);
  const seen = (await cluster.askAll("seen", undefined)).flat();
  const cpu = ((await cluster.cpu()) - before) / 1_000;
  const sample = { wall: Math.max(...seen) - startedAt, cpu };
  if (cluster.system.conflicts === "none") return sample;
  await cluster.compare();
  return { ...sample, lost: await judge(cluster, jobs) };
}

interface Part {
  readonly node: number;
  readonly job: Job;
  /** What comes next is later beyond doubt. */
  readonly pauses: boolean;
}

/** In this order: there first on keys B; here its own, then A and B; there its own, then A. */
function jobsOf(here: number, there: number): Part[] {
  const shared = Math.floor(there / SHARED_PART);
  const parts = [
    { node: THERE, prefix: "both-b", keys: shared },
    { node: HERE, prefix: "own-here", keys: here - 2 * shared },
    { node: HERE, prefix: "both-a", keys: shared },
    { node: HERE, prefix: "both-b", keys: shared, marker: markerOf(HERE) },
    { node: THERE, prefix: "own-there", keys: there - 2 * shared },
    { node: THERE, prefix: "both-a", keys: shared, marker: markerOf(THERE) },
  ];
  let firstSerial = 0;
  return parts.map(({ node, ...part }, index) => {
    const job: Job = { ...part, sets: part.keys, setsPerTurn: 100, firstSerial };
    firstSerial += part.keys;
    return { node, job, pauses: parts[index + 1]?.node !== node };
  });
}

/** Own keys must all be there; of the others the later write. @throws ContentsDiffer */
async function judge(cluster: Cluster, parts: readonly Part[]): Promise<number> {
  const own = parts.map(({ job }) => job).filter(({ prefix }) => prefix.startsWith("own"));
  const expected = [...contentsAfter(own)].filter(([key]) => key.startsWith("own"));
  const keys = expected.map(([key]) => key);
  const values = await cluster.ask(HERE, "values", keys);
  const held = keys.map((key, index) => [key, values[index]] as const);
  if (hashOf(held) !== hashOf(expected))
    throw new ContentsDiffer("changes that were made offline are missing");
  const writes = parts.flatMap(({ job }, index): LastWrite[] => {
    if (!job.prefix.startsWith("both")) return [];
    // Parts follow each other with a pause between nodes: their order is the time.
    return Array.from({ length: job.sets }, (_, i) => ({
      key: `${job.prefix}:${i}`,
      serial: (job.firstSerial ?? 0) + i,
      wallMs: index * APART_MS,
    }));
  });
  return percentLost(cluster, await judgeLaterWins(cluster, writes));
}
