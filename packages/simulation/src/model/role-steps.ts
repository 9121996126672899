// What happens to replicas from outside: one is retired or leaves, a store is copied, a copy runs instead of the
// replica or beside it. And what a replica learns of that from what it applies. Who owns what then, ownership.ts says.
import { type Configuration, copyReplica, slotsOf } from "./configuration.js";
import type { Ownership } from "./ownership.js";
import {
  isAwake,
  keptOf,
  metOf,
  NO_ROLES,
  originOf,
  resignedAtOf,
  retiredOf,
  retirersOf,
  withAwake,
  withCopyRenounced,
  withKept,
  withMet,
  withOrigin,
  withResignedAt,
  withRetired,
  withRetirers,
} from "./roles.js";
import {
  commit,
  copyState,
  currentSession,
  isMarker,
  type Mask,
  replicaOf,
  type State,
  sessionOfTransaction,
} from "./state.js";
import type { Visit } from "./step.js";

/** The steps of one configuration. */
export class RoleSteps {
  readonly #configuration: Configuration;
  readonly #ownership: Ownership;
  readonly #copy: number;

  constructor(bounds: Configuration, ownership: Ownership) {
    this.#configuration = bounds;
    this.#ownership = ownership;
    this.#copy = copyReplica(bounds);
  }

