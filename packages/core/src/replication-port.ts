// What connections see of a channel: the guard before every update, gaps refused, diffs cut, and the order of storing
// and sending kept. It knows the document and the commit queue, but no peer and no frame.
import type { AbsorptionWatch, ChannelReplication, ReceiveResult } from "./channel-replication.js";
import type { CommitQueue } from "./commit-queue.js";
import type { StructRun } from "./document/entry-structs.js";
import type { SegmentDocument } from "./document/segment-document.js";
import { type DiffCursor, openDiff } from "./document/update-slices.js";
import { ChorusError } from "./errors.js";
import { inspectUpdate } from "./guard.js";
import type { Identity } from "./identity.js";
import { LargeUpdates } from "./large-updates.js";
import { readPlainUpdate } from "./plain-update.js";
import type { ProgressReporter } from "./progress.js";
import { type AnswerReading, ReadAhead } from "./read-ahead.js";
import type { Runtime } from "./runtime.js";
import type { StateVector } from "./state-vector.js";
import { assembleUpdate } from "./update-assembly.js";
import type { Wholeness } from "./wholeness.js";

/** Counters of what came from peers. */
export interface ReplicationCounts {
  /** Updates of peers that brought something new. */
  appliedUpdates: number;
  /** Of those, large answers that were applied in turns. */
  absorbedUpdates: number;
  /** Updates of peers that were known already. */
  repeatedUpdates: number;
  /** Updates held off because something before them was missing. */
  gaps: number;
  /** Updates that the guard refused. */
  refusedUpdates: number;
}

export interface ReplicationPortOptions {
  runtime: Runtime;
  wholeness: Wholeness;
  progress: ProgressReporter;
  document: SegmentDocument;
  queue: CommitQueue;
  identity: Identity;
  /** Runs what applies a peer's update, so that its changes become one remote batch. */
  apply: (work: () => void) => void;
  onError: (error: ChorusError) => void;
}

type UpdateListener = (update: Uint8Array, source: object | undefined) => void;

/** Who sent an update, and what to call once it is stored. */
interface Reply {
  readonly source: object;
  readonly stored: (advanced: StateVector) => void;
}

/** Updates of peers that wait for the store; beyond it their bytes are forgotten, because the document has them. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** An update of a peer that is not stored yet; undefined when it was forgotten. */
interface WaitingUpdate {
  update: Uint8Array | undefined;
}

export class ReplicationPort implements ChannelReplication {
  readonly counts: ReplicationCounts = {
    appliedUpdates: 0,
    absorbedUpdates: 0,
    repeatedUpdates: 0,
    gaps: 0,
    refusedUpdates: 0,
  };
  readonly #options: ReplicationPortOptions;
  readonly #listeners = new Set<UpdateListener>();
  readonly #forgottenListeners = new Set<(source: object | undefined) => void>();
  readonly #large: LargeUpdates;
  readonly #readAhead: ReadAhead;
  readonly #waiting = new Set<WaitingUpdate>();
  #waitingBytes = 0;
  #forgeryReported = false;
  #closed = false;

