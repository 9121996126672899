// Which sessions' entries this replica may drop, and which segments it may move and delete (rules 3 and 7 of
// docs/document.md): its own; those of its earlier sessions, once it is sure that nobody knows more of them than its
// store; and, for dropping only, those of replicas that it has retired. The model checker has a history for every wait.

/** What may be done with a segment: nothing; drop entries; that, and move the others out and delete it. */
export type Right = "none" | "drop" | "delete";

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
  /** The acquaintances that were not synced with in this session. */
  readonly #awaited: Set<string>;
  #synced = false;
  /** Everybody with a store that was ever met. */
  readonly #acquaintances: Set<string>;
  /** The sessions of retired replicas. */
  readonly #adopted = new Set<number>();
  /** The acquaintances that were not synced with since something new came of an adopted session. */
  readonly #awaitedForAdopted = new Set<string>();
  /** What `changes` has told. */
  #told: ReadonlySet<number> = new Set();

  constructor(ownSession: number, before: OwnedBefore) {
    this.#ownSession = ownSession;
    this.#acquaintances = new Set(before.acquaintances);
    this.#awaited = new Set(before.acquaintances);
    for (const { sessionId } of before.sessions) this.#earlier.set(sessionId, { torn: false });
    for (const { sessionId, complete } of before.sessions) if (!complete) this.markTorn(sessionId);
  }

  /** The sessions of earlier runs that this replica has a claim to. */
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

  /** What is not owned now counts as foreign, and so holds the tombstones above it. */
  rightTo(sessionId: number): Right {
    if (sessionId === this.#ownSession) return "delete";
    if (this.#adopted.has(sessionId)) return this.#awaitedForAdopted.size === 0 ? "drop" : "none";
    if (!this.#synced || this.#awaited.size > 0 || !this.#earlier.has(sessionId)) return "none";
    return this.isComplete(sessionId) ? "delete" : "drop";
  }

  /** Our store does not hold all that this session sent, nor can it be trusted with those before. */
  markTorn(sessionId: number): void {
    if (!this.#earlier.has(sessionId)) return;
    for (const [earlier, state] of this.#earlier) {
      state.torn = true;
      if (earlier === sessionId) return;
    }
  }

  /** Everything that a peer had is here. @param replicaId of one that has a store */
  synced(replicaId?: string): void {
    this.#synced = true;
    if (replicaId === undefined) return;
    this.#acquaintances.add(replicaId);
    this.#awaited.delete(replicaId);
    this.#awaitedForAdopted.delete(replicaId);
  }

  /** This replica never returns, so nobody waits for it. */
  forget(replicaId: string): void {
    this.#acquaintances.delete(replicaId);
    this.#awaited.delete(replicaId);
    this.#awaitedForAdopted.delete(replicaId);
  }

  /** The sessions of retired replicas are these now. */
  adopt(sessions: readonly number[]): void {
    const wanted = new Set(sessions);
    wanted.delete(this.#ownSession);
    for (const sessionId of this.#earlier.keys()) wanted.delete(sessionId);
    for (const sessionId of this.#adopted) if (!wanted.has(sessionId)) this.#adopted.delete(sessionId);
    for (const sessionId of wanted) {
      if (this.#adopted.has(sessionId)) continue;
      this.#adopted.add(sessionId);
      this.heard(sessionId);
    }
  }

  /**
   * Something new came of a session. What covers it may have come before it, from somebody else, and more of the kind
   * may be under way: an adopted session is touched only when everybody has been heard since.
   * @returns whether that changes a right
   */
  heard(sessionId: number): boolean {
    if (!this.#adopted.has(sessionId)) return false;
    const before = this.#awaitedForAdopted.size;
    for (const replicaId of this.#acquaintances) this.#awaitedForAdopted.add(replicaId);
    return before === 0 && this.#awaitedForAdopted.size > 0;
  }

  /** Gives up the earlier sessions. */
  disown(): void {
    this.#earlier.clear();
  }

  /** The sessions that have become own ones, or are so no longer, since the last call. */
  changes(): { added: number[]; removed: number[] } {
    const candidates = [...this.#earlier.keys(), ...this.#adopted];
    const now = new Set(candidates.filter((sessionId) => this.rightTo(sessionId) !== "none"));
    const added = [...now].filter((sessionId) => !this.#told.has(sessionId));
    const removed = [...this.#told].filter((sessionId) => !now.has(sessionId));
    this.#told = now;
    return { added, removed };
  }
}