  /** Calls `visit` with every state to which such a step of this replica leads. */
  forEach(state: State, replica: number, visit: Visit): void {
    if (this.#configuration.retire !== "none") this.#retire(state, replica, visit);
    if (this.#configuration.copy !== "none" && replica !== this.#copy) this.#copyStore(state, replica, visit);
    if (this.#ownership.watchedBy(state, replica) >= 0) this.#meet(state, replica, visit);
  }

  /**
   * What the replica learns from what it has just applied; it may make a transaction of its own at once.
   * @param from the replica all of whose state it has got, -1 for none
   */
  learn(next: State, replica: number, { gained, from = -1 }: { gained: Mask; from?: number }): void {
    const { retire, mode, taking } = this.#configuration;
    if (next.roles === NO_ROLES) return;
    this.#noteMeeting(next, replica, { gained, from });
    if (retire === "returns" && this.#gainsMarker(next, replica, gained)) {
      if (replica !== retiredOf(next.roles)) {
        next.roles = withResignedAt(next.roles, resignedAtOf(next.roles) | (1 << replica));
      } else if (keptOf(next.roles) < 0) {
        next.roles = withKept(next.roles, currentSession(next, replica));
        commit(next, replica, { isMarker: true, keepsCauses: mode === "causal" });
      }
    }
    if ((taking !== "evidence" && taking !== "until-evidence") || originOf(next.roles) < 0) return;
    if (replica === this.#copy && isBy(next, gained, originOf(next.roles))) {
      next.roles = withCopyRenounced(next.roles);
    }
    const isOrigin = replica === originOf(next.roles) && keptOf(next.roles) < 0;
    if (isOrigin && isBy(next, gained, this.#copy)) {
      next.roles = withKept(next.roles, currentSession(next, replica));
    }
  }

  /** Whoever gets something new of the replica it watches has to hear all others again: it may lack the causes. */
  #noteMeeting(next: State, replica: number, { gained, from }: { gained: Mask; from: number }): void {
    const watched = this.#ownership.watchedBy(next, replica);
    if (watched < 0) return;
    const before = isBy(next, gained, watched) ? 0 : metOf(next.roles, replica);
    const met = from < 0 || from === watched ? before : before | (1 << from);
    next.roles = withMet(next.roles, replica, met);
  }

  /** The parts once everything is delivered everywhere. */
  settled(state: State): State {
    if (state.roles === NO_ROLES) return state;
    const next = copyState(state);
    const everything = (1 << state.log.length) - 1;
    state.applied.forEach((applied, replica) => {
      next.applied[replica] = everything;
      if (this.#ownership.isActive(state, replica))
        this.learn(next, replica, { gained: everything & ~applied });
    });
    const { retire } = this.#configuration;
    const retired = retiredOf(next.roles);
    if (retire === "returns" && retired >= 0) {
      if (keptOf(next.roles) < 0) next.roles = withKept(next.roles, currentSession(next, retired));
      next.roles = withResignedAt(next.roles, retirersOf(next.roles));
    }
    for (let replica = 0; replica < slotsOf(this.#configuration); replica++) {
      if (this.#ownership.watchedBy(next, replica) < 0) continue;
      next.roles = withMet(
        next.roles,
        replica,
        this.#ownership.unmet(next, replica) | metOf(next.roles, replica),
      );
    }
    return next;
  }

  /** The replica retires another, says so in a transaction, and owns its sessions from then on. Or another leaves. */
  #retire(state: State, replica: number, visit: Visit): void {
    const { retire, retirers, mode } = this.#configuration;
    const before = retirersOf(state.roles);
    const retiredBefore = retiredOf(state.roles);
    if (retire === "abandoned") {
      if (retiredBefore >= 0) return;
      const next = copyState(state);
      next.roles = withRetired(next.roles, replica);
      visit(next, { action: "leave", replica });
      return;
    }
    const isFull = bits(before) >= retirers || (before & (1 << replica)) !== 0 || replica === retiredBefore;
    if (isFull) return;
    for (let other = 0; other < this.#configuration.replicas; other++) {
      if (other === replica || (retiredBefore >= 0 && other !== retiredBefore)) continue;
      if (retire === "silent" && retiredBefore < 0 && !isKnownElsewhere(state, other)) continue;
      const next = copyState(state);
      next.roles = withRetirers(withRetired(next.roles, other), before | (1 << replica));
      // One who has renounced already is known by his new name to those who have heard of it.
      commit(next, replica, { isMarker: true, keepsCauses: mode === "causal" });
      visit(next, { action: "retire", replica, from: other });
    }
  }

  /** The store of the replica is copied; later the copy runs in its place, or from now on beside it. */
  #copyStore(state: State, replica: number, visit: Visit): void {
    const { roles } = state;
    if (originOf(roles) < 0) {
      const next = copyState(state);
      next.applied[this.#copy] = state.applied[replica] as Mask;
      next.seen[this.#copy] = state.seen[replica] as Mask;
      next.roles = withOrigin(roles, replica, currentSession(state, replica));
      if (this.#configuration.copy === "clone") next.roles = withAwake(next.roles);
      const action = this.#configuration.copy === "clone" ? "clone" : "backup";
      visit(next, { action, replica, from: this.#copy });
    } else if (originOf(roles) === replica && !isAwake(roles) && isKnownElsewhere(state, replica)) {
      const next = copyState(state);
      next.roles = withAwake(roles);
      visit(next, { action: "rollback", replica, from: this.#copy });
    }
  }

  /** The replica connects with another and gets all that it has, as one diff. */
  #meet(state: State, replica: number, visit: Visit): void {
    const unmet = this.#ownership.unmet(state, replica);
    for (let from = 0; from < this.#configuration.replicas; from++) {
      if ((unmet & (1 << from)) === 0) continue;
      const next = copyState(state);
      const gained = (state.applied[from] as Mask) & ~(state.applied[replica] as Mask);
      next.applied[replica] = (state.applied[replica] as Mask) | gained;
      next.seen[replica] = (state.seen[replica] as Mask) | (state.seen[from] as Mask);
      this.learn(next, replica, { gained, from });
      visit(next, { action: "sync", replica, from });
    }
  }

  /** The retired one hears of its retirement, or one that retired it that it is back under another name. */
  #gainsMarker(state: State, replica: number, gained: Mask): boolean {
    const retired = retiredOf(state.roles);
    return state.log.some((packed, index) => {
      if (!isMarker(packed) || (gained & (1 << index)) === 0) return false;
      const isRetireds = replicaOf(state.sessions[sessionOfTransaction(packed)] as number) === retired;
      return isRetireds !== (replica === retired);
    });
  }
}

/**
 * Whether others have got all that the replica made. Where they have not and never will, it is as if it had not made it,
 * and there is a shorter history without it.
 */
function isKnownElsewhere(state: State, replica: number): boolean {
  const elsewhere = state.applied.reduce(
    (all, applied, other) => (other === replica ? all : all | applied),
    0,
  );
  return !isBy(state, ((1 << state.log.length) - 1) & ~elsewhere, replica);
}

/** Whether any of these transactions was made by that replica. */
function isBy(state: State, transactions: Mask, replica: number): boolean {
  return state.log.some(
    (packed, index) =>
      (transactions & (1 << index)) !== 0 &&
      replicaOf(state.sessions[sessionOfTransaction(packed)] as number) === replica,
  );
}

function bits(mask: Mask): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
