// The axis of a chart: where a value lies, and which ticks there are. Pure functions.

/** An axis from the left end to the right one. */
export interface Scale {
  readonly logarithmic: boolean;
  /** The part of the axis, from 0 to 1, that a value takes. */
  position(value: number): number;
  readonly ticks: readonly number[];
}

/** Above this ratio of the largest to the smallest value short bars would vanish. */
const LOGARITHMIC_FROM = 30;
const TICKS = 5;

/** A scale for these values, all above or equal to 0; logarithmic where a linear one would hide the small ones. */
export function scaleOf(values: readonly number[]): Scale {
  const largest = Math.max(...values, 0);
  const positive = values.filter((value) => value > 0);
  const smallest = Math.min(...positive);
  if (positive.length > 0 && largest / smallest > LOGARITHMIC_FROM) return logarithmic(smallest, largest);
  return linear(largest);
}

function linear(largest: number): Scale {
  const step = niceStep(largest / TICKS);
  const count = Math.max(1, Math.ceil(largest / step));
  const end = count * step;
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  return { logarithmic: false, position: (value) => clamp(value / end), ticks };
}

/** From a power of ten below the smallest, so that its bar can be seen, to one above the largest. */
function logarithmic(smallest: number, largest: number): Scale {
  const low = Math.floor(Math.log10(smallest / 2));
  const high = Math.ceil(Math.log10(largest));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const position = (value: number): number =>
    value <= 0 ? 0 : clamp((Math.log10(value) - low) / (high - low));
  return { logarithmic: true, position, ticks };
}

/** The least of 1, 2 and 5 times a power of ten that is not below `step`. */
function niceStep(step: number): number {
  if (!(step > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * 0.999_999) ?? 10;
  return factor * power;
}

function clamp(part: number): number {
  return Math.min(1, Math.max(0, part));
}
