// Everything that can happen next in a state. Each transition is one thing the engine does in one transaction, or one
// delivery. What is decided here is only *that* something may happen; what it does, the engine's rules decide.
import { SeenStamps } from "@chorus/core/internal";
import { type Configuration, slotsOf } from "./configuration.js";
import { Ownership } from "./ownership.js";
import type { ReplicaView } from "./replica-view.js";
import { RoleSteps } from "./role-steps.js";
import { nextStamp } from "./stamp-table.js";
import {
  clockOf,
  commit,
  copyState,
  currentSegmentOf,
  currentSession,
  droppedBy,
  entry,
  heldBy,
  isDelete,
  type Mask,
  operation,
  operationIndexOf,
  pastOf,
  repackOperation,
  replicaOf,
  type State,
  segmentNumberOf,
  session,
  sessionIndexOf,
  sessionOfTransaction,
  stampOf,
  valueRankOf,
  withClock,
  withNextSegment,
  writtenBy,
  writtenMask,
} from "./state.js";
import type { Visit } from "./step.js";

/** All transitions under one configuration. */
export class Transitions {
  readonly #configuration: Configuration;
  readonly #view: ReplicaView;
  readonly #ownership: Ownership;
  readonly #roleSteps: RoleSteps;

  constructor(bounds: Configuration, view: ReplicaView) {
    this.#configuration = bounds;
    this.#view = view;
    this.#ownership = new Ownership(bounds);
    this.#roleSteps = new RoleSteps(bounds, this.#ownership);
  }

