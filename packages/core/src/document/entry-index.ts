// The index: for every key all entries that some segment holds for it, the winner first. Reads use it and never walk
// Yjs. It knows nothing of Yjs, of time or of peers.
import type { DocumentRules } from "../rules.js";
import { Digest } from "./digest.js";
import type { Holder } from "./holder.js";
import type { Segment } from "./segment.js";
import { ShardedMap } from "./sharded-map.js";

/** Told of every key whose winner changed in stamp or value. Tombstones count as winners. */
export type WinnerListener = (key: string, before: Holder | undefined, after: Holder | undefined) => void;

/** Told of a key whose holders have changed, and of the winner among them. */
export type HoldersListener = (key: string, winner: Holder | undefined) => void;

export class EntryIndex {
  readonly #winners = new ShardedMap<Holder>();
  readonly #rules: DocumentRules;
  readonly #onWinner: WinnerListener;
  readonly #digest = new Digest();
  #size = 0;
  #holders = 0;
  #top = -1;

  constructor(rules: DocumentRules, onWinner: WinnerListener) {
    this.#rules = rules;
    this.#onWinner = onWinner;
  }

  /** Keys with a value. */
  get size(): number {
    return this.#size;
  }

  /** Entries held, winning or not, tombstones included. */
  get holders(): number {
    return this.#holders;
  }

  /** No entry that is held has a stamp above this one; it never falls. */
  get top(): number {
    return this.#top;
  }

  /** An order-free 53-bit hash of all values with their keys and stamps. */
  get digest(): number {
    return this.#digest.value();
  }

  /** The highest holder of a key; the others follow as `next`. */
  winner(key: string): Holder | undefined {
    return this.#winners.get(key);
  }

  /** The entry that `segment` holds for `key`. */
  find(key: string, segment: Segment): Holder | undefined {
    let holder = this.#winners.get(key);
    while (holder && holder.segment !== segment) holder = holder.next;
    return holder;
  }

  /** Every key that some segment holds, with its winner, in no particular order. */
  entries(): IterableIterator<[string, Holder]> {
    return this.#winners.entries();
  }

  /** Records that the holder's segment holds this entry now, in place of the one it held. @returns the winner now */
  put(key: string, holder: Holder): Holder {
    const before = this.#winners.get(key);
    if (!before) return this.add(before, key, holder);
    if (before.segment === holder.segment && this.#rules.compare(holder, before) >= 0) {
      return this.#succeed(before, key, holder);
    }
    const after = this.#with(this.#without(before, holder.segment), holder);
    countCovered(after);
    this.#replace(key, before, after);
    return after;
  }

  /** The same for a segment that holds nothing for the key. @param before the winner until now @returns the winner now */
  add(before: Holder | undefined, key: string, holder: Holder): Holder {
    const after = this.#with(before, holder);
    if (after === holder) coverBelow(holder);
    else countCovered(after);
    this.#replace(key, before, after);
    return after;
  }

  /** A winner takes the place of a lower one in its segment: nothing else in the list changes. */
  #succeed(before: Holder, key: string, holder: Holder): Holder {
    holder.next = before.next;
    holder.covered = before.covered;
    this.#replace(key, before, holder);
    return holder;
  }

  /** Records that `segment` holds nothing for `key` any more. @returns the winner now */
  remove(key: string, segment: Segment): Holder | undefined {
    const before = this.#winners.get(key);
    if (!before) return undefined;
    const after = this.#without(before, segment);
    countCovered(after);
    this.#replace(key, before, after);
    return after;
  }

  /** A segment that holds this key has become own, or foreign. */
  recount(key: string): void {
    countCovered(this.#winners.get(key));
  }

  /**
   * `holder` is written to `segment` now. @param replaces whether the segment held an entry of the key, which must be a
   * lower one
   */
  settle(holder: Holder, segment: Segment, replaces: boolean): void {
    if (replaces) this.#without(holder, segment);
    holder.segment.held--;
    segment.held++;
    if (holder.covered) {
      holder.segment.covered--;
      segment.covered++;
    }
    holder.segment = segment;
  }

  /** The list without the holder of `segment`. Lists are short: as long as there are writers of the key. */
  #without(first: Holder, segment: Segment): Holder | undefined {
    if (first.segment === segment) {
      this.#released(first);
      return first.next;
    }
    for (let holder = first; holder.next; holder = holder.next) {
      if (holder.next.segment !== segment) continue;
      this.#released(holder.next);
      holder.next = holder.next.next;
      break;
    }
    return first;
  }

  /** The list with `added` in its place, highest first. */
  #with(first: Holder | undefined, added: Holder): Holder {
    added.segment.held++;
    this.#holders++;
    if (!first || this.#rules.compare(added, first) > 0) {
      if (first) first.segment.overtaken++;
      added.next = first;
      return added;
    }
    let above = first;
    while (above.next && this.#rules.compare(added, above.next) <= 0) above = above.next;
    added.next = above.next;
    above.next = added;
    return first;
  }

  #released(holder: Holder): void {
    holder.segment.held--;
    if (holder.covered) holder.segment.covered--;
    this.#holders--;
  }

  #replace(key: string, before: Holder | undefined, after: Holder | undefined): void {
    if (before === after) return;
    if (after) this.#winners.set(key, after);
    else this.#winners.delete(key);
    if (before && after && before.stamp === after.stamp && before.json === after.json) return;
    if (before?.json !== undefined) {
      this.#digest.remove(key, before.stamp, before.json);
      this.#size--;
    }
    if (after && after.stamp > this.#top) this.#top = after.stamp;
    if (after?.json !== undefined) {
      this.#digest.add(key, after.stamp, after.json);
      this.#size++;
    }
    this.#onWinner(key, before, after);
  }
}

/** Brings the counts of covered entries up to date for one key, whose list has changed. */
function countCovered(first: Holder | undefined): void {
  let ownAbove = false;
  for (let holder = first; holder; holder = holder.next) {
    const { segment } = holder;
    const covered = ownAbove && segment.owned;
    if (covered !== holder.covered) {
      holder.covered = covered;
      segment.covered += covered ? 1 : -1;
    }
    ownAbove ||= segment.owned;
  }
}

/** The same after a holder has been put on top of a list: below the first own one nothing changes. */
function coverBelow(top: Holder): void {
  if (!top.segment.owned) return;
  let holder = top.next;
  while (holder && !holder.segment.owned) holder = holder.next;
  if (!holder || holder.covered) return;
  holder.covered = true;
  holder.segment.covered++;
}
