// Who this replica is, and whose entries it may touch: the id of its store, the sessions signed with it, the replicas it
// has retired, and the day it learns that it exists twice. It decides nothing about a single entry.
import type { Ownership } from "./document/ownership.js";
import type { SegmentDocument } from "./document/segment-document.js";
import type { Signature } from "./document/signatures.js";
import { ChorusError, OptionError } from "./errors.js";
import { Recounting } from "./recounting.js";
import { isReplicaId, newReplicaId } from "./replica-id.js";
import type { Runtime } from "./runtime.js";
import type { StateVector } from "./state-vector.js";
import type { ChannelStorage } from "./storage/channel-storage.js";

export interface IdentityOptions {
  /** Undefined for a channel in memory. */
  storage: ChannelStorage | undefined;
  /** Of a channel in memory. */
  replicaId: string;
  runtime: Runtime;
  ownership: Ownership;
  /** Made after this, because it asks for the signature. */
  document: () => SegmentDocument;
  /** Stores and sends the update of a local transaction. */
  submit: (update: Uint8Array) => void;
  onError: (error: ChorusError) => void;
  /** There is more to drop or to move. */
  onOwned: () => void;
  /** The replicaId has changed. */
  onRenounced: () => void;
}

export class Identity {
  readonly #options: IdentityOptions;
  readonly #recounting: Recounting;
  /** The replicas that this one has retired: part of its signature. */
  readonly #retired = new Set<string>();
  /** Those that anybody has retired: nobody waits for them. */
  readonly #forgotten = new Set<string>();
  #replicaId: string;
  #renounced = false;
  #reviewing = false;
  #closed = false;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#recounting = new Recounting(options.runtime, options.document);
    this.#replicaId = options.storage?.replicaId ?? options.replicaId;
  }

  get replicaId(): string {
    return this.#replicaId;
  }

  get signature(): Signature {
    return [this.#replicaId, ...this.#retired];
  }

  /** The document was read: what own sessions have retired stays so. */
  loaded(): void {
    const { ownership } = this.#options;
    const { signatures, ownSession } = this.#options.document();
    for (const sessionId of [...ownership.earlierSessions, ownSession]) {
      for (const replicaId of signatures.of(sessionId)?.slice(1) ?? []) this.#retired.add(replicaId);
    }
    this.#review();
  }

  /** A session was signed: looks, after the turn, at what follows from it. */
  signed(): void {
    if (this.#reviewing) return;
    this.#reviewing = true;
    this.#options.runtime.soon(() => {
      this.#reviewing = false;
      if (!this.#closed) this.#review();
    });
  }

  /** Everything that a peer had is here. @param replicaId of one that has a store */
  synced(replicaId: string | undefined): void {
    const { ownership, storage } = this.#options;
    if (replicaId !== undefined && this.#forgotten.has(replicaId)) return;
    ownership.synced(replicaId);
    if (replicaId !== undefined) storage?.meet(replicaId);
    this.#applyOwnership();
  }

  /** A peer sends something new of a session, or its vector says that it has so much of it. */
  heard(sessionId: number, clock: number): void {
    if (this.#options.ownership.heard(sessionId)) this.#applyOwnership();
    this.observe(sessionId, clock);
  }

  /** A peer has so much of an earlier session. */
  observe(sessionId: number, clock: number): void {
    const { ownership } = this.#options;
    if (!ownership.isEarlier(sessionId) || clock <= this.#options.document().clockOf(sessionId)) return;
    if (!ownership.isComplete(sessionId)) return;
    ownership.markTorn(sessionId);
    this.#renounceAndReport(
      "a peer knows more of replica ID than its store, which was rolled back or restored",
    );
  }

  /** The same for all that a state vector tells. */
  observeAll(vector: StateVector): void {
    for (const sessionId of this.#options.ownership.earlierSessions) {
      this.observe(sessionId, vector.get(sessionId) ?? 0);
    }
  }

  /**
   * Gives up a replica that will never return: its entries are this one's from now on, to be dropped when they are
   * superseded, once everybody with a store has been heard.
   * @returns how many entries that are. @throws OptionError for the own id, or for what is none
   */
  retire(replicaId: string): number {
    if (!isReplicaId(replicaId) || replicaId === this.#replicaId) {
      throw new OptionError("replicaId", replicaId, "the id of another replica");
    }
    const document = this.#options.document();
    const sessions = new Set(document.signatures.sessionsOf(replicaId));
    let entries = 0;
    for (const segment of document.segments) if (sessions.has(segment.session)) entries += segment.held;
    this.#retired.add(replicaId);
    this.#options.submit(document.sign());
    this.#review();
    return entries;
  }

  /** See ReplicatedChannel.renounce. */
  renounce(): boolean {
    // Once: a peer that lies must not make it forget who it is again and again.
    if (!this.#options.storage || this.#renounced) return false;
    this.#renounced = true;
    this.#become();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#recounting.close();
  }

  #review(): void {
    const { ownership, storage } = this.#options;
    const { signatures, ownSession } = this.#options.document();
    const retired = signatures.retired();
    for (const replicaId of retired) {
      if (this.#forgotten.has(replicaId)) continue;
      this.#forgotten.add(replicaId);
      ownership.forget(replicaId);
      storage?.forget(replicaId);
    }
    if (retired.has(this.#replicaId)) this.#returned();
    else if (storage) {
      const hasSegments = (sessionId: number): boolean => this.#options.document().hasSegmentsOf(sessionId);
      const isForeign = (sessionId: number): boolean =>
        sessionId !== ownSession && !ownership.isEarlier(sessionId) && hasSegments(sessionId);
      if (signatures.sessionsOf(this.#replicaId).some(isForeign)) {
        this.#renounceAndReport(
          "a session of replica ID is not in its store, which was copied or rolled back",
        );
      }
    }
    const sessions = [...this.#retired].flatMap((replicaId) => signatures.sessionsOf(replicaId));
    ownership.adopt(sessions);
    this.#applyOwnership();
  }

  /** Somebody has retired this replica, and so owns what it wrote before. */
  #returned(): void {
    const text = `replica ${this.#replicaId} was retired while it was away; it goes on under a new id`;
    this.#become();
    this.#options.onError(new ChorusError("replica-retired", text));
  }

  /** Tells the document which sessions are own ones now. */
  #applyOwnership(): void {
    const { added, removed } = this.#options.ownership.changes();
    const document = this.#options.document();
    for (const sessionId of added) this.#recounting.add(document.setOwned(sessionId, true));
    for (const sessionId of removed) this.#recounting.add(document.setOwned(sessionId, false));
    if (added.length > 0) this.#options.onOwned();
  }

  /** @param what the matter is; "ID" stands for the id that is given up: an operator may want to retire it */
  #renounceAndReport(what: string): void {
    const text = `${what.replace("ID", this.#replicaId)}; it goes on under a new id`;
    if (this.renounce()) this.#options.onError(new ChorusError("store-copied", text));
  }

  /** Goes on under a new id, and owns no earlier session. */
  #become(): void {
    const { storage, runtime, ownership, onRenounced } = this.#options;
    storage?.renounce();
    this.#replicaId = storage?.replicaId ?? newReplicaId(runtime);
    ownership.disown();
    this.#applyOwnership();
    // Not at once: this may be within the handling of a peer's update.
    runtime.soon(() => {
      if (!this.#closed) this.#options.submit(this.#options.document().sign());
    });
    onRenounced();
  }
}