  constructor(options: ReplicationPortOptions) {
    this.#options = options;
    this.#readAhead = new ReadAhead(options.document.structs, options.runtime);
    this.#large = new LargeUpdates({
      ...options,
      counts: this.counts,
      inspect: (update) => this.#inspect(update),
      applyPart: (part, source) => this.#apply(part, source),
      forgotten: (source) => this.#tellForgotten(source),
    });
  }

  get isWhole(): boolean {
    return this.#options.wholeness.isWhole;
  }

  get progress(): ProgressReporter {
    return this.#options.progress;
  }

  whenWhole(task: () => void): () => void {
    return this.#options.wholeness.whenWhole(task);
  }

  vector(): StateVector {
    return this.#options.document.vector();
  }

  receive(
    parts: Uint8Array | readonly Uint8Array[],
    source: object,
    stored: (advanced: StateVector) => void,
  ): ReceiveResult {
    this.#assertOpen();
    if (!this.isWhole) return "gap";
    const update = parts instanceof Uint8Array ? parts : assembleUpdate(parts);
    const advanced = this.#apply(update, source);
    if (advanced === "gap") {
      this.counts.gaps++;
      return "gap";
    }
    if (advanced === "unchanged") {
      this.counts.repeatedUpdates++;
      return "unchanged";
    }
    this.#store(update, advanced, { source, stored });
    return "applied";
  }

  #store(update: Uint8Array, advanced: StateVector, { source, stored }: Reply): void {
    this.counts.appliedUpdates++;
    const waiting = this.#wait(update);
    this.#options.queue.storeRemote(update, () => {
      this.#release(waiting);
      if (waiting.update) this.emitUpdate(waiting.update, source);
      else this.#tellForgotten(source);
      stored(advanced);
    });
  }

  absorb(parts: readonly Uint8Array[], source: object, watch: AbsorptionWatch): void {
    this.#assertOpen();
    this.#large.absorb(parts, source, watch);
  }

  openReading(): AnswerReading {
    return this.#readAhead.open();
  }

  /** What most updates are: new entries, and little else. @returns what it advanced */
  #applyPlain(plain: StructRun): Map<number, number> {
    const { session, clock, structs } = plain;
    const end = clock + structs.length;
    this.#options.identity.heard(session, end);
    this.#options.apply(() => {
      this.#options.document.integrate(plain);
    });
    return new Map([[session, end]]);
  }

  /** Guards and applies. @returns what it advanced; nothing, if it only deletes */
  #apply(update: Uint8Array, source: object): Map<number, number> | "gap" | "unchanged" {
    const { document, identity } = this.#options;
    const ahead = this.#readAhead.runOf(update);
    const plain = ahead ?? (document.structs && readPlainUpdate(update, document.structs));
    if (plain) return this.#applyPlain(plain);
    const verdict = this.#inspect(update);
    if (verdict.kind === "gap") return "gap";
    const { advanced } = verdict;
    if (advanced.size === 0 && !verdict.deletes) return "unchanged";
    for (const [sessionId, clock] of advanced) identity.heard(sessionId, clock);
    let deleted = false;
    this.#options.apply(() => {
      deleted = document.apply(update, source);
    });
    return advanced.size === 0 && !deleted ? "unchanged" : advanced;
  }

  #tellForgotten(source: object | undefined): void {
    for (const listener of this.#forgottenListeners) listener(source);
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChorusError("channel-closed", "the channel is closed and takes no updates");
  }

  #wait(update: Uint8Array): WaitingUpdate {
    const waiting: WaitingUpdate = { update };
    this.#waiting.add(waiting);
    this.#waitingBytes += update.length;
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return waiting;
    for (const forgotten of this.#waiting) forgotten.update = undefined;
    this.#waiting.clear();
    this.#waitingBytes = 0;
    return waiting;
  }

  #release(waiting: WaitingUpdate): void {
    if (this.#waiting.delete(waiting)) this.#waitingBytes -= waiting.update?.length ?? 0;
  }

  onUpdate(listener: UpdateListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  onForgotten(listener: (source: object | undefined) => void): () => void {
    this.#forgottenListeners.add(listener);
    return () => {
      this.#forgottenListeners.delete(listener);
    };
  }

  /** Hands a stored update to the connections. */
  emitUpdate(update: Uint8Array, source: object | undefined): void {
    for (const listener of this.#listeners) listener(update, source);
  }

  whenShareable(task: () => void): () => void {
    let stop = (): void => undefined;
    const wait = (): void => {
      if (!this.isWhole) {
        stop = this.whenWhole(wait);
        return;
      }
      // While that is waited for the next large answer may begin.
      stop = this.#options.queue.whenShareable(() => (this.isWhole ? task() : wait()));
    };
    wait();
    return () => stop();
  }

  openDiff(vector: StateVector): DiffCursor {
    return openDiff(this.#options.document, vector);
  }

  digest(): number {
    // Reads see what is pending, the vector does not: it is committed first, as far as that can be done at once.
    if (!this.#options.queue.isQuiet) this.#options.queue.flush();
    return this.#options.document.index.digest;
  }

  observeVector(vector: StateVector): void {
    const { document, identity } = this.#options;
    identity.observeAll(vector);
    const own = document.ownSession;
    if ((vector.get(own) ?? 0) <= document.clockOf(own) || this.#forgeryReported) return;
    this.#forgeryReported = true;
    this.#options.onError(
      new ChorusError(
        "replica-cloned",
        "a peer knows writes of this session that it never made: its id is in use twice",
      ),
    );
  }

  /** Updates are refused from now on; an absorption goes on. */
  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#forgottenListeners.clear();
  }

  /** Resolves when no large answer is being applied. */
  whenAbsorbed(): Promise<void> {
    return new Promise((resolve) => void this.whenWhole(resolve));
  }

  /** What is being applied is given up. */
  abandon(): void {
    this.#large.abandon();
  }

  whenStored(task: () => void): void {
    this.#options.queue.whenStored(task);
  }

  markSynced(replicaId?: string): void {
    this.#options.identity.synced(replicaId);
  }

  #inspect(update: Uint8Array): ReturnType<typeof inspectUpdate> {
    try {
      return inspectUpdate(update, this.#options.document);
    } catch (error) {
      this.counts.refusedUpdates++;
      throw error;
    }
  }
}
