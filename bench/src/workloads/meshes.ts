// Full meshes of several sizes: frames and CPU that one set costs. All nodes write in turn, each set by itself, so that
// no two share a frame. Must never wait for a set by asking: that would be counted.
import type { Cluster } from "../cluster.js";
import type { Job } from "../node/job.js";
import type { System } from "../systems/system.js";
import {
  expectedHash,
  grouped,
  markerOf,
  type Metric,
  type Workload,
  type WorkloadSize,
} from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly meshes: readonly number[];
  readonly sets: number;
}

const MESHES = [3, 5, 8, 16];
/** Only these tell what they send. */
const TAKING_PART = ["wire", "chorus"];
/** From one set of the whole mesh to the next, on average, in milliseconds. */
const PACE_MS = 2;

export const meshes: Workload<Sizes> = {
  id: "meshes",
  title: "Meshes",
  aim: "N − 1 frames per set; CPU per set grows no faster than N",
  metrics: MESHES.flatMap((count): Metric[] => [
    {
      id: `frames${count}`,
      title: `${count} peers: updates`,
      unit: "frames",
      compared: false,
      charted: false,
    },
    { id: `others${count}`, title: "other frames", unit: "per set", compared: false, charted: false },
    { id: `cpu${count}`, title: `CPU of all ${count}`, unit: "µs per set", digits: 0 },
  ]),
  sizes: {
    full: { rounds: 2, meshes: MESHES, sets: 2_000 },
    quick: { rounds: 1, warmUps: 0, meshes: [3, 5], sets: 200 },
    tiny: { rounds: 1, warmUps: 0, meshes: [3], sets: 30 },
  },
  describe: ({ meshes: counts, sets }) =>
    `${counts.join(", ")} peers, ${grouped(sets)} sets by all of them, one every ${PACE_MS} ms`,
  excludes: (id: string, _system: System) =>
    TAKING_PART.includes(id) ? undefined : "measured for Chorus in memory and the wire limit only",
  run: async (cluster, { meshes: counts, sets }) => {
    let sample = {};
    for (const count of counts) {
      sample = { ...sample, ...(await measure(cluster, count, sets)) };
      await cluster.close();
    }
    return sample;
  },
};

async function measure(
  cluster: Cluster,
  count: number,
  sets: number,
): Promise<{ [metric: string]: number | undefined }> {
  await cluster.start(count);
  const before = await framesOf(cluster);
  const each = Math.floor(sets / count);
  const jobs = cluster.nodes.map((node): Job => {
    const own = { prefix: `key-${node}`, firstSerial: node * each, marker: markerOf(node) };
    return { ...own, keys: each, sets: each, setsPerTurn: 1, pauseMs: PACE_MS * count };
  });
  const { cpuMicroseconds } = await cluster.write(jobs.map((job, node) => ({ node, job })));
  const after = await framesOf(cluster);
  await cluster.compare(expectedHash(...jobs));
  // The markers are sets too.
  const all = (each + 1) * count;
  return {
    [`frames${count}`]: (after.updates - before.updates) / all,
    [`others${count}`]: (after.others - before.others) / all,
    [`cpu${count}`]: cpuMicroseconds / all,
  };
}

/** Of all nodes together. */
async function framesOf(cluster: Cluster): Promise<{ updates: number; others: number }> {
  const sums = { updates: 0, others: 0 };
  for (const counts of await cluster.askAll("frames", undefined)) {
    sums.updates += counts?.updates ?? 0;
    sums.others += counts?.others ?? 0;
  }
  return sums;
}
