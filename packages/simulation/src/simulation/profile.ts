// What kind of world a seed gets. Long histories over many keys are blind: what goes wrong needs several
// replicas at the same key within a few operations, so most seeds run three replicas on one or two keys,
// dropping and moving all the time. The others are there for what needs more of something.
import type { Random } from "./random.js";

/** What may happen in a step, by weight. */
export interface ActionWeights {
  write: number;
  burst: number;
  maintain: number;
  breakConnection: number;
  partition: number;
  heal: number;
  crash: number;
  stop: number;
  restart: number;
  failDisk: number;
  healDisk: number;
  repeer: number;
  slow: number;
  jumpClock: number;
  wait: number;
}

export type ActionName = keyof ActionWeights;

/** See scenarios.ts. */
export type ScenarioName =
  | "clone-running"
  | "clone-stopped"
  | "image-clone"
  | "rollback"
  | "rollback-in-place"
  | "backup-restored"
  | "retire"
  | "retire-returns";

export type Topology = "full" | "chain" | "star" | "partial";

export interface Profile {
  name: string;
  replicas: number;
  keys: number;
  topology: Topology;
  /** No connection breaks and no frame is lost: then all must be equal without reconnecting. */
  calm: boolean;
  /** The longest pause between two steps, in milliseconds. */
  stepMs: number;
  latencyMs: readonly [number, number];
  /** Each byte on the wire fills send buffers like so many. */
  byteWeight: number;
  /** Work takes up to this many milliseconds between two looks at the clock, so that turns end early. */
  workMs: number;
  /** A later turn of a process begins at most so many milliseconds later: what takes several has others between. */
  turnMs: number;
  /** Clocks are wrong by at most this, either way. */
  skewMs: number;
  /** Share of writes that delete, that carry a forced timestamp, and that write several keys at once. */
  deleteShare: number;
  forcedShare: number;
  batchShare: number;
  /** The longest time that a batch takes to be stored; undefined: no store, a restarted replica has nothing. */
  storeMs: number | undefined;
  level: "sync" | "os";
  /** A store is folded as soon as it has grown by so much. */
  minFoldBytes: number;
  /** Probability that a crash is one of the whole computer: what was not synced is gone although it was sent. */
  powerShare: number;
  /** Probability that a start finds bits of its store flipped. */
  damageShare: number;
  /** What happens once in this world, besides all the rest. */
  scenario: ScenarioName | undefined;
  /** Structs after which a segment is sealed, and the batches of cleaning. */
  segmentStructs: number;
  moveBatch: number;
  /** Entries that one transaction carries at most; more are written in slices, with turns between. */
  commitBatch: number;
  weights: ActionWeights;
}

/** Nothing breaks, and everybody goes on running. */
export const CALM_WEIGHTS: ActionWeights = {
  write: 50,
  burst: 4,
  maintain: 25,
  breakConnection: 0,
  partition: 0,
  heal: 0,
  crash: 0,
  stop: 0,
  restart: 0,
  failDisk: 0,
  healDisk: 0,
  repeer: 0,
  slow: 1,
  jumpClock: 1,
  wait: 0.3,
};

const ROUGH_WEIGHTS: ActionWeights = {
  write: 44,
  burst: 4,
  maintain: 24,
  breakConnection: 5,
  partition: 2.5,
  heal: 3.5,
  crash: 2,
  stop: 0.7,
  restart: 5,
  failDisk: 0,
  healDisk: 0,
  repeer: 0.7,
  slow: 1,
  jumpClock: 1,
  wait: 2.5,
};

const BASE: Omit<Profile, "name"> = {
  replicas: 3,
  keys: 1,
  topology: "full",
  calm: false,
  stepMs: 8,
  latencyMs: [0.2, 25],
  byteWeight: 1,
  workMs: 0,
  turnMs: 0.5,
  skewMs: 180_000,
  deleteShare: 0.3,
  forcedShare: 0.06,
  batchShare: 0.05,
  storeMs: 4,
  level: "sync",
  minFoldBytes: 600,
  powerShare: 0.3,
  damageShare: 0,
  scenario: undefined,
  segmentStructs: 6,
  moveBatch: 2,
  commitBatch: 2_000,
  weights: ROUGH_WEIGHTS,
};

