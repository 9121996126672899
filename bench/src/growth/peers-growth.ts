// Growth with the number of peers in a full mesh.
import { memoryMesh } from "../mesh.js";
import { cpuPerSet } from "./replicas.js";
import type { GrowthSeries } from "./series.js";

const KEYS = 1_000;
const SETS = 10_000;

export const peersGrowth: GrowthSeries = {
  id: "peers",
  title: "Peers of a full mesh",
  axis: "peers",
  description:
    "All replicas overwrite 1,000 keys, one replica after the other: one set in a turn of the event loop, then 100.",
  points: [3, 5, 8, 12, 16],
  tinyPoints: [3],
  metrics: [
    { id: "single", title: "one in a turn", unit: "µs of CPU", panel: "A set, all peers" },
    { id: "hundred", title: "100 in a turn", unit: "µs of CPU", panel: "A set, all peers" },
    { id: "singleEach", title: "one in a turn", unit: "µs of CPU", panel: "A set, per peer" },
    { id: "hundredEach", title: "100 in a turn", unit: "µs of CPU", panel: "A set, per peer" },
  ],
  measure: async (peers) => {
    const mesh = await memoryMesh(peers);
    const single = await cpuPerSet(mesh.peers, { count: SETS, perTurn: 1, keys: KEYS });
    const hundred = await cpuPerSet(mesh.peers, { count: SETS, perTurn: 100, keys: KEYS });
    await mesh.close();
    return { single, hundred, singleEach: single / peers, hundredEach: hundred / peers };
  },
};
