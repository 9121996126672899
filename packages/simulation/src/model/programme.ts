// The searches that `npm run model-check` runs: the engine's rules, which must stand, and rules known to be wrong,
// whose failures must be found. A checker that finds nothing proves nothing until it has found those.
import { type Failure, VISIBLE_FAILURES } from "./checks.js";
import { type Configuration, configuration } from "./configuration.js";
import { ROLE_SEARCHES, WRONG_ROLE_SEARCHES } from "./role-programme.js";
import type { Finding, SearchResult } from "./search.js";

/** One search and what it is expected to find. */
export interface ProgrammeItem {
  readonly title: string;
  readonly configuration: Configuration;
  /** One of these is to be found; empty if nothing is. */
  readonly finds: readonly Failure[];
  /** These may be found as well, and nothing else. */
  readonly allows: readonly Failure[];
}

/** How long the histories are that are tried. `smoke` is for the tests: seconds; `whole`: some minutes. */
export type Extent = "smoke" | "whole";

/** Deep enough for every history within the bounds to end by itself: nothing is left to do but to wait. */
const TO_THE_END = 30;

/** The searches, the engine's rules first. */
export function programme(extent: Extent): readonly ProgrammeItem[] {
  return [...standing(extent), ...roles(extent), ...wrong(extent), ...wrongRoles()];
}

/** Bounds of one search in both extents. */
type Bounds = readonly [title: string, whole: Partial<Configuration>, smoke: Partial<Configuration>];

const CLOCKS_APART = [[0], [1], [2]];
const JUMPING_CLOCKS = [
  [0, 1],
  [0, 1],
  [0, 1],
];

const STANDING: readonly Bounds[] = [
  ["whole states, histories of any length", { mode: "full", depth: TO_THE_END }, { mode: "full", depth: 7 }],
  [
    "causal delivery, histories of any length",
    { mode: "causal", depth: TO_THE_END, openings: 0 },
    { mode: "causal", depth: 8, openings: 0 },
  ],
  ["causal delivery, with moves", { mode: "causal", depth: 10 }, { mode: "causal", depth: 7 }],
  [
    "session by session, histories of any length",
    { mode: "sessions", depth: TO_THE_END },
    { mode: "sessions", depth: 7 },
  ],
  ["three segments of one replica", { sets: 2, openings: 2, depth: 10 }, { sets: 1, openings: 2, depth: 8 }],
  ["two sets and two deletes", { sets: 2, deletes: 2, depth: 11 }, { sets: 2, deletes: 2, depth: 7 }],
  ["clocks apart", { wallMs: CLOCKS_APART, depth: 8 }, { wallMs: CLOCKS_APART, depth: 6 }],
  [
    "clocks that jump at every write",
    { wallMs: JUMPING_CLOCKS, depth: 8 },
    { wallMs: JUMPING_CLOCKS, depth: 6 },
  ],
  ["four replicas", { replicas: 4, depth: 9 }, { replicas: 4, depth: 5 }],
];

function standing(extent: Extent): ProgrammeItem[] {
  return STANDING.map(([title, whole, smoke]) => ({
    title: `the engine's rules: ${title}`,
    configuration: configuration(extent === "whole" ? whole : smoke),
    finds: [],
    allows: [],
  }));
}

function roles(extent: Extent): ProgrammeItem[] {
  return ROLE_SEARCHES.map(({ title, whole, smoke, finds, allows = [] }) => ({
    title: `the engine's rules: ${title}`,
    configuration: configuration(extent === "whole" ? whole : smoke),
    finds,
    allows,
  }));
}

/** Rules that are wrong: anything may come of them, as long as users would notice something. */
const ANYTHING: Pick<ProgrammeItem, "finds" | "allows"> = { finds: VISIBLE_FAILURES, allows: ["held"] };

function wrongRoles(): ProgrammeItem[] {
  return WRONG_ROLE_SEARCHES.map(([title, bounds]) => ({ title, configuration: bounds, ...ANYTHING }));
}

function wrong(extent: Extent): ProgrammeItem[] {
  const items: ProgrammeItem[] = [];
  const add = (title: string, fields: Partial<Configuration>): void => {
    const bounds = configuration({ mode: "full", depth: 8, stopAtFirst: true, ...fields });
    items.push({ title, configuration: bounds, ...ANYTHING });
  };
  const isWhole = extent === "whole";
  const firstVersion = { rules: "first-version", deletes: isWhole ? 2 : 1 } as const;
  add("wrong: the first version of the rules", { ...firstVersion, ties: "segment", openings: 0 });
  add("wrong: the first version, ties by value", { ...firstVersion, openings: 0, wallMs: [[0], [0], [1]] });
  add(
    "wrong: ties broken by the segment's id",
    isWhole ? { ties: "segment" } : { ties: "segment", sets: 2, deletes: 0 },
  );
  const alone = { moves: "alone", sets: 1, deletes: 1, openings: 2 } as const;
  add("wrong: cleaning that leaves what its tombstones cover", alone);
  add("wrong: a tombstone dropped early", { rules: "early-tombstone" });
  if (isWhole) {
    const late = { mode: "sessions", sets: 2, depth: 12, openings: 0 } as const;
    add("wrong: stamps that forget what was dropped", { ...late, stamps: "forgotten" });
  }
  return items;
}

/** The findings that users could notice; for tests. */
export function visibleFindings(result: SearchResult): readonly Finding[] {
  return result.findings.filter(({ failure }) => VISIBLE_FAILURES.includes(failure));
}

/** Whether a search came out as expected. Unless it was to stop at the first failure it must be complete. */
export function isAsExpected(
  { configuration: bounds, finds, allows }: ProgrammeItem,
  result: SearchResult,
): boolean {
  const found = result.findings.map(({ failure }) => failure);
  if (found.some((failure) => !finds.includes(failure) && !allows.includes(failure))) return false;
  if (finds.length > 0 && !found.some((failure) => finds.includes(failure))) return false;
  return result.complete || (bounds.stopAtFirst && finds.length > 0);
}
