// The options of a store, their defaults, and what they may be.
import { OptionError } from "../errors.js";
import { type Runtime, systemRuntime } from "../runtime.js";
import type { StoreLevel } from "./channel-metadata.js";

export interface StoreOptions {
  /**
   * What a stored update survives: `sync` the loss of power, `os` a crash of the process only, which is faster.
   * Default `sync`.
   */
  level?: StoreLevel | undefined;
  /**
   * A text that is another one when the database was copied or restored. When it differs from the one that the store
   * remembers, its channels are new replicas. Without it copies are not noticed here.
   */
  place?: string | undefined;
  /** Time and chance. Default: the real ones. */
  runtime?: Runtime | undefined;
  /** The log of a channel is folded when it has more bytes than this and more than the snapshot. Default 1 MiB. */
  minFoldBytes?: number | undefined;
  /** It is folded as well when it has so many updates, because reading many takes long. Default 20,000. */
  maxLogRecords?: number | undefined;
  /**
   * Updates that wait for a slow or full disk, of all channels together. Beyond it they are forgotten, and the whole
   * document is stored instead. Default 64 MiB.
   */
  maxQueuedBytes?: number | undefined;
  /** A write that failed is tried again after so many milliseconds. Default 1,000. */
  retryMs?: number | undefined;
  /** A fold that failed is tried again after so many milliseconds, with the next update. Default 60,000. */
  foldRetryMs?: number | undefined;
  /** A batch takes no further updates when it has so many bytes. Default 4 MiB. */
  maxBatchBytes?: number | undefined;
}

/** Options with their defaults. */
export interface StoreSettings {
  readonly level: StoreLevel;
  readonly place: string | undefined;
  readonly runtime: Runtime;
  readonly minFoldBytes: number;
  readonly maxLogRecords: number;
  readonly maxQueuedBytes: number;
  readonly retryMs: number;
  readonly foldRetryMs: number;
  readonly maxBatchBytes: number;
}

/** @throws OptionError for a value that is not allowed */
export function settle(options: StoreOptions): StoreSettings {
  const { level = "sync", place, runtime = systemRuntime } = options;
  if (level !== "sync" && level !== "os") throw new OptionError("level", level, '"sync" or "os"');
  if (place !== undefined && typeof place !== "string") throw new OptionError("place", place, "a text");
  const count = (name: keyof StoreOptions, fallback: number): number => {
    const value = options[name] ?? fallback;
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    throw new OptionError(name, value, "a positive whole number");
  };
  return {
    level,
    place,
    runtime,
    minFoldBytes: count("minFoldBytes", 1_048_576),
    maxLogRecords: count("maxLogRecords", 20_000),
    maxQueuedBytes: count("maxQueuedBytes", 67_108_864),
    retryMs: count("retryMs", 1_000),
    foldRetryMs: count("foldRetryMs", 60_000),
    maxBatchBytes: count("maxBatchBytes", 4_194_304),
  };
}
