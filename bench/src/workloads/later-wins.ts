// Whether the later of two writes has won. Writers share the machine's clock, so "later" is known, unless two writes
// were so close that a system's own reading of the clock may have differed. Must never guess: close ones are not judged.
import type { Cluster } from "../cluster.js";
import type { LastWrite } from "../node/node-messages.js";
import { ContentsDiffer } from "../run.js";
import type { Metric } from "./workload.js";

/** Writes that are closer than this, in milliseconds, are not judged: a stamp counts whole milliseconds. */
const CLOSE_MS = 3;

/** How many keys the later write holds, of those that could be judged. */
export interface Verdict {
  readonly judged: number;
  readonly lost: number;
}

/**
 * Compares what node 0 holds with the last writes of all nodes; nodes must hold the same already.
 * @param writes the last write of each key by each node that wrote it
 */
export async function judgeLaterWins(cluster: Cluster, writes: readonly LastWrite[]): Promise<Verdict> {
  const byKey = new Map<string, LastWrite[]>();
  for (const write of writes) byKey.set(write.key, [...(byKey.get(write.key) ?? []), write]);
  const keys = [...byKey.keys()];
  const values = await cluster.ask(0, "values", keys);
  let judged = 0;
  let lost = 0;
  for (const [index, key] of keys.entries()) {
    const [latest, second] = (byKey.get(key) ?? []).toSorted((a, b) => b.wallMs - a.wallMs);
    if (latest === undefined || (second && latest.wallMs - second.wallMs < CLOSE_MS)) continue;
    judged++;
    const value = values[index] as { serial?: unknown } | undefined;
    if (value?.serial !== latest.serial) lost++;
  }
  return { judged, lost };
}

/**
 * The part of keys on which the later write has lost, in percent. @throws ContentsDiffer for a system that promises
 * that there are none
 */
export function percentLost(cluster: Cluster, { judged, lost }: Verdict): number {
  if (lost > 0 && cluster.system.conflicts === "later wins") {
    throw new ContentsDiffer(`the later write has lost on ${lost} of ${judged} keys`);
  }
  return judged === 0 ? 0 : (100 * lost) / judged;
}

/** The figure, for workloads that judge. */
export const LOST_METRIC: Metric = {
  id: "lost",
  title: "later write lost",
  unit: "% of keys",
  digits: 1,
  compared: false,
  charted: false,
};
