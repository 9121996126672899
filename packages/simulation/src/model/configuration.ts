// The bounds of a search and what it is run with, read from "name=value" arguments. Refuses what it does not know.
import type { RulesName, TiesName } from "./first-version-rules.js";

/**
 * How updates travel.
 * - `full`: one replica takes over everything that another has, as after a reconnect.
 * - `sessions`: any replica applies the next transaction of any session, in any order between sessions: what live
 *   updates over a mesh, relays of any shape and late answers to gaps can do together.
 * - `causal`: as `sessions`, but only after everything that the author of the transaction had applied.
 */
export type DeliveryMode = "full" | "sessions" | "causal";

/** Whether cleaning looks beyond the segment that it cleans. */
export type MovesName = "with-covered" | "alone";

/** Whether a writer remembers the stamps of what it has seen win and go again. */
export type StampsName = "remembered" | "forgotten" | "passed-on";

/**
 * What becomes of one replica.
 * - `abandoned`: it leaves for ever, and nobody owns what it wrote.
 * - `silent`: another retires it, and it never comes back.
 * - `returns`: another retires it, and it goes on not knowing that; when it learns of it, it owns nothing that it
 *   wrote before its current session, which it tells the others that it goes by another name in.
 * - `stubborn`: the same, but it goes on to own what it wrote, and so do those that retired it.
 */
export type RetireName = "none" | "abandoned" | "silent" | "returns" | "stubborn";

/**
 * What one that retired another does with its entries.
 * - `drops`, the rule: drops them as its own, but only while it has got all that every other replica had since it last
 *   got anything new of the retired one. Otherwise they are foreign to it. It never moves them.
 * - `moves`: moves them, too, under the same condition (wrong).
 * - `at-once`: drops and moves them from the beginning (wrong).
 */
export type RetiringName = "at-once" | "moves" | "drops";

/** What is done with a copy of a replica's store: nothing, it runs in its place later, or beside it. */
export type CopyName = "none" | "rollback" | "clone";

/**
 * What a copy does with the sessions of its origin that it knows of. Until it may drop from them they are foreign to it,
 * and hold its tombstones.
 * - `evidence`, the rule: drops and moves, both only after it has got everything from every other replica, and only if
 *   in all that there was nothing of its origin that it did not know; otherwise it owns none of them for ever. An
 *   origin that applies something of a copy owns no earlier session either.
 * - `renounces`: owns none of them. The rule for a store that is known to be a copy.
 * - `synced`: as `evidence`, but owns them also where it learned that it had forgotten something.
 * - `until-evidence`: drops at once, until it applies something of its origin that it did not know; moves as above
 *   (wrong).
 * - `drops-at-once`: drops at once, moves after it has got everything (wrong).
 * - `own-complete`: drops and moves when it has all that any other replica has of those sessions (wrong).
 * - `careless`: drops and moves at once (wrong).
 */
export type TakingName = (typeof TAKING_NAMES)[number];

const TAKING_NAMES = [
  "evidence",
  "renounces",
  "synced",
  "until-evidence",
  "drops-at-once",
  "own-complete",
  "careless",
] as const;

/** Everything that a search depends on. */
export interface Configuration {
  readonly mode: DeliveryMode;
  readonly rules: RulesName;
  readonly ties: TiesName;
  /** Whether cleaning takes what a dropped entry covers with it (the rule), or drops the entry alone. */
  readonly moves: MovesName;
  /** What a write's stamp is above: all that its writer has seen (the rule), or only what wins now. */
  readonly stamps: StampsName;
  readonly retire: RetireName;
  /** How many replicas retire that one, at most. */
  readonly retirers: number;
  readonly retiring: RetiringName;
  readonly copy: CopyName;
  readonly taking: TakingName;
  /** Replicas, not counting a copy. */
  readonly replicas: number;
  /** Steps from the empty state: the length of the histories tried. */
  readonly depth: number;
  /** Sets in one history, over all replicas. */
  readonly sets: number;
  /** Deletes in one history, over all replicas. */
  readonly deletes: number;
  /** How often in one history a replica seals its segment or starts a new session; moves follow from that. */
  readonly openings: number;
  /** For each replica the readings its wall clock may show at a write, in milliseconds: one, or a choice. */
  readonly wallMs: readonly (readonly number[])[];
  /** Give up after so many states; the search then counts as incomplete. */
  readonly maxStates: number;
  /** Stop at the first failure. */
  readonly stopAtFirst: boolean;
}

/** Three replicas, three sets and a delete, ten steps: seconds, and enough for most wrong rules to show. */
const DEFAULT_CONFIGURATION: Configuration = {
  mode: "sessions",
  rules: "lowest-first",
  ties: "value",
  stamps: "remembered",
  moves: "with-covered",
  retire: "none",
  retirers: 1,
  retiring: "drops",
  copy: "none",
  taking: "evidence",
  replicas: 3,
  depth: 10,
  sets: 3,
  deletes: 1,
  openings: 1,
  wallMs: [[0], [0], [0]],
  maxStates: 50_000_000,
  stopAtFirst: false,
};

/** A configuration from some of its fields; every replica has the same clock unless told otherwise. */
export function configuration(fields: Partial<Configuration> = {}): Configuration {
  const replicas = fields.replicas ?? DEFAULT_CONFIGURATION.replicas;
  const wallMs = fields.wallMs ?? Array.from({ length: replicas }, () => [0]);
  return { ...DEFAULT_CONFIGURATION, wallMs, ...fields };
}

