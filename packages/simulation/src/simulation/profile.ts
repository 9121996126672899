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
  restart: number;
  repeer: number;
  slow: number;
  jumpClock: number;
  wait: number;
}

export type ActionName = keyof ActionWeights;

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
  /** Clocks are wrong by at most this, either way. */
  skewMs: number;
  /** Share of writes that delete, that carry a forced timestamp, and that write several keys at once. */
  deleteShare: number;
  forcedShare: number;
  batchShare: number;
  /** The longest time a record takes to be stored; undefined: no log, a restarted replica has nothing. */
  storeMs: number | undefined;
  /** Probability that a crash tears the log: its newest records are gone although they were sent. */
  tornShare: number;
  /** Structs after which a segment is sealed, and the batches of cleaning. */
  segmentStructs: number;
  moveBatch: number;
  /** Entries that one transaction carries at most; more are written in slices, with turns between. */
  commitBatch: number;
  weights: ActionWeights;
}

const CALM_WEIGHTS: ActionWeights = {
  write: 50,
  burst: 4,
  maintain: 25,
  breakConnection: 0,
  partition: 0,
  heal: 0,
  crash: 0,
  restart: 0,
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
  restart: 5,
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
  skewMs: 180_000,
  deleteShare: 0.3,
  forcedShare: 0.06,
  batchShare: 0.05,
  storeMs: 4,
  tornShare: 0,
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
    weights: { ...ROUGH_WEIGHTS, crash: 7, restart: 14, breakConnection: 2 },
  }),
  /** Logs that lose their newest records in a crash: sessions that may never be taken over. */
  torn: (random) => ({
    keys: 1 + random.below(2),
    stepMs: random.pick([8, 40]),
    tornShare: 0.4,
    weights: { ...ROUGH_WEIGHTS, crash: 5, restart: 10 },
  }),
  /** Replicas without a store: each start is a stranger. */
  forgetful: (random) => ({ keys: 1 + random.below(2), storeMs: undefined, stepMs: random.pick([8, 40]) }),
};

const SHARES: Readonly<Record<string, number>> = {
  tight: 40,
  moving: 6,
  calm: 16,
  mesh: 10,
  wide: 6,
  crashing: 12,
  torn: 6,
  forgetful: 4,
};

/** The names that `--profile` takes. */
export const profileNames: readonly string[] = Object.keys(PROFILES);

/** The profile of a seed, or the named one with the seed's choices in it. */
export function chooseProfile(random: Random, forcedName?: string): Profile {
  const chosen = random.pickWeighted(SHARES);
  const name = forcedName ?? chosen;
  const choices = PROFILES[name]?.(random) ?? {};
  return { ...BASE, workMs: random.pick([0, 0, 0.2, 4]), ...choices, name };
}

/** Which hosts each host dials; undirected edges become one dial, or two at once. */
export function chooseDials(profile: Profile, random: Random): Map<number, number[]> {
  const dials = new Map<number, number[]>();
  const add = (from: number, to: number): void => {
    dials.set(from, [...(dials.get(from) ?? []), to]);
  };
  for (const [a, b] of edgesOf(profile, random)) {
    const direction = random.below(3);
    if (direction !== 0) add(a, b);
    if (direction !== 1) add(b, a);
  }
  // As the original's example does: one list for all, one's own URL included.
  if (profile.topology === "full" && random.chance(0.5)) {
    const everybody = Array.from({ length: profile.replicas }, (_, index) => index);
    for (const host of everybody) dials.set(host, everybody);
  }
  return dials;
}

function edgesOf(profile: Profile, random: Random): [number, number][] {
  const edges: [number, number][] = [];
  for (let b = 1; b < profile.replicas; b++) {
    for (let a = 0; a < b; a++) {
      // Every topology keeps the replicas connected: in the partial one a random tree, and some edges more.
      const wanted = {
        full: true,
        chain: a === b - 1,
        star: a === 0,
        partial: random.chance(0.3),
      };
      if (wanted[profile.topology]) edges.push([a, b]);
    }
    if (profile.topology === "partial") edges.push([random.below(b), b]);
  }
  return edges;
}
