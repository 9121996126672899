// What one replica holds of the key, in the shape the engine's rules decide on: the list of holders, winner first.
// It builds the list and asks; it must never decide anything itself.
import { type DocumentRules, type HolderView, relocate, type SegmentView } from "@chorus/core/internal";
import type { Ownership } from "./ownership.js";
import {
  clientIdOf,
  isDelete,
  type Mask,
  operationIndexOf,
  type State,
  segmentNumberOf,
  sessionIndexOf,
  stampOf,
  valueRankOf,
} from "./state.js";

/** An entry as the rules see it, with the way back to the model. */
export interface ModelHolder extends HolderView {
  readonly stamp: number;
  readonly json: string | undefined;
  readonly segment: SegmentView;
  next: ModelHolder | undefined;
  /** Index of the entry in the state. */
  readonly entryIndex: number;
}

/** Values in the order of their ranks: the JSON text decides between equal stamps. */
const VALUES = ['"a"', '"b"', '"c"', '"d"', '"e"', '"f"', '"g"', '"h"'] as const;

/** Asks one set of rules about what replicas hold. */
export class ReplicaView {
  readonly #rules: DocumentRules;
  readonly #ownership: Ownership;

  constructor(rules: DocumentRules, ownership: Ownership) {
    this.#rules = rules;
    this.#ownership = ownership;
  }

  /** All holders among the entries of `held`, highest first, as `replica` sees them; equal ones as they arrived. */
  holders(state: State, replica: number, held: Mask): ModelHolder | undefined {
    let first: ModelHolder | undefined;
    for (let rest = held; rest !== 0; rest &= rest - 1) {
      first = this.#insert(first, this.#holder(state, replica, 31 - Math.clz32(rest & -rest)));
    }
    return first;
  }

  /** The same list as it would be had the entries arrived the other way round. */
  holdersReversed(state: State, replica: number, held: Mask): ModelHolder | undefined {
    let first: ModelHolder | undefined;
    for (let entryIndex = state.entries.length - 1; entryIndex >= 0; entryIndex--) {
      if (held & (1 << entryIndex)) first = this.#insert(first, this.#holder(state, replica, entryIndex));
    }
    return first;
  }

  /** What the replica may drop of what it holds. */
  droppable(state: State, replica: number, held: Mask): Mask {
    if (held === 0) return 0;
    let mask = 0;
    for (const holder of this.#rules.droppable(this.holders(state, replica, held)))
      mask |= 1 << holder.entryIndex;
    return mask;
  }

  /** What goes when the segment of `holder` is cleaned, and whether the entry itself goes on to the current one. */
  relocate(highest: ModelHolder | undefined, holder: ModelHolder): { moves: boolean; dropped: Mask } {
    const { moves, dropped } = relocate(this.#rules, highest, holder);
    return { moves, dropped: dropped.reduce((mask, { entryIndex }) => mask | (1 << entryIndex), 0) };
  }

  /** Whether `a` wins over `b`: positive, 0 or negative as in the rules. */
  compare(a: ModelHolder, b: ModelHolder): number {
    return this.#rules.compare(a, b);
  }

  #insert(first: ModelHolder | undefined, holder: ModelHolder): ModelHolder {
    if (!first || this.#rules.compare(holder, first) > 0) {
      holder.next = first;
      return holder;
    }
    let before = first;
    while (before.next && this.#rules.compare(holder, before.next) <= 0) before = before.next;
    holder.next = before.next;
    before.next = holder;
    return first;
  }

  #holder(state: State, replica: number, entryIndex: number): ModelHolder {
    const packed = state.entries[entryIndex] as number;
    const stored = state.operations[operationIndexOf(packed)] as number;
    const owned = this.#ownership.owns(state, replica, sessionIndexOf(packed));
    const json = isDelete(stored) ? undefined : VALUES[valueRankOf(stored)];
    const segment = segmentView(state, packed, owned);
    return { stamp: stampOf(stored), json, segment, next: undefined, entryIndex };
  }
}

const segmentViews = new Map<number, SegmentView>();

/** Segments are few and never change: one object for each, and for each side of ownership. */
function segmentView(state: State, packedEntry: number, owned: boolean): SegmentView {
  const sessionIndex = sessionIndexOf(packedEntry);
  const number = segmentNumberOf(packedEntry);
  const clientId = clientIdOf(state, sessionIndex);
  const key = (clientId * 8 + number) * 2 + (owned ? 1 : 0);
  let view = segmentViews.get(key);
  if (!view) {
    view = { id: `${clientId}.${number}`, owned };
    segmentViews.set(key, view);
  }
  return view;
}