/** The profiles by name, each a function of chance. */
const PROFILES: Readonly<Record<string, (random: Random) => Partial<Profile>>> = {
  /** Three replicas at each other's throats. */
  tight: (random) => ({
    keys: 1 + random.below(2),
    topology: random.pick(["full", "full", "chain"] as const),
    stepMs: random.pick([3, 8, 40]),
    segmentStructs: random.pick([4, 6, 12]),
    moveBatch: 1 + random.below(3),
  }),
  /** Nothing breaks: equal without reconnecting. */
  calm: (random) => ({
    calm: true,
    replicas: 3 + random.below(3),
    keys: 1 + random.below(3),
    topology: random.pick(["full", "chain", "star", "partial"] as const),
    stepMs: random.pick([2, 8, 20]),
    byteWeight: random.pick([1, 2_000]),
    weights: CALM_WEIGHTS,
  }),
  /** Relays, and replicas that only reach each other through a third. */
  mesh: (random) => ({
    replicas: 5,
    keys: 4,
    topology: random.pick(["partial", "star", "chain"] as const),
    stepMs: random.pick([4, 20]),
    segmentStructs: random.pick([6, 10, 30]),
  }),
  /** Many keys, large batches, slow readers, buffers that fill. */
  wide: (random) => ({
    replicas: 3 + random.below(2),
    keys: 200,
    batchShare: 0.25,
    byteWeight: 2_000,
    segmentStructs: random.pick([40, 150]),
    moveBatch: 10,
    commitBatch: random.pick([3, 2_000]),
    weights: { ...ROUGH_WEIGHTS, slow: 5 },
  }),
  /** Long wires and busy cleaning: entries are moved by one replica while another deletes them. */
  moving: (random) => ({
    keys: 20,
    latencyMs: [20, 300],
    stepMs: random.pick([3, 8]),
    deleteShare: 0.45,
    segmentStructs: 4,
    moveBatch: 3,
    weights: { ...ROUGH_WEIGHTS, maintain: 50, crash: 1, breakConnection: 1 },
  }),
  /** Replicas that crash all the time, so that there are many sessions to take over. */
  crashing: (random) => ({
    keys: 1 + random.below(2),
    stepMs: random.pick([8, 40]),
    storeMs: random.pick([1, 15]),
    minFoldBytes: random.pick([1, 300, 1_000]),
    weights: { ...ROUGH_WEIGHTS, crash: 7, stop: 1.5, restart: 14, breakConnection: 2 },
  }),
  /** Stores that lose their newest batches with the power: sessions that may never be taken over. */
  torn: (random) => ({
    keys: 1 + random.below(2),
    stepMs: random.pick([8, 40]),
    level: "os",
    powerShare: 0.6,
    weights: { ...ROUGH_WEIGHTS, crash: 5, stop: 1.5, restart: 10 },
  }),
  /** Disks that are full, broken or hang for a while. */
  failing: (random) => ({
    keys: 1 + random.below(2),
    stepMs: random.pick([8, 40]),
    level: random.pick(["sync", "sync", "os"] as const),
    minFoldBytes: random.pick([1, 300]),
    weights: { ...ROUGH_WEIGHTS, failDisk: 4, healDisk: 6, crash: 3, stop: 2, restart: 9 },
  }),
  /** Bits that flip in a store while its computer is off. */
  damaged: (random) => ({
    keys: 1 + random.below(2),
    stepMs: random.pick([8, 40]),
    level: random.pick(["sync", "sync", "os"] as const),
    minFoldBytes: random.pick([1, 300, 1_000]),
    damageShare: 0.25,
    weights: { ...ROUGH_WEIGHTS, crash: 4, stop: 2, restart: 10 },
  }),
  /** Replicas without a store: each start is a stranger. */
  forgetful: (random) => ({ keys: 1 + random.below(2), storeMs: undefined, stepMs: random.pick([8, 40]) }),
  ...Object.fromEntries(
    (
      [
        "clone-running",
        "clone-stopped",
        "image-clone",
        "rollback",
        "rollback-in-place",
        "backup-restored",
        "retire",
        "retire-returns",
      ] as const
    ).map((scenario) => [scenario, (random: Random) => eventful(scenario, random)]),
  ),
};

/** A rough world in which one thing more happens. */
function eventful(scenario: ScenarioName, random: Random): Partial<Profile> {
  return {
    scenario,
    replicas: 3 + random.below(2),
    keys: random.pick([1, 2, 12]),
    deleteShare: random.pick([0.3, 0.45]),
    // Without the one that retires the others must still be connected.
    topology: scenario.startsWith("retire")
      ? "full"
      : random.pick(["full", "full", "chain", "star"] as const),
    stepMs: random.pick([3, 8, 40]),
    segmentStructs: random.pick([4, 6, 12]),
    minFoldBytes: random.pick([1, 300, 1_000]),
    weights: { ...ROUGH_WEIGHTS, crash: 3, stop: 2, restart: 9 },
  };
}

const SHARES: Readonly<Record<string, number>> = {
  tight: 30,
  moving: 6,
  calm: 14,
  mesh: 8,
  wide: 6,
  crashing: 10,
  torn: 6,
  failing: 6,
  damaged: 4,
  forgetful: 3,
  "clone-running": 2,
  "clone-stopped": 2,
  "image-clone": 2,
  rollback: 2,
  "rollback-in-place": 2,
  "backup-restored": 2,
  retire: 2,
  "retire-returns": 2,
};

/** The names that `--profile` takes. */
export const profileNames: readonly string[] = Object.keys(PROFILES);

/** Those that are about what happens to stores: seldom in the mixture, so tests run them by themselves too. */
export const eventfulProfileNames: readonly string[] = profileNames.filter(
  (name) => (SHARES[name] ?? 0) <= 2,
);

/** The profile of a seed, or the named one with the seed's choices in it. */
export function chooseProfile(random: Random, forcedName?: string): Profile {
  const chosen = random.pickWeighted(SHARES);
  const name = forcedName ?? chosen;
  const choices = PROFILES[name]?.(random) ?? {};
  const workMs = random.pick([0, 0, 0.2, 4]);
  return { ...BASE, workMs, turnMs: random.pick([0.5, 0.5, 12]), ...choices, name };
}
