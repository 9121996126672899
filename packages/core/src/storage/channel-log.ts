// One channel of a store: numbers its updates, keeps its metadata, and hands both to the group writer. It reads nothing
// in the updates, and touches the database through the writer only, but for what its folder clears.
import { ChorusError } from "../errors.js";
import { newReplicaId } from "../replica-id.js";
import { ChannelFolder } from "./channel-folder.js";
import { type ChannelMetadata, ended, isComplete, metadataOperations, renamed } from "./channel-metadata.js";
import { openMetadata, restoredState } from "./channel-opening.js";
import type { ChannelContents } from "./channel-reader.js";
import type { ChannelStorage, LargeUpdate, RestoredState, StoredChannel } from "./channel-storage.js";
import type { FolderHost, Switch } from "./folder-host.js";
import type { GroupWriter, WriteJob } from "./group-writer.js";
import type { KeyRange, StoreDatabase, WriteOperation } from "./store-database.js";
import { attempt, storeClosed } from "./store-failures.js";
import { ChannelKeys } from "./store-keys.js";
import type { StoreSettings } from "./store-options.js";
import { frameUpdate } from "./store-records.js";
import { metadataJob, UpdateJob } from "./update-job.js";

/** Acquaintances that are kept; the oldest go. */
const MAX_ACQUAINTANCES = 1_000;

export interface ChannelLogOptions {
  readonly name: string;
  readonly contents: ChannelContents;
  readonly database: StoreDatabase;
  readonly writer: GroupWriter;
  readonly settings: StoreSettings;
  /** An update was handed to the writer. */
  readonly onQueued: () => void;
  /** Nothing of this session will be written any more. */
  readonly onClosed: () => Promise<void>;
}

export class ChannelLog implements ChannelStorage, FolderHost {
  readonly #options: Omit<ChannelLogOptions, "contents">;
  readonly #keys: ChannelKeys;
  readonly #folder: ChannelFolder;
  #metadata: ChannelMetadata;
  /** The version of the metadata that is stored; 0 for none. */
  #storedVersion: number;
  #nextNumber: number;
  #restored: RestoredState | undefined;
  #channel: StoredChannel | undefined;
  /** This session is in the metadata. */
  #isEnlisted = false;
  /** Nobody must hear of this replica before the store knows it: the metadata is written at the start. */
  readonly #isNewReplica: boolean;
  #failing = false;
  #closing: Promise<void> | undefined;
  /** Why nothing is taken any more. */
  #ended: ChorusError | undefined;
  #onClosed: (() => void) | undefined;

