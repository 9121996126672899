// What a run of the bench has measured, as it is written as JSON and as all reports read it. Must never hold a figure
// that was not measured, nor a name or path of the machine.

/** When and with what something was measured. */
export interface Run {
  /** As an ISO date. */
  readonly date: string;
  readonly commit: string;
  /** The command that repeats it. */
  readonly command: string;
}

/** Everything of one run, and, as they were written, workloads of earlier ones. */
export interface Results extends Run {
  readonly machine: string;
  readonly size: string;
  readonly idleSeconds: number;
  /** By package. */
  readonly versions: { readonly [name: string]: string };
  readonly workloads: readonly WorkloadResult[];
}

/** One workload over all systems. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly aim: string;
  readonly rounds: number;
  /** The run in which it was measured, if that is an earlier one. */
  readonly run?: Run;
  /** Name of the system that the others are compared with. */
  readonly comparedWith: string;
  readonly metrics: readonly MetricInfo[];
  readonly systems: readonly SystemResult[];
}

export interface MetricInfo {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  readonly compared: boolean;
  readonly charted: boolean;
}

/** One system in one workload. */
export interface SystemResult {
  readonly id: string;
  readonly name: string;
  /** Why it has no figures; or undefined. */
  readonly reason?: string;
  /** It failed: contents differed, or something broke. */
  readonly failed?: boolean;
  readonly remarks: readonly string[];
  readonly figures: { readonly [metric: string]: Figure };
}

/** A metric over all rounds that count. */
export interface Figure {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** The median of the ratios to the compared system in the same round. */
  readonly ratio?: number;
  readonly samples: readonly number[];
}
