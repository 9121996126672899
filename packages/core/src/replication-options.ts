// The limits and intervals of replication: names with units, defaults, and checks before anything is used. It never
// writes to the caller's object.
import { OptionError } from "./errors.js";
import { checkTimeout, MAX_DELAY_MS } from "./limits.js";
import { type Dialler, LOW_WATER_BYTES } from "./transport.js";

export { checkTimeout };

/** What a side lets its peer do: read (be sent updates), write (have its updates applied), or both. */
export type Permission = "r" | "w" | "rw";

/** A permission, or none at all. */
export type Grant = Permission | "";

/** Limits and intervals of replication; every one has a default in DEFAULT_LIMITS. */
export interface ReplicationLimits {
  /** Time for a transport to open. Default 15,000. */
  readonly connectTimeoutMs: number;
  /** Time from open to the peer's hello; then the connection closes 4408. Default 5,000. */
  readonly helloTimeoutMs: number;
  /** An empty ack is sent when nothing else was for this long. Must be below `silenceTimeoutMs`. Default 10,000. */
  readonly heartbeatMs: number;
  /** A connection without any incoming frame for this long closes 4408. Default 25,000. */
  readonly silenceTimeoutMs: number;
  /** Acks are gathered for up to this long. Default 50. */
  readonly ackDelayMs: number;
  /** About how often live peers compare digests; jittered by half. Default 15,000. */
  readonly digestIntervalMs: number;
  /**
   * Frames larger than this close the connection 4413; equals the transport's own limit. Below 1.2 MiB the
   * largest values cannot travel. Default 4 MiB.
   */
  readonly maxFrameBytes: number;
  /**
   * An update that comes in parts is kept until its last part has come, up to this size: the whole document, for a peer
   * that joins. Above it the connection closes 4413. Default 256 MiB.
   */
  readonly maxAnswerBytes: number;
  /** An answer of so many bytes or more is applied in turns, with other work between. Default 256 KiB. */
  readonly absorbBytes: number;
  /** Aim for the parts of an answer. Default 64 KiB. */
  readonly sliceBytes: number;
  /** With more buffered than this a connection is behind: nothing is queued until it drained. Default 1 MiB. */
  readonly behindBytes: number;
  /** With more buffered than this a connection is ended. Default 8 MiB. */
  readonly stalledBytes: number;
  /** A connection whose buffer, or whose answer to a question, made no progress for this long is ended. Default 30,000. */
  readonly stallTimeoutMs: number;
  /**
   * After this long without progress, or three times as long in all, one peer's answer no longer holds back the
   * questions to others. Default 10,000.
   */
  readonly pullTimeoutMs: number;
  /** Time in one turn for incoming frames, and for cutting answers; half of it for applying one. Default 8. */
  readonly turnBudgetMs: number;
  /** Bytes of an answer that are cut or applied in one turn at most, however little time it takes. Default 1 MiB. */
  readonly turnBytes: number;
  /** Received bytes of one connection that may wait to be worked off before it is paused. Default 1 MiB. */
  readonly inboxBytes: number;
  /** First and last ceiling of the delay between dials of a link. Defaults 100 and 30,000. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** The same after a refusal or a protocol error. Defaults 30,000 and 300,000. */
  readonly refusedBackoffMinMs: number;
  readonly refusedBackoffMaxMs: number;
  /** A link that was live for this long starts its delays anew. Default 10,000. */
  readonly backoffResetMs: number;
  /** Time for connections to end in order at `close()`, before they are cut off. Default 1,000. */
  readonly closeTimeoutMs: number;
}

/** Options of a peer set. */
export interface PeerSetOptions extends Partial<ReplicationLimits> {
  /** Opens transports to URLs; needed for `setUrls` only. */
  readonly dial?: Dialler;
  /** What peers that are dialled may do here. Default "rw". */
  readonly grant?: Permission;
}

