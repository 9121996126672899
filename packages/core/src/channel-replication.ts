// What the replication layer sees of a channel: vectors, updates and diffs as bytes, and nothing of keys or values.
// The channel implements it; connections and peer sets use it and must reach the document in no other way.
import type { TurnLimits } from "./absorption.js";
import type { DiffCursor } from "./document/update-slices.js";
import type { ChorusError } from "./errors.js";
import type { Progress } from "./progress.js";
import type { AnswerReading } from "./read-ahead.js";
import type { Runtime } from "./runtime.js";
import type { StateVector } from "./state-vector.js";

/**
 * What `receive` did with an update: "applied"; "unchanged", nothing in it was new; "gap", not applied because
 * something before it is missing here, or because it overlaps what is known in a way that cannot be applied in part:
 * either way a diff from the vector as it is now must be asked for.
 */
export type ReceiveResult = "applied" | "unchanged" | "gap";

/** Who sent a large update, as `absorb` sees it. None of the functions may throw. */
export interface AbsorptionWatch {
  readonly limits: TurnLimits;
  /** It goes on: so many of its bytes are applied. */
  progress(done: number): void;
  /** All of it is applied, or nothing. */
  ended(result: ReceiveResult): void;
  /** The guard refused a part: the connection must close 4400. What came before it is applied. */
  failed(error: unknown): void;
  /** As with `receive`. */
  stored(advanced: StateVector): void;
}

/** The side of a channel that talks to peers. */
export interface ChannelReplication {
  /**
   * Whether the document is in one piece. While it is not, because `absorb` is at work, nothing that tells of it may be
   * sent (vectors, digests, diffs, acks of what is not stored), and nothing of a peer may be applied: see `whenWhole`.
   */
  readonly isWhole: boolean;
  /** What this replica has applied, as a fresh map. */
  vector(): StateVector;
  /**
   * Guards an update, given whole or in the parts that a cursor cut, then applies it: all of it or nothing. `source`
   * comes back in `onUpdate`. `stored` is called once what the update brought is stored here (at once without a log)
   * with the entries of the vector it advanced; not after "gap".
   * While the document is not whole nothing is applied, as if there was a gap.
   * @throws ChorusError protocol when the guard refuses the bytes: the connection must close 4400
   */
  receive(
    update: Uint8Array | readonly Uint8Array[],
    source: object,
    stored: (advanced: StateVector) => void,
  ): ReceiveResult;
  /**
   * The same for the parts of a large update, which are guarded and applied in turns; the document is not whole until
   * `watch` is told of the end. It goes on to the end also when the connection is gone.
   * @throws ChorusError protocol when the parts are none: nothing of them is applied
   */
  absorb(parts: readonly Uint8Array[], source: object, watch: AbsorptionWatch): void;
  /** Begins to read an answer of which more parts are to come; `absorb` is quicker with it. It must be ended. */
  openReading(): AnswerReading;
  /** Runs `task`, at once if the document is whole, else when it is so again. Returns what takes it back. */
  whenWhole(task: () => void): () => void;
  /** What a peer sends has come so far; `end` when it will come no further. */
  readonly progress: {
    report(source: object, progress: Progress): void;
    end(source: object): void;
  };
  /**
   * Calls back with every update that is to be sent on, after it is stored: own batches (`source` undefined) and
   * applied remote ones (`source` as given to `receive`). Returns the function that unsubscribes.
   */
  onUpdate(listener: (update: Uint8Array, source: object | undefined) => void): () => void;
  /**
   * Calls back in place of an update that is not at hand any more, because it was large or had to wait too long for the
   * store: all who would have got it need a diff. `source` as in `onUpdate`.
   */
  onForgotten(listener: (source: object | undefined) => void): () => void;
  /**
   * Runs `task`, perhaps at once, at a moment when the document is whole and everything committed here is stored, so a
   * diff may be cut. Returns
   * what takes it back: a store that is full may keep everybody waiting for days.
   */
  whenShareable(task: () => void): () => void;
  /**
   * Cuts what `vector` lacks into updates, client by client in clock order, the delete set last. The cursor
   * follows the growing document.
   */
  openDiff(vector: StateVector): DiffCursor;
  /**
   * A 53-bit hash of the winners, free of order. Commits what is pending, so that a `vector()` read right after it
   * covers the same; only a large batch, or a store that is busy, may leave the hash ahead for a moment.
   */
  digest(): number;
  /** Tells what a peer's vector said, before its diff: finds torn earlier sessions and forged own structs. */
  observeVector(vector: StateVector): void;
  /** Runs `task`, perhaps at once, when everything applied here so far, of peers too, is stored. Without a log at once. */
  whenStored(task: () => void): void;
  /**
   * Everything that a peer had is here: after a full sync, or when its digest says so. @param replicaId of a peer that
   * has a store of its own; undefined for one that forgets. Earlier sessions, and those of retired replicas, are own
   * ones once all that could know more of them were synced with.
   */
  markSynced(replicaId?: string): void;
}

/** The part of a channel that a peer set needs. */
export interface ReplicatedChannel {
  readonly name: string;
  /** Changes when the replica renounces its identity. */
  readonly replicaId: string;
  /** Whether the channel has a store. */
  readonly durable: boolean;
  /** The session's clientID: a safe integer. */
  readonly sessionId: number;
  readonly runtime: Runtime;
  readonly replication: ChannelReplication;
  /** Resolves when all writes so far are committed, and stored with a store. */
  whenCommitted(): Promise<void>;
  /**
   * Another session runs under this replicaId: the store exists twice. With a store the replica takes a new replicaId
   * and owns no earlier session any more. @returns whether the replicaId has changed; at most once in a session
   */
  renounce(reason: ChorusError): boolean;
  /** Calls `listener` whenever the replicaId has changed, for whatever reason. Returns the function that ends it. */
  onRenounced(listener: () => void): () => void;
}
