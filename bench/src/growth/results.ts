// What a run of bench:growth has measured, as it is written as JSON and as its reports read it. Must never hold a figure
// that was not measured, nor a name or path of the machine.
import type { GrowthMetric } from "./series.js";

/** Everything of one run. */
export interface GrowthResults {
  readonly machine: string;
  /** When, as an ISO date. */
  readonly date: string;
  readonly commit: string;
  /** The command that repeats it. */
  readonly command: string;
  readonly rounds: number;
  readonly series: readonly SeriesResult[];
}

/** One thing that grows. */
export interface SeriesResult {
  readonly id: string;
  readonly title: string;
  readonly axis: string;
  readonly description: string;
  readonly points: readonly number[];
  readonly metrics: readonly GrowthMetric[];
  /** By metric: the median over the rounds at each point; null where there is none. */
  readonly figures: { readonly [metric: string]: readonly (number | null)[] };
}
