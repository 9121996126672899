// Results for tests of reports: small, with everything that a report has to deal with.
import type { Figure, Results, WorkloadResult } from "../src/report/results.js";

export function figure(median: number, ratio?: number): Figure {
  const figure = { median, least: median / 2, most: median * 2, samples: [median] };
  return ratio === undefined ? figure : { ...figure, ratio };
}

/** One workload: the limit, a system with a name that needs escaping, and one that does not take part. */
export function workload(id = "sets"): WorkloadResult {
  const metric = { digits: 2, charted: true };
  return {
    id,
    title: "Single <sets>",
    description: "10 sets & more",
    aim: "≤ 3 ×",
    rounds: 3,
    comparedWith: "wire limit",
    metrics: [
      { ...metric, id: "cpu", title: "CPU", unit: "µs", compared: true },
      { ...metric, id: "stall", title: "stall", unit: "ms", compared: false },
    ],
    systems: [
      { id: "wire", name: "wire limit", remarks: [], figures: { cpu: figure(2, 1) } },
      { id: "other", name: "a & b", remarks: [], figures: { cpu: figure(200, 100), stall: figure(7) } },
      { id: "none", name: "absent", reason: "is not installed", remarks: [], figures: {} },
    ],
  };
}

export function results(workloads: readonly WorkloadResult[] = [workload()]): Results {
  return {
    machine: "2 cores",
    date: "2024-02-29",
    commit: "abcdef0",
    command: "npm run bench -- --write",
    size: "full",
    idleSeconds: 60,
    versions: { ws: "8.0.0" },
    workloads,
  };
}