  /** Calls `visit` with every state that one step leads to. */
  forEach(state: State, visit: Visit): void {
    const deletes = state.operations.filter(isDelete).length;
    const maySet = state.operations.length - deletes < this.#configuration.sets;
    const mayDelete = deletes < this.#configuration.deletes;
    for (let replica = 0; replica < slotsOf(this.#configuration); replica++) {
      if (!this.#ownership.isActive(state, replica)) continue;
      const held = heldBy(state, replica);
      if (maySet) this.#set(state, { replica, held }, visit);
      if (mayDelete) this.#delete(state, { replica, held }, visit);
      this.#sweep(state, { replica, held }, visit);
      if (state.opened < this.#configuration.openings) this.#open(state, { replica, held }, visit);
      this.#move(state, { replica, held }, visit);
      if (this.#configuration.mode === "full") this.#synchronize(state, replica, visit);
      else this.#deliver(state, replica, visit);
      this.#roleSteps.forEach(state, replica, visit);
    }
  }

  /** A user sets the key, to any value that an equal stamp would let decide in another way. */
  #set(state: State, at: Place, visit: Visit): void {
    const below = this.#stampBelow(state, at, this.#view.holders(state, at.replica, at.held)?.stamp);
    for (const wallMs of this.#readings(at.replica)) {
      const stamp = nextStamp(this.#clock(state, at.replica), below, wallMs);
      forEachValue(state, stamp.stamp, (value, moved) => {
        const next = copyState(state);
        if (moved) makeRoomForValue(next, stamp.stamp, value);
        this.#write(next, at, { ...stamp, isDelete: false, valueRank: value });
        visit(next, { action: "set", replica: at.replica, stamp: stamp.stamp });
      });
    }
  }

  /** A user deletes the key: a tombstone, and only where there is a value to be seen. */
  #delete(state: State, at: Place, visit: Visit): void {
    const winner = this.#view.holders(state, at.replica, at.held);
    if (winner?.json === undefined) return;
    const below = this.#stampBelow(state, at, winner.stamp);
    for (const wallMs of this.#readings(at.replica)) {
      const stamp = nextStamp(this.#clock(state, at.replica), below, wallMs);
      const next = copyState(state);
      this.#write(next, at, { ...stamp, isDelete: true, valueRank: 0 });
      visit(next, { action: "delete", replica: at.replica, stamp: stamp.stamp });
    }
  }

  /** Rule 4: everything that the replica may drop goes, in a transaction of its own. */
  #sweep(state: State, at: Place, visit: Visit): void {
    const dropped = this.#view.droppable(state, at.replica, at.held);
    if (dropped === 0) return;
    const next = copyState(state);
    this.#commit(next, at.replica, { written: -1, dropped });
    visit(next, { action: "sweep", replica: at.replica });
  }

  /** The segment is sealed, or the replica starts a new session; what it holds stays where it is for now. */
  #open(state: State, at: Place, visit: Visit): void {
    const index = currentSession(state, at.replica);
    const current = state.sessions[index] as number;
    if (clockOf(current) === 0) return;
    const sealed = copyState(state);
    sealed.sessions[index] = withNextSegment(current);
    sealed.opened++;
    visit(sealed, { action: "seal", replica: at.replica });
    // Only rules that look at segment ids could tell a session with a lower id from one with a higher.
    const ids = this.#configuration.ties === "segment" ? [false, true] : [false];
    for (const hasLowId of ids) {
      const restarted = copyState(state);
      restarted.sessions.push(session({ replica: at.replica, segment: 0, clock: 0, hasLowId }));
      restarted.opened++;
      visit(restarted, { action: "restart", replica: at.replica });
    }
  }

  /** Rules 6 and 7: one batch cleans one earlier segment; what survives is set anew and deleted there in one go. */
  #move(state: State, at: Place, visit: Visit): void {
    const index = currentSession(state, at.replica);
    const segment = currentSegmentOf(state.sessions[index] as number);
    const highest = this.#view.holders(state, at.replica, at.held);
    for (let holder = highest; holder; holder = holder.next) {
      const packed = state.entries[holder.entryIndex] as number;
      const isCurrent = sessionIndexOf(packed) === index && segmentNumberOf(packed) === segment;
      if (!holder.segment.owned || isCurrent) continue;
      if (!this.#ownership.mayMove(state, at.replica, sessionIndexOf(packed))) continue;
      const next = copyState(state);
      const relocated = this.#view.relocate(highest, holder);
      let dropped = relocated.dropped | (1 << holder.entryIndex);
      if (this.#configuration.moves === "alone" && !relocated.moves) dropped = 1 << holder.entryIndex;
      let written = -1;
      if (relocated.moves) {
        dropped |= overwritten(state, at.held, entry(0, index, segment));
        written = next.entries.push(entry(operationIndexOf(packed), index, segment)) - 1;
      }
      this.#commit(next, at.replica, { written, dropped });
      visit(next, { action: "move", replica: at.replica });
    }
  }

  /** Mode `full`: the replica gets everything that another has. */
  #synchronize(state: State, replica: number, visit: Visit): void {
    const mine = state.applied[replica] as Mask;
    state.applied.forEach((theirs, from) => {
      if ((theirs & ~mine) === 0) return;
      const next = copyState(state);
      next.applied[replica] = mine | theirs;
      next.seen[replica] = (state.seen[replica] as Mask) | (state.seen[from] as Mask);
      this.#roleSteps.learn(next, replica, { gained: theirs & ~mine, from });
      visit(next, { action: "sync", replica, from });
    });
  }

  /** Modes `sessions` and `causal`: the replica applies the next transaction of some session. */
  #deliver(state: State, replica: number, visit: Visit): void {
    const mine = state.applied[replica] as Mask;
    let sessionsSeen = 0;
    for (let index = 0; index < state.log.length; index++) {
      const packed = state.log[index] as number;
      if (mine & (1 << index) || sessionsSeen & (1 << sessionOfTransaction(packed))) continue;
      sessionsSeen |= 1 << sessionOfTransaction(packed);
      if (!isApplicable(state, mine, index)) continue;
      const next = copyState(state);
      next.applied[replica] = mine | (1 << index);
      next.seen[replica] = (state.seen[replica] as Mask) | seenIn(state, packed);
      this.#roleSteps.learn(next, replica, { gained: 1 << index });
      const from = replicaOf(state.sessions[sessionOfTransaction(packed)] as number);
      visit(next, { action: "deliver", replica, from });
    }
  }

  #write(next: State, at: Place, written: Written): void {
    const index = currentSession(next, at.replica);
    const current = next.sessions[index] as number;
    const past = next.seen[at.replica] as Mask;
    const { stamp, isDelete: isTombstone, valueRank } = written;
    const operationIndex = next.operations.length;
    next.operations.push(operation({ author: at.replica, isDelete: isTombstone, stamp, valueRank, past }));
    next.seen[at.replica] = past | (1 << operationIndex);
    const stored = entry(operationIndex, index, currentSegmentOf(current));
    const dropped = overwritten(next, at.held, stored);
    next.sessions[index] = withClock(current, written.clock);
    this.#commit(next, at.replica, { written: next.entries.push(stored) - 1, dropped });
  }

