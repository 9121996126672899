// The decisions of the document as pure functions of what a replica holds for one key. The engine and the model
// checker share them; docs/document.md says why each is as it is. Change none without running the checker.

/** A segment as the decisions see it: who wrote it does not matter, only whether it is ours to drop from. */
export interface SegmentView {
  /** The id of the segment: "<clientID>.<number>". Never decides anything: it changes when an entry moves. */
  readonly id: string;
  /** Written by this replica: in this session or an earlier one. */
  readonly owned: boolean;
}

/**
 * One segment's entry for one key, in the list of all that hold the key, the winner first.
 * `json` undefined is a tombstone.
 */
export interface HolderView {
  readonly stamp: number;
  readonly json: string | undefined;
  readonly segment: SegmentView;
  readonly next: HolderView | undefined;
}

export interface DocumentRules {
  /** Positive when `a` wins over `b`, negative when `b` does, 0 when they are the same entry. */
  compare(
    a: Pick<HolderView, "stamp" | "json" | "segment">,
    b: Pick<HolderView, "stamp" | "json" | "segment">,
  ): number;
  /** What this replica may drop for a key, given all holders of it, highest first. */
  droppable<Holder extends HolderView>(highest: Holder | undefined): Holder[];
}

/** Rule 1: the higher stamp; then a value over a tombstone; then the higher JSON text. */
function compare(
  a: Pick<HolderView, "stamp" | "json" | "segment">,
  b: Pick<HolderView, "stamp" | "json" | "segment">,
): number {
  if (a.stamp !== b.stamp) return a.stamp - b.stamp;
  if (a.json === b.json) return 0;
  if (a.json === undefined) return -1;
  if (b.json === undefined) return 1;
  return a.json > b.json ? 1 : -1;
}

/**
 * Rule 4, lowest first. Own entries below an own higher one go freely. The highest own one goes when it is
 * superseded or a tombstone, and only while no other replica holds a lower entry: what a tombstone or a newer value
 * covers must be gone, from the bottom up, before the cover goes. Equal entries do not hold each other: two replicas
 * that wait for each other would keep them for ever.
 */
function droppable<Holder extends HolderView>(highest: Holder | undefined): Holder[] {
  const dropped: Holder[] = [];
  let highestOwn: Holder | undefined;
  let foreignBelow = false;
  for (let holder = highest; holder; holder = holder.next as Holder | undefined) {
    if (!holder.segment.owned) foreignBelow ||= highestOwn !== undefined && compare(holder, highestOwn) < 0;
    else if (highestOwn) dropped.push(holder);
    else highestOwn = holder;
  }
  if (!highest || !highestOwn || foreignBelow) return dropped;
  if (highestOwn.json === undefined || compare(highestOwn, highest) < 0) dropped.push(highestOwn);
  return dropped;
}

export const documentRules: DocumentRules = { compare, droppable };

/** What cleaning does with one key of a segment. */
export interface Relocated<Holder> {
  /** The entry is written to the current segment, with its stamp, and taken out of its own. */
  readonly moves: boolean;
  /** What goes, in the same transaction: the entry, and with it every own entry that it covers elsewhere. */
  readonly dropped: readonly Holder[];
}

/**
 * Rule 6: what becomes of an own entry when its segment is cleaned or taken over. It goes where rule 4 lets it go, and
 * otherwise moves: also when it is superseded or a tombstone. Whatever own is below it goes first or with it: an older
 * segment may still hold what a tombstone covers.
 */
export function relocate<Holder extends HolderView>(
  rules: DocumentRules,
  highest: Holder | undefined,
  holder: Holder,
): Relocated<Holder> {
  const droppable = rules.droppable(highest);
  if (!droppable.includes(holder)) return { moves: true, dropped: [] };
  const dropped = droppable.filter((other) => other === holder || rules.compare(other, holder) <= 0);
  return { moves: false, dropped };
}