  constructor(options: ChannelLogOptions) {
    const { contents, ...others } = options;
    const { settings, name } = others;
    // Not the contents: they are large, and the channel's.
    this.#options = others;
    this.#keys = new ChannelKeys(name);
    this.#nextNumber = contents.nextNumber;
    this.#storedVersion = contents.metadata?.version ?? 0;
    const opened = openMetadata(contents, settings);
    this.#metadata = opened.metadata;
    this.#isNewReplica = opened.isCopied || this.#storedVersion === 0;
    this.#restored = restoredState(name, { contents, ...opened });
    const bytesOf = (records: readonly Uint8Array[]): number =>
      records.reduce((sum, { length }) => sum + length, 0);
    const log = { bytes: bytesOf(contents.updates), records: contents.updates.length };
    this.#folder = new ChannelFolder({
      host: this,
      keys: this.#keys,
      writer: options.writer,
      database: options.database,
      settings,
      loaded: {
        generation: contents.generation,
        snapshotBytes: bytesOf(contents.snapshot),
        log,
        isDamaged: opened.isDamaged,
      },
    });
    options.writer.join(this);
  }

  get replicaId(): string {
    return this.#metadata.replicaId;
  }

  get failure(): ChorusError | undefined {
    return this.#ended ?? this.#options.writer.failure;
  }

  get channel(): StoredChannel | undefined {
    return this.#channel;
  }

  get completeSessions(): readonly number[] {
    return this.#metadata.sessions.filter(isComplete).map(({ sessionId }) => sessionId);
  }

  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Nothing says where the next session finds its updates but a list of all keys. */
  get isSalvaged(): boolean {
    return this.#metadata.isSalvaged;
  }

  restore(): RestoredState {
    const restored = this.#restored;
    if (!restored) throw new ChorusError("store-failed", "a channel's store was asked twice for what it has");
    this.#restored = undefined;
    return restored;
  }

  start(channel: StoredChannel): void {
    if (this.#channel || this.#closing) return;
    this.#channel = channel;
    this.#folder.started();
    if (this.#isNewReplica) {
      if (this.#metadata.version === this.#storedVersion) this.#change({});
      this.#writeMetadata();
    }
    const { failure } = this;
    if (failure) this.#options.settings.runtime.soon(() => this.failing(this.failure ?? failure));
  }

  /** What would have to be folded next is not written twice, nor in one piece that stops the process. */
  appendLarge({ bytes, assemble }: LargeUpdate, stored: () => void): void {
    if (this.#channel && !this.failure && this.#folder.wouldFold(bytes)) this.#folder.require();
    this.append(this.#folder.coversUpdates ? new Uint8Array() : assemble(), stored);
  }

  append(update: Uint8Array, stored: () => void): void {
    if (this.#closing) return;
    this.#enlist();
    const answer = (): void => {
      if (!this.#closing) attempt(stored);
    };
    if (this.#folder.coversUpdates) return this.#folder.owe(answer);
    const key = this.#keys.update(this.#nextNumber++);
    const value = frameUpdate(key, update, this.#channel?.seenStamp() ?? -1);
    this.#folder.count(value.length);
    const isStored = (): void => {
      answer();
      this.#folder.consider();
    };
    this.#options.writer.add(new UpdateJob(this, { key, value }, isStored));
    this.#options.onQueued();
  }

  /** Too much waits to be written: forgets what of it is in the document. */
  overflow(): void {
    if (this.#closing || !this.#channel) return;
    const forgotten: WriteJob[] = [];
    this.#options.writer.takeBack((job) => {
      const isMeant = job.owner === this && job instanceof UpdateJob;
      if (isMeant) forgotten.push(job);
      return isMeant;
    });
    if (forgotten.length === 0) return;
    this.#folder.require();
    // Of the jobs nothing is kept but this, or their bytes would go on filling the memory.
    for (const { stored } of forgotten) this.#folder.owe(stored);
  }

  meet(replicaId: string): void {
    const { acquaintances } = this.#metadata;
    if (acquaintances.includes(replicaId)) return;
    this.#change({ acquaintances: [...acquaintances, replicaId].slice(-MAX_ACQUAINTANCES) });
    // The other one remembers this replica too, and would wait for ever for an id that was never stored.
    if (this.#channel) this.#writeMetadata();
  }

  forget(replicaId: string): void {
    const { acquaintances } = this.#metadata;
    if (!acquaintances.includes(replicaId)) return;
    this.#change({ acquaintances: acquaintances.filter((other) => other !== replicaId) });
  }

  renounce(): void {
    if (this.#closing) return;
    const current = this.#metadata.sessions.filter(({ sessionId }) => sessionId === this.#channel?.sessionId);
    const { runtime } = this.#options.settings;
    this.#change({ ...renamed(this.#metadata, newReplicaId(runtime)), sessions: current });
    this.#writeMetadata();
  }

  /** The store is closed, and this channel did not ask for it. */
  closeUnasked(): Promise<void> {
    if (!this.#ended) {
      const failure = storeClosed();
      this.#ended = failure;
      attempt(() => this.#channel?.failing(failure));
    }
    return this.close();
  }

  close(): Promise<void> {
    this.#ended ??= storeClosed();
    this.#closing ??= new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      this.#folder.close(() => this.#end());
      // A store that fails is asked once more, and then left.
      this.#options.writer.hurry();
    });
    return this.#closing;
  }

  changes(): { operations: readonly WriteOperation[]; stored: () => void } | undefined {
    const { version } = this.#metadata;
    if (version === this.#storedVersion) return undefined;
    const operations = metadataOperations(this.#keys, this.#metadata);
    return { operations, stored: () => (this.#storedVersion = version) };
  }

  switchTo({ generation, slices, firstNumber, seenStamp, goneSessions }: Switch): void {
    const sessions = this.#metadata.sessions.filter(
      ({ sessionId }) => sessionId === this.#channel?.sessionId || !goneSessions.has(sessionId),
    );
    this.#change({ generation, slices, firstNumber, seenStamp, sessions, isSalvaged: false });
  }

  leftovers(): readonly KeyRange[] {
    const { isSalvaged, generation, firstNumber } = this.#metadata;
    if (isSalvaged) return [];
    const keys = this.#keys;
    return [keys.slicesBefore(generation), keys.slicesAfter(generation), keys.updatesBefore(firstNumber)];
  }

  attemptFailed(_failure: ChorusError): boolean {
    this.#folder.attemptFailed();
    if (!this.#closing) return false;
    this.#folder.giveUp();
    this.#finish();
    return true;
  }

  failing(failure: ChorusError): void {
    if (this.#failing || this.#closing || !this.#channel) return;
    this.#failing = true;
    attempt(() => this.#channel?.failing(failure));
  }

  recovered(): void {
    if (!this.#failing || this.#closing) return;
    this.#failing = false;
    attempt(() => this.#channel?.recovered());
  }

  #change(change: Partial<ChannelMetadata>): void {
    this.#metadata = { ...this.#metadata, ...change, version: this.#metadata.version + 1 };
  }

  /** The session's first update is about to be stored: it will be one of the earlier ones, and the log grows. */
  #enlist(): void {
    // Written with the update at the latest, in one batch.
    if (this.#metadata.endNumber !== undefined) this.#change({ endNumber: undefined });
    if (this.#isEnlisted || !this.#channel) return;
    this.#isEnlisted = true;
    const { sessionId } = this.#channel;
    const session = { sessionId, level: this.#options.settings.level, isEnded: false, isTorn: false };
    this.#change({ sessions: [...this.#metadata.sessions, session] });
    this.#writeMetadata();
  }

  #writeMetadata(): void {
    this.#options.writer.add(metadataJob(this));
  }

  /** Stores the clean end, if there is anything that ends. */
  #end(): void {
    const { endNumber, isSalvaged } = this.#metadata;
    const isOpenLog = this.#storedVersion > 0 && endNumber === undefined && !isSalvaged;
    const isChanging = this.#folder.isEnding || this.changes() !== undefined;
    if (!this.#onClosed || !(this.#isEnlisted || isOpenLog || isChanging)) return this.#finish();
    const operations = (): readonly WriteOperation[] => {
      // What was forgotten and could not be folded has left a hole that is no damage: it was never promised.
      const isWhole = !this.#metadata.isSalvaged && !this.#folder.owes;
      const endNumber = isWhole ? this.#nextNumber : undefined;
      this.#change({ sessions: ended(this.#metadata.sessions, this.#channel?.sessionId), endNumber });
      return [];
    };
    this.#options.writer.add({ owner: this, bytes: 0, sync: true, operations, stored: () => this.#finish() });
  }

  #finish(): void {
    const onClosed = this.#onClosed;
    if (!onClosed) return;
    this.#onClosed = undefined;
    this.#options.writer.leave(this);
    void this.#options.onClosed().then(onClosed, onClosed);
  }
}
