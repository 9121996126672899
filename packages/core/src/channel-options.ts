// The options of a channel: what each means, its default, and the check that names a wrong one.
import type { CleaningCounts, CleaningLimits } from "./document/cleaning.js";
import { defaultCleaningLimits } from "./document/cleaning.js";
import { SegmentDocument, type SegmentDocumentOptions } from "./document/segment-document.js";
import { OptionError } from "./errors.js";
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "./limits.js";
import { defaultMaintenanceIntervals, type MaintenanceIntervals } from "./maintenance.js";
import type { ReplicationCounts } from "./replication-port.js";
import { isReplicaId } from "./replica-id.js";
import { type DocumentRules, documentRules } from "./rules.js";
import { type Runtime, systemRuntime } from "./runtime.js";
import type { ChannelStorage } from "./storage/channel-storage.js";

export interface ChannelOptions {
  /** Shown to peers and in errors; 1 to 255 characters. */
  name: string;
  /** Identifies this copy of the channel over its restarts; 1 to 128 printable ASCII characters. Default: random. */
  replicaId?: string;
  /** Keeps the channel over restarts; see Store. It has the replicaId. Default: none, the channel lives in memory. */
  storage?: ChannelStorage;
  /** The most a key may take, in bytes of UTF-8. Default and maximum: 4096, which peers enforce. */
  maxKeyBytes?: number;
  /** The most the JSON text of a value may take, in bytes of UTF-8. Default and maximum: 1 MiB. */
  maxValueBytes?: number;
  /** Entries that one transaction, one stored record and one frame carry at most. Default: 2000. */
  maxBatchEntries?: number;
  /** Time, timers and chance. Default: the system's. */
  runtime?: Runtime;
  /** How the document is compacted. Default: see CleaningLimits. */
  cleaning?: Partial<CleaningLimits>;
  /** When the document is compacted. Default: see MaintenanceIntervals. */
  maintenance?: Partial<MaintenanceIntervals>;
  /** The decisions of the document. For the simulation, which plants faults; never change it otherwise. */
  rules?: DocumentRules;
  /** Makes the document. For the simulation; never change it otherwise. */
  createDocument?: (options: SegmentDocumentOptions) => SegmentDocument;
}

export interface WriteOptions {
  /** The caller's own time of the write, in whole milliseconds since 1970. Default: the clock. */
  timestampMs?: number;
}

export interface ChannelStats extends CleaningCounts, ReplicationCounts {
  /** Keys with a value. */
  keys: number;
  /** Entries held in the document, superseded ones and tombstones included. */
  heldEntries: number;
  segments: number;
  /** Writes of this turn, or waiting for a slice or for the store. */
  pendingWrites: number;
  /** Keys that may have superseded entries or tombstones to drop. */
  keysToSweep: number;
  /** Transactions that wrote entries. */
  commits: number;
}

/** Options with every default filled in. */
export interface ChannelSettings {
  name: string;
  replicaId: string | undefined;
  storage: ChannelStorage | undefined;
  maxKeyBytes: number;
  maxValueBytes: number;
  maxBatchEntries: number;
  runtime: Runtime;
  cleaning: CleaningLimits;
  maintenance: MaintenanceIntervals;
  rules: DocumentRules;
  createDocument: (options: SegmentDocumentOptions) => SegmentDocument;
}

const KNOWN = new Set([
  "name",
  "replicaId",
  "storage",
  "maxKeyBytes",
  "maxValueBytes",
  "maxBatchEntries",
  "runtime",
  "cleaning",
  "maintenance",
  "rules",
  "createDocument",
]);

/** @throws OptionError */
export function resolveSettings(options: ChannelOptions): ChannelSettings {
  if (typeof options !== "object" || options === null) throw new OptionError("options", options, "an object");
  for (const option of Object.keys(options)) {
    if (!KNOWN.has(option)) throw new OptionError("options", option, `made of ${[...KNOWN].join(", ")}`);
  }
  const { name, replicaId, storage } = options;
  if (typeof name !== "string" || name.length < 1 || name.length > 255) {
    throw new OptionError("name", name, "a string of 1 to 255 characters");
  }
  if (replicaId !== undefined && !isReplicaId(replicaId)) {
    throw new OptionError("replicaId", replicaId, "1 to 128 printable ASCII characters");
  }
  if (storage !== undefined && typeof storage?.append !== "function") {
    throw new OptionError("storage", storage, "a channel of a Store");
  }
  if (storage !== undefined && replicaId !== undefined) {
    throw new OptionError("replicaId", replicaId, "left out with a storage, which has its own");
  }
  checkParts(options);
  return {
    name,
    replicaId,
    storage,
    maxKeyBytes: count("maxKeyBytes", options.maxKeyBytes, MAX_KEY_BYTES),
    maxValueBytes: count("maxValueBytes", options.maxValueBytes, MAX_VALUE_BYTES),
    maxBatchEntries: count("maxBatchEntries", options.maxBatchEntries, 2_000),
    runtime: options.runtime ?? systemRuntime,
    cleaning: group("cleaning", defaultCleaningLimits, options.cleaning),
    maintenance: group("maintenance", defaultMaintenanceIntervals, options.maintenance),
    rules: options.rules ?? documentRules,
    createDocument: options.createDocument ?? ((documentOptions) => new SegmentDocument(documentOptions)),
  };
}

/** A count from 1 to its default, which is also its maximum. */
function count(option: string, value: number | undefined, maximum: number): number {
  if (value === undefined) return maximum;
  if (!Number.isInteger(value) || value < 1 || value > maximum) {
    throw new OptionError(option, value, `a whole number from 1 to ${maximum}`);
  }
  return value;
}

/** The least that a number of a group may be; for the others, 0 for a time and 1 for a count. */
const LEAST: { readonly [name: string]: number } = {
  minIdleDead: 4,
  dropDelayMs: 0,
  batchPauseMs: 0,
  idleAfterMs: 0,
};

/** A group of numbers, each with its default. @throws OptionError naming the one that is wrong */
function group<Group extends object>(option: string, defaults: Group, given: Partial<Group> = {}): Group {
  if (typeof given !== "object" || given === null) throw new OptionError(option, given, "an object");
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const least = LEAST[name] ?? 1;
    if (!Object.hasOwn(defaults, name)) {
      throw new OptionError(option, name, `made of ${Object.keys(defaults).join(", ")}`);
    }
    if (typeof value !== "number" || !(value >= least)) {
      throw new OptionError(`${option}.${name}`, value, `a number, ${least} or more`);
    }
  }
  return { ...defaults, ...given };
}

/** The options that are objects of ours or functions: what the types say, for callers without types. */
function checkParts({ runtime, rules, createDocument }: ChannelOptions): void {
  if (runtime !== undefined && typeof runtime?.newId !== "function") {
    throw new OptionError("runtime", runtime, "a Runtime");
  }
  if (rules !== undefined && typeof rules?.droppable !== "function") {
    throw new OptionError("rules", rules, "DocumentRules");
  }
  if (createDocument !== undefined && typeof createDocument !== "function") {
    throw new OptionError("createDocument", createDocument, "a function");
  }
}
