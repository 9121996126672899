// The words of the simulate command: what was run, how much of everything happened, and how to see a failure
// again.
import type { Counters } from "./counters.js";
import type { RunResult } from "./simulate.js";

/**
 * Counters that must not stay at 0 in a sound run of many seeds: where one does, the simulation has gone
 * blind.
 */
export const COVERAGE: readonly string[] = [
  "operations.set",
  "operations.delete",
  "operations.forced",
  "operations.batch",
  "channel.dropped",
  "channel.moved",
  "channel.cleanedSegments",
  "channel.takenOverSegments",
  "channel.gaps",
  "crashes",
  "powerCuts",
  "cleanStops",
  "disk.batches",
  "disk.lostBatches",
  "disk.folds",
  "disk.failedWrites",
  "disk.recoveries",
  "disk.damages",
  "operations.refused",
  "scenario.clones",
  "scenario.detected",
  "scenario.rollbacks",
  "scenario.evident",
  "scenario.retired",
  "partitions",
  "brokenConnections",
  "slowedConnections",
  "calmChecks",
  "frames.update",
  "frames.answer",
  "frames.vector",
  "frames.ack",
  "frames.digest",
];

/** The counters of `COVERAGE` that are 0. */
export function blindSpots(counters: Counters): string[] {
  return COVERAGE.filter((name) => counters.get(name) === 0);
}

/** All counters, those of one group on one line. */
export function describeCounters(counters: Counters): string {
  const groups = new Map<string, string[]>();
  for (const [name, count] of Object.entries(counters.toJSON())) {
    const dot = name.indexOf(".");
    const group = dot < 0 ? "world" : name.slice(0, dot);
    groups.set(group, [...(groups.get(group) ?? []), `${name.slice(dot + 1)} ${count.toLocaleString("en")}`]);
  }
  return [...groups].map(([group, counts]) => `${group.padEnd(10)} ${counts.join(", ")}`).join("\n");
}

/** A failed run in a few lines, the last of them the command that repeats it. */
export function describeFailure(
  run: RunResult,
  repeat: { steps: number; fault?: string; profile?: string },
): string {
  const lines = run.failures.slice(0, 5).map(({ kind, detail }) => `  ${kind}: ${detail.slice(0, 1_500)}`);
  if (run.failures.length > 5) lines.push(`  and ${run.failures.length - 5} more`);
  return [
    `seed ${run.seed} (${run.profile}) failed:`,
    ...lines,
    `  again: ${repeatCommand(run.seed, repeat)}`,
  ].join("\n");
}

function repeatCommand(
  seed: number,
  { steps, fault, profile }: { steps: number; fault?: string; profile?: string },
): string {
  const options = [fault && ` --fault ${fault}`, profile && ` --profile ${profile}`].filter(Boolean).join("");
  return `npm run simulate -- 1 ${steps} --seed ${seed}${options} --trace`;
}
