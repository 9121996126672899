// Which sessions a replica may drop from and move out of, as far as replicas retire one another and stores are copied.
// This is rule 3 with its exceptions; what is then dropped, the rules of the engine decide.
import { type Configuration, copyReplica } from "./configuration.js";
import {
  copiedAtOf,
  isAwake,
  isCopyRenounced,
  keptOf,
  metOf,
  NO_ROLES,
  originOf,
  resignedAtOf,
  retiredOf,
  retirersOf,
} from "./roles.js";
import { type Mask, replicaOf, type State, sessionOfTransaction } from "./state.js";

/** Answers for one configuration who owns what. */
export class Ownership {
  readonly #configuration: Configuration;
  readonly #copy: number;

  constructor(bounds: Configuration) {
    this.#configuration = bounds;
    this.#copy = copyReplica(bounds);
  }

  /** Whether the replica may do anything: it has not left for ever, and if it is a copy, it runs. */
  isActive(state: State, replica: number): boolean {
    const { roles } = state;
    const { retire, copy } = this.#configuration;
    if (replica === this.#copy) return isAwake(roles);
    if (roles === NO_ROLES) return true;
    if (replica === retiredOf(roles)) return retire === "returns" || retire === "stubborn";
    return !(copy === "rollback" && replica === originOf(roles) && isAwake(roles));
  }

  /** Whether what the replica has applied matters to nobody: it does nothing any more, or is a copy yet to be made. */
  isGone(state: State, replica: number): boolean {
    if (replica === this.#copy) return originOf(state.roles) < 0;
    return !this.isActive(state, replica);
  }

  /** Whether the replica may drop entries of that session, and need not wait for them to go. */
  owns(state: State, replica: number, sessionIndex: number): boolean {
    const { roles } = state;
    const author = replicaOf(state.sessions[sessionIndex] as number);
    if (roles === NO_ROLES) return author === replica;
    const kept = keptOf(roles);
    if (author === replica) {
      const hasRenounced = kept >= 0 && (replica === retiredOf(roles) || replica === originOf(roles));
      return !hasRenounced || sessionIndex >= kept;
    }
    if (replica === this.#copy) {
      return author === originOf(roles) && sessionIndex <= copiedAtOf(roles) && this.#mayDrop(state);
    }
    if (author !== retiredOf(roles) || (retirersOf(roles) & (1 << replica)) === 0) return false;
    if (this.#configuration.retiring !== "at-once" && !this.#hasMetAll(state, replica)) return false;
    if (kept < 0 || sessionIndex < kept) return true;
    return sessionIndex === kept && (resignedAtOf(roles) & (1 << replica)) === 0;
  }

  /** Whether the replica may move entries out of a session that it owns. */
  mayMove(state: State, replica: number, sessionIndex: number): boolean {
    if (replicaOf(state.sessions[sessionIndex] as number) === replica) return true;
    const { taking, retiring } = this.#configuration;
    if (replica !== this.#copy) return retiring !== "drops";
    return taking === "careless" || taking === "own-complete" || this.#hasMetAll(state, replica);
  }

  /** The replica whose transactions this one must not be the only one to lack; -1 for none. */
  watchedBy(state: State, replica: number): number {
    const { taking, retiring } = this.#configuration;
    if (replica === this.#copy) {
      const isInNeed = taking !== "careless" && taking !== "own-complete" && taking !== "renounces";
      return isInNeed && !isCopyRenounced(state.roles) ? originOf(state.roles) : -1;
    }
    const isRetirer = (retirersOf(state.roles) & (1 << replica)) !== 0;
    return isRetirer && retiring !== "at-once" ? retiredOf(state.roles) : -1;
  }

  /** The replicas that this one has to hear before it may do with the sessions of another as with its own. */
  unmet(state: State, replica: number): Mask {
    const watched = replica === this.#copy ? originOf(state.roles) : retiredOf(state.roles);
    const others = ((1 << this.#configuration.replicas) - 1) & ~(1 << replica) & ~(1 << watched);
    return others & ~metOf(state.roles, replica);
  }

  #mayDrop(state: State): boolean {
    switch (this.#configuration.taking) {
      case "careless":
      case "drops-at-once":
        return true;
      case "own-complete":
        return this.#isOwnComplete(state);
      case "synced":
        return this.#hasMetAll(state, this.#copy);
      case "evidence":
        return !isCopyRenounced(state.roles) && this.#hasMetAll(state, this.#copy);
      case "until-evidence":
        return !isCopyRenounced(state.roles);
      case "renounces":
        return false;
    }
  }

  #hasMetAll(state: State, replica: number): boolean {
    return this.unmet(state, replica) === 0;
  }

  /** The copy has all that the others have of the sessions that its origin wrote. */
  #isOwnComplete(state: State): boolean {
    const mine = state.applied[this.#copy] as number;
    const origin = originOf(state.roles);
    const elsewhere = state.applied.reduce(
      (all, applied, replica) => (replica === origin || replica === this.#copy ? all : all | applied),
      0,
    );
    return state.log.every((packed, index) => {
      const isOrigins = replicaOf(state.sessions[sessionOfTransaction(packed)] as number) === origin;
      return !isOrigins || (elsewhere & ~mine & (1 << index)) === 0;
    });
  }
}
