// The parts of one channel and what they tell each other: document, store, background work, the side towards peers.
// It decides nothing that a part could decide; what an application calls is in channel.ts.
import { loadDocument } from "./careful-loading.js";
import { ChangeRecorder, ChannelEmitter } from "./change-events.js";
import type { ChannelSettings } from "./channel-options.js";
import { CommitQueue } from "./commit-queue.js";
import { Cleaning } from "./document/cleaning.js";
import { Holder } from "./document/holder.js";
import { Ownership } from "./document/ownership.js";
import type { SalvagedEntry } from "./document/salvage.js";
import { openSnapshot } from "./document/update-slices.js";
import type { SegmentDocument } from "./document/segment-document.js";
import { DurableWaiters } from "./durable-waiters.js";
import { ChorusError } from "./errors.js";
import { Identity } from "./identity.js";
import { Maintenance } from "./maintenance.js";
import { PendingWrites } from "./pending-writes.js";
import { type Progress, ProgressReporter } from "./progress.js";
import { newReplicaId } from "./replica-id.js";
import { ReplicationPort } from "./replication-port.js";
import { SeenStamps, STAMPS_PER_MS } from "./stamp.js";
import { NOTHING_STORED, type RestoredState, type StoredChannel } from "./storage/channel-storage.js";
import { Wholeness } from "./wholeness.js";

/** Clocks that are wrong by more than this are not followed. */
const CLOCK_SLACK_MS = 24 * 60 * 60 * 1_000;

/** To load less takes no time worth telling of. */
const LONG_LOAD_BYTES = 256 * 1024;

export class ChannelEngine {
  readonly sessionId: number;
  readonly document: SegmentDocument;
  readonly pending: PendingWrites;
  readonly queue: CommitQueue;
  readonly cleaning: Cleaning;
  readonly maintenance: Maintenance;
  readonly identity: Identity;
  readonly port: ReplicationPort;
  readonly seen: SeenStamps;
  readonly emitter = new ChannelEmitter();
  readonly durable: DurableWaiters;
  readonly wholeness = new Wholeness();
  /** Transactions that wrote entries. */
  commits = 0;
  readonly #settings: ChannelSettings;
  readonly #ownership: Ownership;
  readonly #changes: ChangeRecorder;
  readonly #renounced = new Set<() => void>();

