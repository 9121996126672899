// What a measurement of growth is: one thing that grows, the points at which it is measured, and the figures that come
// out. Must never know how figures are shown.

/** A figure at each point; less is better. */
export interface GrowthMetric {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** Metrics of one panel share an axis: the same unit. */
  readonly panel: string;
  /** Digits after the point. Default 1. */
  readonly digits?: number;
}

/** One thing that grows. */
export interface GrowthSeries {
  readonly id: string;
  readonly title: string;
  /** What is counted along the axis: "keys". */
  readonly axis: string;
  /** In a sentence or two: what is done at each point. */
  readonly description: string;
  readonly points: readonly number[];
  /** Just to see that it works. */
  readonly tinyPoints: readonly number[];
  readonly metrics: readonly GrowthMetric[];
  /**
   * Runs in a process that has done nothing else, started with --expose-gc. @returns figures by the id of the metric; a
   * metric that says nothing at this point is missing
   */
  measure(point: number): Promise<{ readonly [metric: string]: number }>;
}
