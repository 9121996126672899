// Which sessions' entries this replica may drop, move and delete (rules 3 and 7 of docs/document.md): its own, those of
// its earlier sessions as far as its store can be trusted with them, and those of replicas that it has retired.

/** What may be done with a segment: nothing; drop entries; move all out of it; that, and delete it. */
export type Right = "none" | "drop" | "empty" | "delete";

/** What a store says of the past. */
export interface OwnedBefore {
  /** Earlier sessions, oldest first; complete when the store holds all that they ever sent. */
  readonly sessions: readonly { readonly sessionId: number; readonly complete: boolean }[];
  /** Replicas that may know more of them, if this store is an older copy of itself. */
  readonly acquaintances: readonly string[];
}

export class Ownership {
  readonly #ownSession: number;
  /** Oldest first. */
  readonly #earlier = new Map<number, { torn: boolean }>();
  readonly #adopted = new Set<number>();
  /** The acquaintances that were not synced with yet. */
  readonly #awaited: Set<string>;
  #synced = false;

  constructor(ownSession: number, before: OwnedBefore) {
    this.#ownSession = ownSession;
    this.#awaited = new Set(before.acquaintances);
    for (const { sessionId } of before.sessions) this.#earlier.set(sessionId, { torn: false });
    for (const { sessionId, complete } of before.sessions) if (!complete) this.markTorn(sessionId);
  }

  /** The sessions of earlier runs that this replica owns. */
  get earlierSessions(): readonly number[] {
    return [...this.#earlier.keys()];
  }

  isEarlier(sessionId: number): boolean {
    return this.#earlier.has(sessionId);
  }

  /** Whether our store says that it holds all that this earlier session ever sent. */
  isComplete(sessionId: number): boolean {
    return this.#earlier.get(sessionId)?.torn === false;
  }

  rightTo(sessionId: number): Right {
    if (sessionId === this.#ownSession) return "delete";
    if (this.#adopted.has(sessionId)) return "empty";
    if (!this.#earlier.has(sessionId)) return "none";
    return this.#synced && this.#awaited.size === 0 && this.isComplete(sessionId) ? "delete" : "drop";
  }

  /** Our store does not hold all that this session sent, nor can it be trusted with those before. */
  markTorn(sessionId: number): void {
    if (!this.#earlier.has(sessionId)) return;
    for (const [earlier, state] of this.#earlier) {
      state.torn = true;
      if (earlier === sessionId) return;
    }
  }

  /** A first full sync with a peer is complete. @param replicaId of one that has a store */
  synced(replicaId?: string): void {
    this.#synced = true;
    if (replicaId !== undefined) this.#awaited.delete(replicaId);
  }

  /** This replica never returns, so nobody waits for it. */
  forget(replicaId: string): void {
    this.#awaited.delete(replicaId);
  }

  /** The sessions of retired replicas are these now. @returns those that are added, and those that are no more */
  adopt(sessions: readonly number[]): { added: number[]; removed: number[] } {
    const wanted = new Set(sessions);
    wanted.delete(this.#ownSession);
    for (const sessionId of this.#earlier.keys()) wanted.delete(sessionId);
    const added = [...wanted].filter((sessionId) => !this.#adopted.has(sessionId));
    const removed = [...this.#adopted].filter((sessionId) => !wanted.has(sessionId));
    for (const sessionId of added) this.#adopted.add(sessionId);
    for (const sessionId of removed) this.#adopted.delete(sessionId);
    return { added, removed };
  }

  /** Gives up the earlier sessions. @returns them */
  disown(): readonly number[] {
    const disowned = this.earlierSessions;
    this.#earlier.clear();
    return disowned;
  }
}
