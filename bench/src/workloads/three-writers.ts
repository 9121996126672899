// Three writers at once, three of ten sets on keys that all of them write. All must end equal, nothing of a writer's own
// keys may be missing, and the later write must have won; a system that does not promise the last is only told of.
import type { Cluster } from "../cluster.js";
import { contentsAfter, type Job } from "../node/job.js";
import { hashOf, SEED } from "../records.js";
import { ContentsDiffer } from "../run.js";
import { judgeLaterWins, LOST_METRIC, percentLost } from "./later-wins.js";
import { NODES } from "./single-sets.js";
import { excludesSingleWriters, grouped, markerOf, type Workload, type WorkloadSize } from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly sets: number;
}

const SHARED_PERCENT = 30;
const SHARED_KEYS = 1_000;
/** Keys that are overwritten in turn at the end, each time by a writer that has seen the last one's. */
const TURN_KEYS = 50;

export const threeWriters: Workload<Sizes> = {
  id: "three-writers",
  title: "Three writers",
  aim: "all equal, the later write wins every time, ≥ 3 × faster than y-websocket, goal ≥ 5 ×",
  metrics: [
    { id: "wall", title: "wall", unit: "ms", digits: 0 },
    { id: "cpu", title: "CPU of all per set", unit: "µs" },
    LOST_METRIC,
  ],
  sizes: {
    full: { rounds: 5, warmUps: 1, rehearses: true, sets: 30_000 },
    quick: { rounds: 1, warmUps: 0, sets: 3_000 },
    tiny: { rounds: 1, warmUps: 0, sets: 300 },
  },
  describe: ({ sets }) => `${grouped(sets)} sets, ${SHARED_PERCENT} % on ${grouped(SHARED_KEYS)} shared keys`,
  excludes: excludesSingleWriters,
  run: async (cluster, { sets }) => {
    await cluster.start(NODES);
    const jobs = cluster.nodes.map((node) => jobOf(node, Math.floor(sets / NODES)));
    const { cpuMicroseconds, wallMs } = await cluster.write(jobs.map((job, node) => ({ node, job })));
    const sample = { wall: wallMs, cpu: cpuMicroseconds / sets };
    if (cluster.system.conflicts === "none") return sample;
    await cluster.compare();
    await compareOwn(cluster, jobs);
    const writes = (await cluster.askAll("lastWrites", undefined)).flat();
    const lost = percentLost(cluster, await judgeLaterWins(cluster, writes));
    await overwriteInTurn(cluster, sets);
    return { ...sample, lost };
  },
};

function jobOf(node: number, sets: number): Job {
  return {
    prefix: `own-${node}`,
    keys: sets,
    sets,
    setsPerTurn: 100,
    seed: SEED + node,
    firstSerial: node * sets,
    shared: { prefix: "shared", keys: SHARED_KEYS, percent: SHARED_PERCENT },
    marker: markerOf(node),
  };
}

/** What only one of them writes must be exactly what it wrote. @throws ContentsDiffer */
async function compareOwn(cluster: Cluster, jobs: readonly Job[]): Promise<void> {
  for (const job of jobs) {
    const expected = [...contentsAfter([job])].filter(([key]) => key.startsWith(`${job.prefix}:`));
    const values = await cluster.ask(
      0,
      "values",
      expected.map(([key]) => key),
    );
    const held = expected.map(([key], index) => [key, values[index]] as const);
    if (hashOf(held) !== hashOf(expected))
      throw new ContentsDiffer(`keys ${job.prefix}:… are not as written`);
  }
}

/** Who has seen a write and writes then is later, whatever any clock says. @throws ContentsDiffer */
async function overwriteInTurn(cluster: Cluster, serialsUsed: number): Promise<void> {
  let job: Job = { prefix: "shared", keys: TURN_KEYS, sets: TURN_KEYS };
  for (const node of cluster.nodes) {
    job = { ...job, firstSerial: serialsUsed + node * TURN_KEYS, marker: markerOf(node, "in-turn") };
    await cluster.write([{ node, job }]);
  }
  await cluster.compare();
  const expected = [...contentsAfter([job])].filter(([key]) => key.startsWith(`${job.prefix}:`));
  const values = await cluster.ask(
    0,
    "values",
    expected.map(([key]) => key),
  );
  const isLost = expected.some(([, value], index) => hashOf([["", value]]) !== hashOf([["", values[index]]]));
  if (isLost) throw new ContentsDiffer("a write that was seen has won over the one that followed it");
}
