// The logarithmic axis of a line chart: from a round number below the least value to one above the largest. Pure.
import type { Scale } from "./scale.js";

const STEPS = [1, 2, 5];
/** With more, only powers of ten get a tick. */
const MOST_TICKS = 7;
/** Room beside the outermost values, as a factor. */
const ROOM = 1.2;

/** A scale for these values, all above 0, with ticks at 1, 2 and 5 times powers of ten, or at powers of ten only. */
export function logScaleOf(values: readonly number[]): Scale {
  const least = Math.min(...values) / ROOM;
  const most = Math.max(...values) * ROOM;
  const all = roundNumbers(least, most);
  const powers = all.filter((value) => Number.isInteger(round(Math.log10(value))));
  const [low, high] = [Math.log10(all[0] ?? 1), Math.log10(all.at(-1) ?? 10)];
  const position = (value: number): number => (Math.log10(value) - low) / (high - low);
  return { logarithmic: true, position, ticks: all.length > MOST_TICKS ? powers : all };
}

/** From the last one that is not above `least` to the first that is not below `most`. */
function roundNumbers(least: number, most: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    all.push(...STEPS.map((step) => step * 10 ** power));
  }
  const from = all.findLastIndex((value) => value <= least);
  const to = all.findIndex((value) => value >= most);
  return all.slice(Math.max(0, from), to + 1);
}

/** Without the last digits, which logarithms get wrong. */
function round(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}
