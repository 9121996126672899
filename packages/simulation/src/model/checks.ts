// What must hold in every state, once everything is delivered everywhere and everybody has swept until nothing more
// can go. Judged by what the users did and saw; it must not use the rules to say what they should have done.

import { type Configuration, slotsOf } from "./configuration.js";
import type { TiesName } from "./first-version-rules.js";
import { Ownership } from "./ownership.js";
import type { ModelHolder, ReplicaView } from "./replica-view.js";
import { RoleSteps } from "./role-steps.js";
import {
  entriesAfter,
  isDelete,
  type Mask,
  operationIndexOf,
  pastOf,
  type State,
  stampOf,
  valueRankOf,
} from "./state.js";

/**
 * What can be wrong with a settled state.
 * - `lost`: a set that nobody superseded is not the value, and nothing written without having been seen by its author
 *   is higher. (Only a higher one that its author had not seen may win over it, a tombstone included: "a concurrent
 *   set survives a delete, unless its stamp is lower and both meet while the tombstone is held".)
 * - `resurrected`: the value is one that somebody had seen when he set or deleted the key.
 * - `diverged`: two replicas that hold the same do not have the same winner.
 * - `held`: an entry that is superseded, or a tombstone, that no sweep will ever drop: nothing wrong is to be seen, but
 *   it would stay until its owner writes the key again.
 */
export type Failure = "lost" | "resurrected" | "diverged" | "held";

/** The failures that users could notice; a `held` entry only takes room. */
export const VISIBLE_FAILURES: readonly Failure[] = ["lost", "resurrected", "diverged"];

/** Settles states and judges the result. */
export class Checks {
  readonly #view: ReplicaView;
  readonly #replicas: number;
  readonly #ties: TiesName;
  readonly #ownership: Ownership;
  readonly #roleSteps: RoleSteps;

  constructor(view: ReplicaView, bounds: Configuration) {
    this.#view = view;
    this.#replicas = slotsOf(bounds);
    this.#ties = bounds.ties;
    this.#ownership = new Ownership(bounds);
    this.#roleSteps = new RoleSteps(bounds, this.#ownership);
  }

  /** All that is wrong with the state once it is settled. */
  failures(unsettled: State): Failure[] {
    const state = this.#roleSteps.settled(unsettled);
    const left = this.settle(state);
    const winner = this.#view.holders(state, 0, left);
    const found: Failure[] = [];
    if (isLost(state, visibleOperation(state, winner), this.#ties)) found.push("lost");
    if (isResurrected(state, visibleOperation(state, winner))) found.push("resurrected");
    if (this.#isDiverged(state, left, winner)) found.push("diverged");
    if (this.#isHeld(winner)) found.push("held");
    return found;
  }

  /** The entries left when all replicas have everything and sweep in turn, each seeing at once what others dropped. */
  settle(state: State): Mask {
    let left = entriesAfter(state, (1 << state.log.length) - 1);
    for (let changed = true; changed; ) {
      changed = false;
      for (let replica = 0; replica < this.#replicas; replica++) {
        if (!this.#ownership.isActive(state, replica)) continue;
        const dropped = this.#view.droppable(state, replica, left);
        if (dropped !== 0) changed = true;
        left &= ~dropped;
      }
    }
    return left;
  }

  /** Every replica with the same entries must have the same winner, in whichever order they came. */
  #isDiverged(state: State, left: Mask, winner: ModelHolder | undefined): boolean {
    for (let replica = 0; replica < this.#replicas; replica++) {
      const here = this.#view.holdersReversed(state, replica, left);
      if (here?.stamp !== winner?.stamp || here?.json !== winner?.json) return true;
    }
    return false;
  }

  #isHeld(winner: ModelHolder | undefined): boolean {
    for (let holder = winner; holder; holder = holder.next) {
      if (holder.json === undefined || holder.stamp !== winner?.stamp || holder.json !== winner.json)
        return true;
    }
    return false;
  }
}

/** The operation that users see as the value: -1 for none. */
function visibleOperation(state: State, winner: ModelHolder | undefined): number {
  if (winner?.json === undefined) return -1;
  return operationIndexOf(state.entries[winner.entryIndex] as number);
}

/** Operations that somebody had seen when writing. */
function superseded(state: State): Mask {
  return state.operations.reduce((all, packed) => all | pastOf(packed), 0);
}

/** Sets that nobody superseded, and which no unseen higher operation excuses either. */
function isLost(state: State, visible: number, ties: TiesName): boolean {
  const gone = superseded(state);
  return state.operations.some((packed, index) => {
    if (isDelete(packed) || gone & (1 << index)) return false;
    if (visible >= 0 && isSameValue(packed, state.operations[visible] as number)) return false;
    return !state.operations.some((other, rival) => {
      if (pastOf(packed) & (1 << rival)) return false;
      // Where ids break ties users cannot foresee which of one stamp wins; but one of them has to.
      const isTied = ties === "segment" && stampOf(other) === stampOf(packed) && rival !== index;
      if (isTied) return isDelete(other) || rival === visible;
      return order(other, packed) > 0;
    });
  });
}

/** The value is one that somebody wrote over, having seen it. */
function isResurrected(state: State, visible: number): boolean {
  if (visible < 0) return false;
  const gone = superseded(state);
  const shown = state.operations[visible] as number;
  // Two users may have set the same value with the same stamp: it is back only if nobody's is still to be seen.
  return state.operations.every(
    (packed, index) => (gone & (1 << index)) !== 0 || !isSameValue(packed, shown),
  );
}

const isSameValue = (a: number, b: number): boolean => !isDelete(a) && !isDelete(b) && order(a, b) === 0;

/** Rule 1 as users know it: the later stamp, then a value over a tombstone, then the higher value. */
function order(a: number, b: number): number {
  if (stampOf(a) !== stampOf(b)) return stampOf(a) - stampOf(b);
  if (isDelete(a) || isDelete(b)) return Number(isDelete(b)) - Number(isDelete(a));
  return valueRankOf(a) - valueRankOf(b);
}
