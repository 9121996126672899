// All workloads, in the order of reports.
import { churn, churnOfThree } from "./churn.js";
import { durable } from "./durable.js";
import { join, millionJoin } from "./join.js";
import { latency } from "./latency.js";
import { manyChannels } from "./many-channels.js";
import { meshes } from "./meshes.js";
import { offline } from "./offline.js";
import { setAll } from "./set-all.js";
import { tightLoop, yielding } from "./single-sets.js";
import { threeWriters } from "./three-writers.js";
import type { Workload, WorkloadSize } from "./workload.js";

const ALL: readonly Workload<WorkloadSize>[] = [
  latency,
  yielding,
  tightLoop,
  threeWriters,
  setAll,
  join,
  offline,
  churn,
  churnOfThree,
  millionJoin,
  manyChannels,
  meshes,
  durable,
];

/** By id. */
export const WORKLOADS: ReadonlyMap<string, Workload<WorkloadSize>> = new Map(
  ALL.map((workload) => [workload.id, workload]),
);
