// What a workload is to the bench: what it does to a cluster, and the figures that come out. Must never know how these
// are put together over rounds and systems.
import type { Cluster } from "../cluster.js";
import { hashOf } from "../records.js";
import type { System } from "../systems/system.js";
import { contentsAfter, type Job } from "../node/job.js";

/** How large a run is: as in the issue, in less than a minute for all, or just to see that it works. */
export type Size = "full" | "quick" | "tiny";

/** A figure that a workload gives; less is always better. */
export interface Metric {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Compared with the system that all are compared with. Default true. */
  readonly compared?: boolean;
  /** A chart of its own. Default true. */
  readonly charted?: boolean;
  /** Digits after the point. Default 2. */
  readonly digits?: number;
}

/** The figures of one run, by the id of the metric; undefined where the system has none. */
export type Sample = { readonly [metric: string]: number | undefined };

/** What the command line may change. */
export interface RunOptions {
  readonly idleSeconds: number;
}

/** How one size is run. */
export interface WorkloadSize {
  /** Rounds that count, without `--rounds`. */
  readonly rounds: number;
  /** Rounds before those that count: V8 compiles what it has seen often. Default 1; 0 where a run is long enough. */
  readonly warmUps?: number;
  /**
   * Whether a run that does not count goes before each one that does, too: while the other systems have their turns V8 lets
   * go of compiled code and of memory, and a short run would measure how it gets them back. Default false.
   */
  readonly rehearses?: boolean;
}

/** A workload with its sizes. */
export interface Workload<Sizes extends WorkloadSize = WorkloadSize> {
  readonly id: string;
  readonly title: string;
  /** What the issue asks for, in its words. */
  readonly aim: string;
  readonly metrics: readonly Metric[];
  readonly sizes: { readonly [size in Size]: Sizes };
  /** In numbers, what a size does: "20,000 sets". */
  describe(size: Sizes): string;
  /** Id of the system that all are compared with. Default: the wire limit. */
  readonly comparedWith?: string;
  /** A process that has done something else before would spoil the figure; then there is no warm-up either. */
  readonly freshProcesses?: boolean;
  /** Why a system is left out; undefined when it takes part. */
  excludes(id: string, system: System): string | undefined;
  /** One run; the cluster has no nodes yet. @throws ContentsDiffer when what must be equal is not */
  run(cluster: Cluster, size: Sizes, options: RunOptions): Promise<Sample>;
}

/** For workloads that every system can take part in. */
export function excludesNone(): undefined {
  return undefined;
}

/** For workloads with more than one writer. */
export function excludesSingleWriters(_id: string, system: System): string | undefined {
  return system.multiWriter ? undefined : "only one of its nodes may write";
}

/** Key of the last write of a node in a phase of a run. */
export function markerOf(node: number, phase = "end"): string {
  return `marker:${phase}:${node}`;
}

/** The hash of what jobs of different keys must leave behind. */
export function expectedHash(...jobs: readonly Job[]): string {
  return hashOf(contentsAfter(jobs));
}

/** 20000 as 20,000. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
