// The searches that `npm run model-check` runs: the engine's rules, which must stand, and rules known to be wrong,
// whose failures must be found. A checker that finds nothing proves nothing until it has found those.
import { VISIBLE_FAILURES } from "./checks.js";
import { type Configuration, configuration, type DeliveryMode } from "./configuration.js";
import type { Finding, SearchResult } from "./search.js";

/** One search and what it is expected to find. */
export interface ProgrammeItem {
  readonly title: string;
  readonly configuration: Configuration;
  /** Whether a visible failure is to be found. */
  readonly expectsFailure: boolean;
}

/** How long the histories are that are tried. `smoke` is for the tests: seconds; `whole`: about two minutes. */
export type Extent = "smoke" | "whole";

/** Deep enough for every history within the bounds to end by itself: nothing is left to do but to wait. */
const TO_THE_END = 30;

/** The searches, the engine's rules first. */
export function programme(extent: Extent): readonly ProgrammeItem[] {
  return [...standing(extent), ...knownLimit(extent), ...wrong()];
}

function standing(extent: Extent): ProgrammeItem[] {
  const isWhole = extent === "whole";
  const items: ProgrammeItem[] = [];
  const add = (title: string, fields: Partial<Configuration>): void => {
    items.push({ title, configuration: configuration(fields), expectsFailure: false });
  };
  const depths: readonly [DeliveryMode, number][] = isWhole
    ? [["full", TO_THE_END], ["causal", TO_THE_END], ["sessions", 10]]
    : [["full", 7], ["causal", 7], ["sessions", 7]];
  for (const [mode, depth] of depths) add(`the engine's rules, delivery "${mode}"`, { mode, depth });
  const twoDeletes = { deletes: 2, sets: 2, depth: isWhole ? 11 : 7 };
  add("the engine's rules, two sets and two deletes", twoDeletes);
  const skewed = { wallMs: [[0], [1], [2]], depth: isWhole ? 8 : 6 };
  add("the engine's rules, clocks apart", skewed);
  const jumping = { wallMs: [[0, 1], [0, 1], [0, 1]], depth: isWhole ? 9 : 6 };
  add("the engine's rules, clocks that jump at every write", jumping);
  add("the engine's rules, four replicas", { replicas: 4, depth: isWhole ? 9 : 5 });
  return items;
}

/**
 * What the rules do not prevent: docs/document.md names it. A replica whose clock is behind, and which gets the
 * transactions of one session long before those of another that they depend on, may lose a set.
 */
function knownLimit(extent: Extent): ProgrammeItem[] {
  if (extent === "smoke") return [];
  const bounds = configuration({ mode: "sessions", sets: 2, depth: 12, openings: 0, stopAtFirst: true });
  return [{ title: "known limit: a late clock without causal delivery", configuration: bounds, expectsFailure: true }];
}

function wrong(): ProgrammeItem[] {
  const items: ProgrammeItem[] = [];
  const add = (title: string, fields: Partial<Configuration>): void => {
    const bounds = configuration({ mode: "full", depth: 8, stopAtFirst: true, ...fields });
    items.push({ title, configuration: bounds, expectsFailure: true });
  };
  const firstVersion = { rules: "first-version", deletes: 2 } as const;
  add("wrong: the first version of the rules", { ...firstVersion, ties: "segment", openings: 0 });
  add("wrong: the first version, ties by value", { ...firstVersion, openings: 0, wallMs: [[0], [0], [1]] });
  add("wrong: ties broken by the segment's id", { ties: "segment" });
  add("wrong: a tombstone dropped early", { rules: "early-tombstone" });
  return items;
}

/** The findings that users could notice. */
export function visibleFindings(result: SearchResult): readonly Finding[] {
  return result.findings.filter(({ failure }) => VISIBLE_FAILURES.includes(failure));
}

/** Whether a search came out as expected: a search that was to find nothing must also be complete. */
export function isAsExpected(item: ProgrammeItem, result: SearchResult): boolean {
  const found = visibleFindings(result).length > 0;
  return item.expectsFailure ? found : !found && result.complete;
}
