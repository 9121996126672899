// The options of the type "buffer", checked and completed.
import { OptionError } from "@chorus/core";
import { MAX_DELAY_MS } from "@chorus/core/internal";
import { type AnyFunction, OptionReader } from "./option-reader.js";

/** What a buffer works by. */
export interface BufferSettings {
  /** The channel that gets the entries. */
  readonly target: string;
  /** The channel of those that wait. */
  readonly temporary: string;
  /** The key fields for one setAll; undefined: one set each. */
  readonly fields: readonly string[] | undefined;
  /** So many entries are handed over; below 0: off. */
  readonly byNumber: number;
  /** After so many milliseconds they are; below 0: off. */
  readonly byTimeMs: number;
  /** Asked at every write whether they are. */
  readonly isDue: AnyFunction | undefined;
  readonly onFailure: AnyFunction | undefined;
}

const NAMES = [
  "bufferCh",
  "bufferIdxs",
  "bufferByNumber",
  "bufferByTime",
  "bufferFunc",
  "bufferTmpCh",
  "errorFn",
];

/** @throws OptionError */
export function bufferSettings(name: string, options: unknown): BufferSettings {
  const reader = new OptionReader("buffer", options, NAMES);
  const target = reader.otherChannel("bufferCh", name);
  const hasTemporary = reader.value("bufferTmpCh") !== undefined;
  const temporary = hasTemporary ? reader.otherChannel("bufferTmpCh", name) : `${name}::__bufferStorage`;
  if (temporary === target) reader.refuse("bufferTmpCh", "another channel than bufferCh");
  const most = Number.MAX_SAFE_INTEGER;
  const byNumber = reader.whole("bufferByNumber", { from: -most, to: most, otherwise: 100 });
  const byTimeMs = reader.whole("bufferByTime", { from: -most, to: MAX_DELAY_MS, otherwise: 2_500 });
  if (byNumber < 0 && byTimeMs < 0) {
    const option = 'the options bufferByNumber and bufferByTime of the type "buffer"';
    throw new OptionError(option, byTimeMs, "0 or more, one of them at least");
  }
  return {
    target,
    temporary,
    fields: reader.fieldNames("bufferIdxs"),
    byNumber,
    byTimeMs,
    isDue: reader.optionalFunction("bufferFunc"),
    onFailure: reader.optionalFunction("errorFn"),
  };
}
