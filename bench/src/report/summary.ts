// From the samples of rounds to figures: medians, extremes, and ratios within each round. Must never compare figures of
// different rounds: the machine may have been busier in one of them.
import { median } from "../table.js";
import type { Sample } from "../workloads/workload.js";
import type { Figure } from "./results.js";

/**
 * The figure of one metric; undefined when no sample has it.
 * @param reference the samples of the compared system, round by round as those of `samples`
 */
export function figureOf(
  metric: string,
  samples: readonly Sample[],
  reference?: readonly Sample[],
): Figure | undefined {
  const values = samples.map((sample) => sample[metric]).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  const ratios = samples.flatMap((sample, round) => {
    const value = sample[metric];
    const limit = reference?.[round]?.[metric];
    return value === undefined || limit === undefined || limit === 0 ? [] : [value / limit];
  });
  return {
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    ...(ratios.length === 0 ? {} : { ratio: median(ratios) }),
    samples: values,
  };
}
