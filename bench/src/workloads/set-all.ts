// One node sets many keys at once, two others receive. Must measure the receivers' stalls until the last of them has all.
import type { Job } from "../node/job.js";
import { NODES } from "./single-sets.js";
import {
  excludesNone,
  expectedHash,
  grouped,
  markerOf,
  type Workload,
  type WorkloadSize,
} from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly keys: number;
}

export const setAll: Workload<Sizes> = {
  id: "set-all",
  title: "setAll",
  aim: "CPU ≤ 3.7 × the wire limit, goal ≤ 3 ×; receivers' longest stall ≤ 80 ms, goal ≤ 50 ms",
  metrics: [
    { id: "cpu", title: "CPU of all per key", unit: "µs" },
    { id: "wall", title: "wall", unit: "ms", digits: 0 },
    { id: "stall", title: "receivers' longest stall", unit: "ms", digits: 0, compared: false },
  ],
  sizes: {
    full: { rounds: 5, warmUps: 1, rehearses: true, keys: 100_000 },
    quick: { rounds: 1, warmUps: 0, keys: 10_000 },
    tiny: { rounds: 1, warmUps: 0, keys: 500 },
  },
  describe: ({ keys }) => `${grouped(keys)} keys at once by one node, two others receive`,
  excludes: excludesNone,
  run: async (cluster, { keys }) => {
    await cluster.start(NODES);
    const receivers = cluster.nodes.filter((node) => node !== 0);
    await Promise.all(receivers.map((node) => cluster.ask(node, "beginStalls", undefined)));
    const job: Job = { prefix: "key", keys, sets: keys, atOnce: true, marker: markerOf(0) };
    const { cpuMicroseconds, wallMs } = await cluster.write([{ node: 0, job }]);
    const stalls = await Promise.all(receivers.map((node) => cluster.ask(node, "endStalls", undefined)));
    await cluster.compare(expectedHash(job));
    const stall = Math.max(...stalls.map(({ longestMs }) => longestMs));
    return { cpu: cpuMicroseconds / keys, wall: wallMs, stall };
  },
};
