// The searches in which a replica is retired, or its store is copied: a replica that never returns, one that does, a
// store restored from a backup, a store that runs twice. Each with what is known to be found, and nothing else may be.
import type { Failure } from "./checks.js";
import { type Configuration, configuration } from "./configuration.js";

/** Bounds of one search in both extents, and what it finds. */
export interface RoleSearch {
  readonly title: string;
  readonly whole: Partial<Configuration>;
  readonly smoke: Partial<Configuration>;
  /** One of these is to be found; empty if nothing is. */
  readonly finds: readonly Failure[];
  /** These may be found as well. */
  readonly allows?: readonly Failure[];
}

const SMALL = { sets: 2, deletes: 1 } as const;
const RETIRED = { ...SMALL, retire: "silent", retirers: 2, openings: 1 } as const;
const BACK = { ...SMALL, retire: "returns" } as const;
const RESTORED = { ...SMALL, copy: "rollback" } as const;
const TWICE = { ...SMALL, copy: "clone", replicas: 2 } as const;

/** What the engine's rules must keep to: nothing, or what docs/document.md says of such a replica. */
export const ROLE_SEARCHES: readonly RoleSearch[] = [
  {
    title: "a replica that leaves for ever holds what it wrote, and what covers it",
    whole: { ...SMALL, retire: "abandoned", openings: 0, depth: 9 },
    smoke: { ...SMALL, retire: "abandoned", openings: 0, depth: 6 },
    finds: ["held"],
  },
  {
    title: "retired by two others it holds nothing",
    whole: { ...RETIRED, depth: 9 },
    smoke: { ...RETIRED, openings: 0, depth: 8 },
    finds: [],
  },
  {
    title: "retired by two others it holds nothing, whole states",
    whole: { ...RETIRED, mode: "full", depth: 9 },
    smoke: { ...RETIRED, mode: "full", openings: 0, depth: 7 },
    finds: [],
  },
  {
    title: "one that was retired returns, and has moved nothing meanwhile, histories of any length",
    whole: { ...BACK, mode: "causal", openings: 0, depth: 30 },
    smoke: { ...BACK, mode: "causal", openings: 0, depth: 8 },
    finds: [],
  },
  {
    title: "retired by two others it returns, and has moved nothing meanwhile",
    whole: { ...BACK, retirers: 2, openings: 0, depth: 10 },
    smoke: { ...BACK, retirers: 2, openings: 0, depth: 7 },
    finds: [],
  },
  {
    title: "it has moved entries or started anew meanwhile: a deleted value may come back, no more",
    whole: { ...BACK, openings: 1, depth: 9 },
    smoke: { ...BACK, openings: 1, depth: 7 },
    finds: ["resurrected"],
  },
  {
    title: "a store restored from a backup: what it had forgotten is held until it is retired",
    whole: { ...RESTORED, openings: 1, depth: 9 },
    smoke: { ...RESTORED, openings: 1, replicas: 2, depth: 7 },
    finds: ["held"],
  },
  {
    title: "a store restored from a backup, whole states",
    whole: { ...RESTORED, mode: "full", openings: 1, depth: 8 },
    smoke: { ...RESTORED, mode: "full", openings: 1, replicas: 2, depth: 7 },
    finds: ["held"],
  },
  {
    title: "a copy that knows itself to be one, beside its origin",
    whole: { ...TWICE, taking: "renounces", openings: 0, depth: 12 },
    smoke: { ...TWICE, taking: "renounces", openings: 0, depth: 8 },
    finds: [],
  },
  {
    title:
      "a copy beside its origin, before either knows: what one has deleted the other may bring back, no more",
    whole: { ...TWICE, openings: 0, depth: 12 },
    smoke: { ...TWICE, openings: 0, depth: 7 },
    finds: ["resurrected"],
    allows: ["held"],
  },
];

/** Rules that read well and are wrong. All are found within seconds. */
export const WRONG_ROLE_SEARCHES: readonly (readonly [title: string, bounds: Configuration])[] = [
  [
    "wrong: one that retires another drops its entries before it has heard all others",
    wrong({ ...SMALL, retire: "silent", retiring: "at-once", openings: 0, depth: 7 }),
  ],
  [
    "wrong: those that retire another move its entries",
    wrong({ ...SMALL, retire: "silent", retiring: "moves", retirers: 2, openings: 0, depth: 9 }),
  ],
  [
    "wrong: a restored store drops and moves what earlier sessions wrote at once",
    wrong({ ...RESTORED, mode: "full", taking: "careless", openings: 0, replicas: 2, depth: 8 }),
  ],
  [
    "wrong: a restored store drops at once, and waits for all others only to move",
    wrong({ ...RESTORED, taking: "drops-at-once", openings: 0, replicas: 2, depth: 8 }),
  ],
  [
    "wrong: a restored store drops until it learns that it had forgotten something",
    wrong({ ...RESTORED, mode: "full", taking: "until-evidence", openings: 1, replicas: 2, depth: 8 }),
  ],
  [
    "wrong: a restored store drops and moves when its own earlier sessions are complete again",
    wrong({ ...RESTORED, taking: "own-complete", openings: 0, replicas: 2, depth: 8 }),
  ],
];

function wrong(fields: Partial<Configuration>): Configuration {
  return configuration({ stopAtFirst: true, ...fields });
}