/** The defaults; times in milliseconds, sizes in bytes. */
export const DEFAULT_LIMITS: ReplicationLimits = {
  connectTimeoutMs: 15_000,
  helloTimeoutMs: 5_000,
  heartbeatMs: 10_000,
  silenceTimeoutMs: 25_000,
  ackDelayMs: 50,
  digestIntervalMs: 15_000,
  maxFrameBytes: 4 * 1024 * 1024,
  maxAnswerBytes: 256 * 1024 * 1024,
  absorbBytes: 256 * 1024,
  sliceBytes: 64 * 1024,
  behindBytes: 1024 * 1024,
  stalledBytes: 8 * 1024 * 1024,
  stallTimeoutMs: 30_000,
  pullTimeoutMs: 10_000,
  turnBudgetMs: 8,
  turnBytes: 1024 * 1024,
  inboxBytes: 1024 * 1024,
  backoffMinMs: 100,
  backoffMaxMs: 30_000,
  refusedBackoffMinMs: 30_000,
  refusedBackoffMaxMs: 300_000,
  backoffResetMs: 10_000,
  closeTimeoutMs: 1_000,
};

const LIMIT_NAMES = Object.keys(DEFAULT_LIMITS) as (keyof ReplicationLimits)[];

/** Pairs of limits of which the first must be below the second. */
const ASCENDING: readonly (readonly [keyof ReplicationLimits, keyof ReplicationLimits])[] = [
  ["heartbeatMs", "silenceTimeoutMs"],
  ["behindBytes", "stalledBytes"],
  ["sliceBytes", "maxFrameBytes"],
  ["backoffMinMs", "backoffMaxMs"],
  ["refusedBackoffMinMs", "refusedBackoffMaxMs"],
];

/**
 * The limits of `options` completed by the defaults.
 * @throws OptionError for an unknown option, a value that is not a positive whole number, a time above
 * 2,147,483,647 ms, and combinations that cannot work
 */
export function resolveLimits(options: PeerSetOptions): ReplicationLimits {
  const limits: Record<keyof ReplicationLimits, number> = { ...DEFAULT_LIMITS };
  assertObject(options);
  for (const [name, value] of Object.entries(options)) {
    if (name === "dial" || name === "grant" || value === undefined) continue;
    if (!isLimitName(name))
      throw new OptionError(name, value, `one of ${LIMIT_NAMES.join(", ")}, dial, grant`);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new OptionError(name, value, "a whole number above 0");
    if (name.endsWith("Ms") && value > MAX_DELAY_MS)
      throw new OptionError(name, value, `at most ${MAX_DELAY_MS}`);
    limits[name] = value;
  }
  for (const [lower, upper] of ASCENDING) {
    if (limits[lower] >= limits[upper]) {
      throw new OptionError(lower, limits[lower], `below ${upper} (${limits[upper]})`);
    }
  }
  if (limits.behindBytes <= LOW_WATER_BYTES) {
    throw new OptionError(
      "behindBytes",
      limits.behindBytes,
      `above ${LOW_WATER_BYTES}, where transports drain`,
    );
  }
  return limits;
}

/** @throws OptionError unless `value` is a permission; `option` names it in the message */
export function checkPermission(option: string, value: unknown): Permission {
  if (value === "r" || value === "w" || value === "rw") return value;
  throw new OptionError(option, value, '"r", "w" or "rw"');
}

/**
 * How an inbound connection is taken in, completed by the defaults.
 * @throws OptionError for an unknown option or a wrong value
 */
export function checkAcceptOptions(options: object): { grant: Permission; stockClient: boolean } {
  assertObject(options);
  let grant: Permission = "rw";
  let stockClient = false;
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (name !== "grant" && name !== "stockClient")
      throw new OptionError(name, value, "one of grant, stockClient");
    if (value === undefined) continue;
    if (name === "grant") grant = checkPermission(name, value);
    else if (typeof value === "boolean") stockClient = value;
    else throw new OptionError(name, value, "true or false");
  }
  return { grant, stockClient };
}

function assertObject(options: unknown): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw new OptionError("options", options, "an object");
}

function isLimitName(name: string): name is keyof ReplicationLimits {
  return Object.hasOwn(DEFAULT_LIMITS, name);
}
