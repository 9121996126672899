// Puts workloads that were measured again among those of an earlier run. Must never mix what cannot stand side by side, and
// never let the figures of one run pass for those of another.
import type { Results, WorkloadResult } from "./results.js";

type Conditions = Pick<Results, "machine" | "size" | "idleSeconds" | "versions">;

/** @throws Error when figures of the two cannot stand side by side: other machines, versions of libraries, sizes or pauses */
export function assertComparable(before: Conditions, now: Conditions): void {
  for (const name of ["machine", "size", "idleSeconds", "versions"] as const) {
    const [was, is] = [JSON.stringify(before[name]), JSON.stringify(now[name])];
    if (was !== is) throw new Error(`${name} was ${was} and is ${is}: measure all workloads, not some`);
  }
}

/**
 * The later run, with the workloads that only the earlier one has, each of which says of which run it is.
 * @param order ids of all workloads in the order in which they are shown
 */
export function mergeResults(before: Results, now: Results, order: readonly string[]): Results {
  const { commit, date, command } = before;
  const kept = before.workloads
    .filter(({ id }) => now.workloads.every((workload) => workload.id !== id))
    .map((workload): WorkloadResult => ({ run: { commit, date, command }, ...workload }));
  const place = ({ id }: WorkloadResult): number => order.indexOf(id);
  const workloads = [...kept, ...now.workloads].sort((one, other) => place(one) - place(other));
  return { ...now, workloads };
}