/** Whether replicas are interchangeable: all clocks alike, and ids without effect. */
export function isSymmetric(bounds: Configuration): boolean {
  const clocks = new Set(bounds.wallMs.map((choices) => choices.join("/")));
  return bounds.ties === "value" && clocks.size === 1;
}

/** Replicas and the place that is kept for a copy of one. */
export const slotsOf = (bounds: Configuration): number => bounds.replicas + (bounds.copy === "none" ? 0 : 1);

/** The number of the copy, -1 where there is none. */
export const copyReplica = (bounds: Configuration): number => (bounds.copy === "none" ? -1 : bounds.replicas);

/** Names on the command line: `inc` (incremental) and `depc` (dependencies checked) are short for two modes. */
const MODES: Record<string, DeliveryMode> = {
  full: "full",
  sessions: "sessions",
  inc: "sessions",
  causal: "causal",
  depc: "causal",
};
const RULES = named<RulesName>("lowest-first", "first-version", "early-tombstone");
const TIES = named<TiesName>("value", "segment");
const MOVES = named<MovesName>("with-covered", "alone");
const STAMPS = named<StampsName>("remembered", "forgotten", "passed-on");
const RETIRE = named<RetireName>("none", "abandoned", "silent", "returns", "stubborn");
const RETIRING = named<RetiringName>("at-once", "moves", "drops");
const COPY = named<CopyName>("none", "rollback", "clone");
const TAKING = named<TakingName>(...TAKING_NAMES);

type Mutable<T> = { -readonly [Key in keyof T]?: T[Key] };

const READERS: Record<string, (fields: Mutable<Configuration>, value: string) => void> = {
  mode: (fields, value) => set(fields, "mode", oneOf("mode", value, MODES)),
  rules: (fields, value) => set(fields, "rules", oneOf("rules", value, RULES)),
  ties: (fields, value) => set(fields, "ties", oneOf("ties", value, TIES)),
  moves: (fields, value) => set(fields, "moves", oneOf("moves", value, MOVES)),
  stamps: (fields, value) => set(fields, "stamps", oneOf("stamps", value, STAMPS)),
  retire: (fields, value) => set(fields, "retire", oneOf("retire", value, RETIRE)),
  retirers: (fields, value) => set(fields, "retirers", whole("retirers", value, [1, 2])),
  retiring: (fields, value) => set(fields, "retiring", oneOf("retiring", value, RETIRING)),
  copy: (fields, value) => set(fields, "copy", oneOf("copy", value, COPY)),
  taking: (fields, value) => set(fields, "taking", oneOf("taking", value, TAKING)),
  replicas: (fields, value) => set(fields, "replicas", whole("replicas", value, [2, 4])),
  depth: (fields, value) => set(fields, "depth", whole("depth", value, [1, 30])),
  sets: (fields, value) => set(fields, "sets", whole("sets", value, [1, 6])),
  dels: (fields, value) => set(fields, "deletes", whole("dels", value, [0, 4])),
  openings: (fields, value) => set(fields, "openings", whole("openings", value, [0, 4])),
  limit: (fields, value) => set(fields, "maxStates", whole("limit", value, [1, 200_000_000])),
  wall: (fields, value) => set(fields, "wallMs", value.split(",").map(readings)),
  stop: (fields, value) => set(fields, "stopAtFirst", oneOf("stop", value, { first: true, never: false })),
};

/**
 * Reads arguments such as `mode=inc`, `depth=10`, `wall=0,3,0` or `wall=0/3,0/3,0/3` (a choice at every write).
 * @throws TypeError naming the argument, its value and what is allowed
 */
export function parseConfiguration(parameters: readonly string[]): Configuration {
  const fields: Mutable<Configuration> = {};
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (!reader) throw new TypeError(`unknown bound "${name}": one of ${Object.keys(READERS).join(", ")}`);
    reader(fields, value);
  }
  const parsed = configuration(fields);
  if (parsed.wallMs.length !== parsed.replicas)
    throw new TypeError("wall must give a reading for each replica");
  if (parsed.copy !== "none" && parsed.replicas > 3)
    throw new TypeError("with a copy there can be no more than 3 replicas");
  if (parsed.copy !== "none" && parsed.retire !== "none")
    throw new TypeError("copy and retire cannot be searched together");
  if (parsed.sets + parsed.deletes > 8) throw new TypeError("sets and dels together must be at most 8");
  return parsed;
}

function set<Name extends keyof Configuration>(
  fields: Mutable<Configuration>,
  name: Name,
  value: Configuration[Name],
): void {
  fields[name] = value;
}

function named<Name extends string>(...names: readonly Name[]): Record<string, Name> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

function oneOf<Value>(name: string, text: string, allowed: Record<string, Value>): Value {
  if (Object.hasOwn(allowed, text)) return allowed[text] as Value;
  throw new TypeError(`${name} must be one of ${Object.keys(allowed).join(", ")}, not "${text}"`);
}

function whole(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new TypeError(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}

const readings = (text: string): readonly number[] =>
  text.split("/").map((one) => whole("wall", one, [0, 6]));
