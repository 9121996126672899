// What the store of a replica hands to the replica's next session.

/** One earlier run of this replica, as its store remembers it. */
export interface EarlierSession {
  sessionId: number;
  /** The store holds all that this session ever sent: level `sync`, or closed cleanly. */
  complete: boolean;
}

/** What the store kept of a channel: to be given to the next session of the same replica. */
export interface RestoredState {
  /** Every update that was stored, in order. */
  updates: readonly Uint8Array[];
  /** Oldest first. */
  sessions: readonly EarlierSession[];
}
