// Ranges of numbers of updates, as the metadata of a channel has them: pure functions, which never give an empty list, so
// that metadata without ranges are what they always were.

/** Updates from one number on, before another. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** The ranges with this one at the end, or without it. */
export function withRange(
  ranges: readonly NumberRange[] | undefined,
  range: NumberRange,
  isThere: boolean,
): readonly NumberRange[] | undefined {
  const others = ranges?.filter(({ from }) => from !== range.from) ?? [];
  return rangesOrNone(isThere ? [...others, range] : others);
}

/** The ranges of which something is not before this number. */
export function rangesFrom(
  ranges: readonly NumberRange[] | undefined,
  number: number,
): readonly NumberRange[] | undefined {
  return rangesOrNone(ranges?.filter(({ to }) => to > number) ?? []);
}

/** Whether one of the ranges has the number. */
export function isWithin(ranges: readonly NumberRange[] | undefined, number: number): boolean {
  return ranges?.some(({ from, to }) => number >= from && number < to) === true;
}

function rangesOrNone(ranges: readonly NumberRange[]): readonly NumberRange[] | undefined {
  return ranges.length > 0 ? ranges : undefined;
}
