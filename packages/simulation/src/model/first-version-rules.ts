// Rules that are WRONG, kept because they show how: each reads well, each passed thousands of long random histories,
// and the model checker finds a failing history of a few steps for each. Never to be used by the engine.
import { type DocumentRules, documentRules, type HolderView } from "@chorus/core/internal";

type Entry = Pick<HolderView, "stamp" | "json" | "segment">;

/** Which entries may be dropped: the three wrong ones and the right one. */
export type RulesName = "lowest-first" | "first-version" | "early-tombstone";
/** What decides between equal stamps: the value, or (wrongly) the id of the segment it happens to be stored in. */
export type TiesName = "value" | "segment";

/** The rules of that name. The engine's own for "lowest-first" with "value". */
export function rulesNamed(rules: RulesName, ties: TiesName): DocumentRules {
  const compare = ties === "value" ? documentRules.compare : compareBySegment;
  if (rules === "first-version")
    return { compare, droppable: (highest) => droppableAtFirst(highest, compare) };
  if (rules === "early-tombstone")
    return { compare, droppable: (highest) => droppableTooEarly(highest, compare) };
  if (ties === "segment") return { compare, droppable: (highest) => droppableLowestFirst(highest, compare) };
  return documentRules;
}

/** Wrong: an entry that moves to another segment may change from the loser of a tie to its winner. */
function compareBySegment(a: Entry, b: Entry): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  const [clientA = 0, numberA = 0] = a.segment.id.split(".").map(Number);
  const [clientB = 0, numberB = 0] = b.segment.id.split(".").map(Number);
  return clientA - clientB || numberA - numberB;
}

/**
 * Wrong: "an owner drops what is superseded; a tombstone goes when nobody else holds the key". A superseded entry
 * may be all that covers a lower one which has not arrived everywhere, or whose owner has not dropped it yet.
 */
function droppableAtFirst<Holder extends HolderView>(
  highest: Holder | undefined,
  compare: DocumentRules["compare"],
): Holder[] {
  const dropped: Holder[] = [];
  let othersHold = false;
  for (let holder = highest?.next as Holder | undefined; holder; holder = holder.next as Holder | undefined) {
    const goes = holder.segment.owned && (highest?.segment.owned || compare(holder, highest as Holder) < 0);
    if (goes) dropped.push(holder);
    else othersHold = true;
  }
  if (highest?.segment.owned && highest.json === undefined && !othersHold) dropped.push(highest);
  return dropped;
}

/** Wrong: lowest first, except that a tombstone goes at once, while others still hold what it covers. */
function droppableTooEarly<Holder extends HolderView>(
  highest: Holder | undefined,
  compare: DocumentRules["compare"],
): Holder[] {
  const dropped = droppableLowestFirst(highest, compare);
  for (let holder = highest; holder; holder = holder.next as Holder | undefined) {
    if (holder.segment.owned && holder.json === undefined && !dropped.includes(holder)) dropped.push(holder);
  }
  return dropped;
}

/** The right rule over any order, so that a wrong order can be tried with it. */
function droppableLowestFirst<Holder extends HolderView>(
  highest: Holder | undefined,
  compare: DocumentRules["compare"],
): Holder[] {
  const own: Holder[] = [];
  const foreign: Holder[] = [];
  for (let holder = highest; holder; holder = holder.next as Holder | undefined) {
    (holder.segment.owned ? own : foreign).push(holder);
  }
  const [top, ...covered] = own;
  if (!highest || !top) return covered;
  const isSuperseded = compare(top, highest) < 0;
  const coversForeign = foreign.some((holder) => compare(holder, top) <= 0);
  return (top.json === undefined || isSuperseded) && !coversForeign ? [top, ...covered] : covered;
}
