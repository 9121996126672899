// All workloads, in the order of reports.
import { churn, churnOfThree } from "./churn.js";
import { join, millionJoin } from "./join.js";
import { latency } from "./latency.js";
import { setAll } from "./set-all.js";
import { tightLoop, yielding } from "./single-sets.js";
import type { Workload, WorkloadSize } from "./workload.js";

const ALL: readonly Workload<WorkloadSize>[] = [
  latency,
  yielding,
  tightLoop,
  setAll,
  join,
  churn,
  churnOfThree,
  millionJoin,
];

/** By id. */
export const WORKLOADS: ReadonlyMap<string, Workload<WorkloadSize>> = new Map(
  ALL.map((workload) => [workload.id, workload]),
);
