// How long a process lets its event loop wait. Costs next to nothing: the gaps are counted by Node itself, outside
// JavaScript.
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { pause } from "../wait.js";
import type { Stalls } from "./node-messages.js";

const RESOLUTION_MS = 1;
/** Long enough that the meter has run once more: a stall that lasted until now counts too. */
const LAST_LOOK_MS = 5;

export class StallMeter {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** What the loop waited beyond the meter's own pace. */
  async end(): Promise<Stalls> {
    await pause(LAST_LOOK_MS);
    this.#histogram.disable();
    const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    return {
      p99Ms: milliseconds(this.#histogram.percentile(99)),
      longestMs: milliseconds(this.#histogram.max),
    };
  }
}
