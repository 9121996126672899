// What a channel and its store want of each other: the seam between the document and the bytes on a disk. A store keeps
// updates as they come and hands them to the replica's next session; it reads nothing in them.
import type { DiffCursor } from "../document/update-slices.js";
import type { ChorusError } from "../errors.js";

/** One earlier run of this replica, as its store remembers it. */
export interface EarlierSession {
  readonly sessionId: number;
  /** The store holds all that this session ever sent: level `sync`, or closed cleanly. */
  readonly complete: boolean;
}

/** What the store kept of a channel. */
export interface RestoredState {
  /** The document when it was last folded, cut in slices that are one update together. Empty before the first fold. */
  readonly snapshot: readonly Uint8Array[];
  /** Every update that was stored since the fold began, in order; some may be in the snapshot too. */
  readonly updates: readonly Uint8Array[];
  /** The sessions that this replica owns, oldest first. */
  readonly sessions: readonly EarlierSession[];
  /** The highest stamp that earlier sessions saw win a key and go again; -1 for none. */
  readonly seenStamp: number;
  /**
   * Replicas with a store of their own that this one has been connected with. If this store is an older copy of itself,
   * they know what it has lost.
   */
  readonly acquaintances: readonly string[];
  /** What is wrong with the store and did not keep it from being read: store-damaged, store-copied. To be reported. */
  readonly findings: readonly ChorusError[];
  /** Records are missing or damaged: the rest is intact, but may lack what came before it. */
  readonly isDamaged: boolean;
}

/** What a store has of a channel that is new to it. */
export const NOTHING_STORED: RestoredState = {
  snapshot: [],
  updates: [],
  sessions: [],
  seenStamp: -1,
  acquaintances: [],
  findings: [],
  isDamaged: false,
};

/** An update that was applied in parts. */
export interface LargeUpdate {
  readonly bytes: number;
  /** Makes one of its parts: not cheap, and not to be called later than in the turn in which it is handed over. */
  readonly assemble: () => Uint8Array;
}

/** The running channel, as its store sees it. None of the functions may throw. */
export interface StoredChannel {
  readonly sessionId: number;
  /**
   * A walk through the whole document that follows it to the end, to fold what the log lacks. Every update that was appended must be in the document by the end of
   * its turn at the latest. The walk may go on until `close` of the storage has resolved.
   */
  openDiff(): DiffCursor;
  /** The same as the document is now, without what is written meanwhile: good only with every update from now on. */
  openSnapshot(): DiffCursor;
  /**
   * Runs `task`, perhaps at once, when the document is in one piece: only then it may be walked. A large answer is
   * appended when all of it is applied, so until then the document has something that no log has.
   */
  whenWhole(task: () => void): void;
  /** See `RestoredState.seenStamp`; covers everything that was appended so far, and what is being appended. */
  seenStamp(): number;
  /** Whether the document still has a segment of this earlier session. */
  hasSegments(sessionId: number): boolean;
  /**
   * The store begins to fail: from now on `failure` says why. Called once for a period of failure, and when the store is
   * closed although the channel is not: then with `closed`, and for good.
   */
  failing(failure: ChorusError): void;
  /** It has stored something again: `failure` is undefined. */
  recovered(): void;
}

/**
 * One channel in a store. Whatever it is asked to store is stored in that order, and as often as necessary tried again.
 */
export interface ChannelStorage {
  /** Who this replica is; changes only in `renounce`. */
  readonly replicaId: string;
  /** Why the store takes no writes at the moment; undefined while it does. `closed` from `close` on, its own or the store's. */
  readonly failure: ChorusError | undefined;
  /** What earlier sessions stored. To be called once: the store keeps no copy. */
  restore(): RestoredState;
  /**
   * A new session begins. A replica that is new is written down now, so that it comes back under the same id although it
   * wrote nothing; else nothing is written before the first update.
   */
  start(channel: StoredChannel): void;
  /**
   * Stores an update. `stored` is called once, in the order of the calls, when the update will survive what the level
   * promises; however long that takes, but not after `close`. A callback and not a promise: what is sent is decided in
   * the same turn. It must not throw.
   */
  append(update: Uint8Array, stored: () => void): void;
  /** The same for an update that is all in the document by now, so that storing the document stores it too. */
  appendLarge(update: LargeUpdate, stored: () => void): void;
  /** Adds a replica to the acquaintances. */
  meet(replicaId: string): void;
  /** Takes a replica off them. */
  forget(replicaId: string): void;
  /** This store exists twice, or is an older copy: from now on it is a new replica that owns no earlier session. */
  renounce(): void;
  /** Stores what is appended, then the clean end of the session. Resolves also when that fails; nothing follows it. */
  close(): Promise<void>;
}
