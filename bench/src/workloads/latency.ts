// From one set to the moment when both others have it. Calm: the next set follows a pause later, so that none waits
// for another. Must compare moments of different processes by the one clock that they share.
import type { Job } from "../node/job.js";
import { median } from "../table.js";
import { NODES } from "./single-sets.js";
import { excludesNone, expectedHash, grouped, type Workload, type WorkloadSize } from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly sets: number;
  readonly pauseMs: number;
}

export const latency: Workload<Sizes> = {
  id: "latency",
  title: "One set until two peers see it",
  aim: "p50 ≤ 2.2 × the wire limit, goal ≤ 1.5 ×",
  metrics: [
    { id: "p50", title: "p50", unit: "ms", digits: 3 },
    { id: "p99", title: "p99", unit: "ms", digits: 3, charted: false },
  ],
  sizes: {
    full: { rounds: 3, sets: 300, pauseMs: 10 },
    quick: { rounds: 1, warmUps: 0, sets: 100, pauseMs: 5 },
    tiny: { rounds: 1, warmUps: 0, sets: 20, pauseMs: 2 },
  },
  describe: ({ sets, pauseMs }) => `${grouped(sets)} sets, ${pauseMs} ms apart`,
  excludes: excludesNone,
  run: async (cluster, { sets, pauseMs }) => {
    await cluster.start(NODES);
    const job: Job = { prefix: "key", keys: sets, sets, setsPerTurn: 1, pauseMs };
    const keys = Array.from({ length: sets }, (_, index) => `${job.prefix}:${index}`);
    const receivers = cluster.nodes.filter((node) => node !== 0);
    await Promise.all(receivers.map((node) => cluster.ask(node, "watch", keys)));
    const { times = [] } = await cluster.ask(0, "write", { job, times: true });
    const seen = await Promise.all(receivers.map((node) => cluster.ask(node, "seen", undefined)));
    await cluster.compare(expectedHash(job));
    const delays = times.map((time, index) => Math.max(...seen.map((moments) => moments[index] ?? 0)) - time);
    return { p50: median(delays), p99: percentile(delays, 0.99) };
  },
};

/** The smallest value that so large a part of all values does not exceed. */
function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
