// Durable Chorus beside Chorus in memory: the two workloads of single sets, compared with each other and not with the
// wire limit. Must use the same writes as those workloads.
import { isChorus, MEMORY_ID } from "../systems/index.js";
import type { System } from "../systems/system.js";
import { writeSingly } from "./single-sets.js";
import { grouped, type Workload, type WorkloadSize } from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly sets: number;
}

export const durable: Workload<Sizes> = {
  id: "durable",
  title: "Durable beside in memory",
  aim: "with `sync` storage ≥ 1/3 of in memory, so ≤ 3 × the time; goal ≥ 1/2",
  comparedWith: MEMORY_ID,
  metrics: [
    { id: "yieldingWall", title: "yielding every 100, wall", unit: "ms", digits: 0 },
    { id: "yieldingCpu", title: "CPU per set", unit: "µs", charted: false },
    { id: "tightWall", title: "tight loop, wall", unit: "ms", digits: 0 },
    { id: "tightCpu", title: "CPU per set", unit: "µs", charted: false },
  ],
  sizes: {
    full: { rounds: 5, warmUps: 2, rehearses: true, sets: 20_000 },
    quick: { rounds: 1, warmUps: 0, sets: 2_000 },
    tiny: { rounds: 1, warmUps: 0, sets: 300 },
  },
  describe: ({ sets }) => `${grouped(sets)} sets by one node, two others receive`,
  excludes: (id: string, _system: System) =>
    isChorus(id) ? undefined : "only Chorus is compared with itself",
  run: async (cluster, { sets }) => {
    const yielding = await writeSingly(cluster, sets, 100);
    await cluster.close();
    const tight = await writeSingly(cluster, sets, 0);
    return {
      yieldingWall: yielding.wall,
      yieldingCpu: yielding.cpu,
      tightWall: tight.wall,
      tightCpu: tight.cpu,
    };
  },
};