  #commit(next: State, replica: number, { written, dropped }: { written: number; dropped: Mask }): void {
    commit(next, replica, { written, dropped, keepsCauses: this.#configuration.mode === "causal" });
  }

  /**
   * What the stamp of a write must be above. A replica that takes over another's whole state never meets what was
   * dropped there, so in mode `full` there is nothing to remember. Only deletes count: after a restart the engine knows
   * no more than the highest tombstone in its store, and what holds with less memory holds with more.
   */
  #stampBelow(state: State, at: Place, winnerStamp: number | undefined): number {
    const { mode, stamps } = this.#configuration;
    const seen = new SeenStamps();
    if (stamps === "passed-on" || (mode !== "full" && stamps === "remembered")) {
      for (let rest = state.seen[at.replica] as Mask; rest !== 0; rest &= rest - 1) {
        const packed = state.operations[31 - Math.clz32(rest & -rest)] as number;
        if (isDelete(packed)) seen.note("key", stampOf(packed));
      }
    }
    return seen.below("key", winnerStamp);
  }

  #clock(state: State, replica: number): number {
    return clockOf(state.sessions[currentSession(state, replica)] as number);
  }

  #readings(replica: number): readonly number[] {
    return this.#configuration.wallMs[replica] ?? [0];
  }
}

/** Where something happens: a replica, and what it holds. */
interface Place {
  readonly replica: number;
  readonly held: Mask;
}

/** What a write adds to the state. */
interface Written {
  readonly stamp: number;
  readonly clock: number;
  readonly isDelete: boolean;
  readonly valueRank: number;
}

/** The entry for the key that a segment already has: Yjs deletes it when the segment's key is set again. */
function overwritten(state: State, held: Mask, stored: number): Mask {
  for (let rest = held; rest !== 0; rest &= rest - 1) {
    const index = 31 - Math.clz32(rest & -rest);
    if ((state.entries[index] as number) >> 3 === stored >> 3) return 1 << index;
  }
  return 0;
}

/** Rule 8: not over a gap, nor with deletions of what is not there; in mode `causal` not before its causes either. */
function isApplicable(state: State, applied: Mask, index: number): boolean {
  if (((state.causes[index] as Mask) & ~applied) !== 0) return false;
  const packed = state.log[index] as number;
  let present = state.base | writtenMask(packed);
  for (let rest = applied; rest !== 0; rest &= rest - 1) {
    present |= writtenMask(state.log[31 - Math.clz32(rest & -rest)] as number);
  }
  return (droppedBy(packed) & ~present) === 0;
}

function seenIn(state: State, packed: number): Mask {
  const written = writtenBy(packed);
  if (written < 0) return 0;
  const index = operationIndexOf(state.entries[written] as number);
  return (1 << index) | pastOf(state.operations[index] as number);
}

/**
 * All values that a set with this stamp may have, as far as it matters: equal to one that another set wrote with the
 * same stamp, or (`moved`) between two of them, below or above all.
 */
function forEachValue(state: State, stamp: number, use: (value: number, moved: boolean) => void): void {
  let distinct = 0;
  for (const packed of state.operations) {
    if (!isDelete(packed) && stampOf(packed) === stamp)
      distinct = Math.max(distinct, valueRankOf(packed) + 1);
  }
  for (let value = 0; value < distinct; value++) use(value, false);
  for (let value = 0; value <= distinct; value++) use(value, true);
}

function makeRoomForValue(next: State, stamp: number, value: number): void {
  next.operations.forEach((packed, index) => {
    if (isDelete(packed) || stampOf(packed) !== stamp || valueRankOf(packed) < value) return;
    next.operations[index] = repackOperation(packed, valueRankOf(packed) + 1, pastOf(packed));
  });
}