  constructor(settings: ChannelSettings) {
    const { runtime, storage } = settings;
    const restored = storage?.restore() ?? NOTHING_STORED;
    this.#settings = settings;
    this.sessionId = runtime.newId();
    this.durable = new DurableWaiters(runtime);
    this.seen = new SeenStamps(undefined, () => (runtime.now() + CLOCK_SLACK_MS) * STAMPS_PER_MS);
    this.#changes = new ChangeRecorder({
      soon: (task) => runtime.soon(task),
      isWanted: () => this.emitter.has("change"),
      deliver: (batch) => this.emitter.emit("change", batch),
    });
    this.#ownership = new Ownership(this.sessionId, restored);
    this.identity = this.#createIdentity();
    this.document = this.#createDocument();
    this.cleaning = new Cleaning(this.document, this.#ownership, settings.cleaning);
    this.cleaning.noteEverything();
    this.pending = new PendingWrites(this.document, settings.maxBatchEntries);
    this.queue = new CommitQueue({
      runtime,
      storage,
      commit: () => this.#commit(),
      pendingCount: () => this.pending.size,
      onStored: (update) => this.port.emitUpdate(update, undefined),
    });
    this.maintenance = new Maintenance(
      { cleaning: this.cleaning, queue: this.queue, wholeness: this.wholeness, runtime },
      settings.maintenance,
    );
    this.port = this.#createPort();
    this.#load(restored);
  }

  /** Calls `listener` whenever the replicaId changes; returns the function that ends it. */
  onRenounced(listener: () => void): () => void {
    this.#renounced.add(listener);
    return () => {
      this.#renounced.delete(listener);
    };
  }

  /** What is pending is committed; then nothing is written, sent or told any more. Resolves when the store is done. */
  async close(): Promise<void> {
    const { storage } = this.#settings;
    while (this.pending.size > 0) this.queue.commit();
    this.queue.stop();
    this.port.close();
    this.identity.close();
    this.maintenance.close();
    this.#changes.close();
    this.#renounced.clear();
    if (!storage) this.port.abandon();
    // What the store has of a large answer is nothing or all of it.
    else if (!this.wholeness.isWhole) await this.port.whenAbsorbed();
    if (storage) await storage.close();
    this.queue.close();
    this.emitter.clear();
  }

  #createIdentity(): Identity {
    const { storage, runtime, replicaId } = this.#settings;
    return new Identity({
      storage,
      runtime,
      replicaId: replicaId ?? newReplicaId(runtime),
      ownership: this.#ownership,
      document: () => this.document,
      submit: (update) => this.queue.submit(update),
      // Also found while the channel is made: who makes it can listen only afterwards.
      onError: (error) => runtime.soon(() => this.emitter.emit("error", error)),
      // Nothing else may come to wake the maintenance.
      onOwned: () => this.maintenance.noteActivity(),
      onRenounced: () => {
        for (const listener of this.#renounced) listener();
      },
    });
  }

  #createDocument(): SegmentDocument {
    const { rules, createDocument } = this.#settings;
    return createDocument({
      sessionId: this.sessionId,
      signature: () => this.identity.signature,
      onSigned: () => this.identity.signed(),
      onWinner: (key, before, after) => this.#winnerChanged(key, before, after),
      // A document that is made with content speaks before there is a cleaning.
      onHolders: (key, winner) => this.cleaning?.noteHolders(key, winner),
      onFailure: (cause) =>
        this.emitter.report("document-damaged", "an update could not be read into the index", cause),
      rules,
    });
  }

  #createPort(): ReplicationPort {
    const { runtime } = this.#settings;
    return new ReplicationPort({
      runtime,
      wholeness: this.wholeness,
      progress: new ProgressReporter(runtime, (progress) => this.#tellProgress(progress)),
      document: this.document,
      queue: this.queue,
      identity: this.identity,
      apply: (work) => this.#applyRemote(work),
      onError: (error) => this.emitter.emit("error", error),
    });
  }

  #load(restored: RestoredState): void {
    const { storage, runtime } = this.#settings;
    const findings = [...restored.findings];
    this.#applyRemote(() => {
      const loaded = loadDocument(this.document, restored, (session) => this.#ownership.isEarlier(session));
      // What earlier sessions saw deleted must not come to stand above what this one writes.
      this.seen.raiseFloor(restored.seenStamp);
      this.#writeSalvaged(loaded.salvaged);
      if (loaded.unusable === 0) return;
      for (const sessionId of this.#ownership.earlierSessions) this.#ownership.markTorn(sessionId);
      const text = `${loaded.unusable} updates in the store lack what came before them; peers may have it`;
      findings.push(new ChorusError("store-damaged", text));
    });
    storage?.start(this.#storedChannel());
    this.identity.loaded();
    // Who makes the channel can listen only afterwards.
    runtime.soon(() => {
      for (const finding of findings) this.emitter.emit("error", finding);
    });
    const bytes = [...restored.snapshot, ...restored.updates].reduce((sum, { length }) => sum + length, 0);
    // It was read in one go: there is only the end to be told.
    if (bytes >= LONG_LOAD_BYTES) {
      this.#tellProgress({ task: "load", done: bytes, total: bytes, unit: "bytes" });
    }
  }

  #storedChannel(): StoredChannel {
    return {
      sessionId: this.sessionId,
      openSnapshot: () => openSnapshot(this.document, this.document.vector()),
      openDiff: () => this.port.openDiff(new Map()),
      whenWhole: (task) => void this.wholeness.whenWhole(task),
      seenStamp: () => this.seen.highest,
      hasSegments: (sessionId) => this.document.hasSegmentsOf(sessionId),
      failing: (failure) => {
        this.durable.failed(failure);
        this.emitter.emit("store", { failure });
        this.emitter.emit("error", failure);
      },
      recovered: () => this.emitter.emit("store", { failure: undefined }),
    };
  }

  /** Own writes that stand behind a gap in the store go into this session, as they were, where nothing is newer. */
  #writeSalvaged(entries: readonly SalvagedEntry[]): void {
    const { index, pendingSegment, rules } = this.document;
    for (const { key, stamp, json } of entries) {
      const holder = new Holder(pendingSegment, stamp, json);
      const winner = index.winner(key);
      if (winner && rules.compare(holder, winner) <= 0) continue;
      this.pending.add(key, holder, winner);
      this.queue.schedule();
    }
  }

  #winnerChanged(key: string, before: Holder | undefined, after: Holder | undefined): void {
    if (before && before.stamp > (after?.stamp ?? -1)) this.seen.note(key, before.stamp);
    this.#changes.record(key, before, after);
  }

  /** After the turn's work: whoever listens may call anything. */
  #tellProgress(progress: Progress): void {
    this.#settings.runtime.soon(() => this.emitter.emit("progress", progress));
  }

  #commit(): Uint8Array | undefined {
    const entries = this.pending.takeSlice();
    if (entries.length === 0) return undefined;
    this.commits++;
    const update = this.document.write(entries);
    this.cleaning.sealIfFull(false);
    this.maintenance.noteActivity();
    return update;
  }

  #applyRemote(work: () => void): void {
    this.#changes.asRemote(work);
    this.maintenance.noteActivity();
  }
}
