// A channel: a named replicated map. Reads answer from the index, writes wait for the end of the turn in a pending
// batch, and what peers send arrives through the replication port (replication-port.ts). It knows no connection.
import { uuidv4 } from "lib0/random";
import { ChangeRecorder, ChannelEmitter, type ChannelEvents } from "./change-events.js";
import type { ChannelReplication } from "./channel-replication.js";
import {
  type ChannelOptions,
  type ChannelSettings,
  type ChannelStats,
  resolveSettings,
  type WriteOptions,
} from "./channel-options.js";
import { CommitQueue } from "./commit-queue.js";
import { Cleaning } from "./document/cleaning.js";
import { Holder } from "./document/entry-index.js";
import { type EntryOrder, readEntries, readKeys } from "./document/ordered-entries.js";
import { highestTombstone } from "./document/stored-stamps.js";
import type { SegmentDocument } from "./document/segment-document.js";
import type { Listener } from "./emitter.js";
import { ChorusError } from "./errors.js";
import { assertKey, assertRoomAbove, assertValueSize } from "./limits.js";
import { Maintenance, type MaintenanceStep } from "./maintenance.js";
import { PendingWrites } from "./pending-writes.js";
import { ReplicationPort } from "./replication-port.js";
import type { Runtime } from "./runtime.js";
import { SeenStamps, StampClock, stampOfTimestamp, timestampOfStamp } from "./stamp.js";
import { encodeValue, type JsonValue, parseValue } from "./value.js";

export type { ChannelEvents };

export class Channel {
  readonly name: string;
  /** Stable for a replica with a store or a name; otherwise random. */
  readonly replicaId: string;
  /** This run's id, 53 bits, never used before. */
  readonly sessionId: number;
  readonly runtime: Runtime;
  /** For connections and peer sets, not for applications. */
  readonly replication: ChannelReplication;
  readonly #settings: ChannelSettings;
  readonly #document: SegmentDocument;
  readonly #cleaning: Cleaning;
  readonly #queue: CommitQueue;
  readonly #maintenance: Maintenance;
  readonly #clock: StampClock;
  readonly #seen = new SeenStamps();
  readonly #pending: PendingWrites;
  readonly #emitter = new ChannelEmitter();
  readonly #changes: ChangeRecorder;
  readonly #port: ReplicationPort;
  #commits = 0;
  #closed = false;

  /** @throws OptionError naming the option, its value and what is allowed */
  constructor(options: ChannelOptions) {
    const settings = resolveSettings(options);
    this.#settings = settings;
    this.name = settings.name;
    this.replicaId = settings.replicaId ?? uuidv4();
    this.runtime = settings.runtime;
    this.sessionId = settings.runtime.newId();
    this.#clock = new StampClock(() => this.runtime.now());
    this.#changes = new ChangeRecorder({
      soon: (task) => this.runtime.soon(task),
      isWanted: () => this.#emitter.has("change"),
      deliver: (batch) => this.#emitter.emit("change", batch),
    });
    this.#document = this.#createDocument();
    this.#cleaning = new Cleaning(this.#document, settings.cleaning);
    this.#cleaning.noteEverything();
    this.#pending = new PendingWrites(this.#document, settings.maxBatchEntries);
    this.#queue = this.#createQueue();
    this.#maintenance = new Maintenance(
      { cleaning: this.#cleaning, queue: this.#queue, runtime: this.runtime },
      settings.maintenance,
    );
    this.#port = new ReplicationPort({
      document: this.#document,
      cleaning: this.#cleaning,
      queue: this.#queue,
      earlierSessions: settings.restore.sessions,
      apply: (work) => this.#applyRemote(work),
      onError: (error) => this.#emitter.emit("error", error),
      // Nothing else may come to wake the maintenance.
      onSynced: () => this.#maintenance.noteActivity(),
    });
    this.replication = this.#port;
    this.#applyRemote(() => this.#document.load(settings.restore.updates));
    // What earlier sessions saw deleted must not come to stand above what this one writes.
    this.#seen.raiseFloor(highestTombstone(settings.restore.updates));
  }

  /** Keys that have a value. */
  get size(): number {
    this.#assertOpen();
    return this.#document.index.size;
  }

  /** The value of a key: a fresh copy at every call. */
  get(key: string): JsonValue | undefined {
    this.#assertOpen();
    const json = this.#document.index.winner(key)?.json;
    return json === undefined ? undefined : parseValue(json);
  }

  has(key: string): boolean {
    this.#assertOpen();
    return this.#document.index.winner(key)?.json !== undefined;
  }

  /**
   * Sets a key. Reads see it at once; peers get it with everything else written in this turn.
   * @returns false when the caller's own timestamp would not win: then nothing is written
   * @throws ChorusError invalid-key, invalid-value, invalid-timestamp, too-large, log-failed, channel-closed
   */
  set(key: string, value: unknown, options?: WriteOptions): boolean {
    return this.#write(key, this.#encode(key, value), options);
  }

  /** Deletes a key. @returns false when it has no value, or the caller's own timestamp would not win */
  delete(key: string, options?: WriteOptions): boolean {
    this.#assertWritable();
    assertKey(key, this.#settings.maxKeyBytes);
    if (this.#document.index.winner(key)?.json === undefined) return false;
    return this.#write(key, undefined, options);
  }

  /**
   * Sets many keys; an undefined value deletes. All are checked before any is written. More than 2,000 go out in
   * slices, so peers may see part of it for a moment. @returns how many were written
   */
  update(entries: Iterable<readonly [string, unknown]>, options?: WriteOptions): number {
    this.#assertWritable();
    const encoded: [string, string | undefined][] = [];
    for (const [key, value] of entries) {
      assertKey(key, this.#settings.maxKeyBytes);
      encoded.push([key, value === undefined ? undefined : this.#encode(key, value)]);
    }
    if (options?.timestampMs !== undefined) stampOfTimestamp(options.timestampMs);
    else {
      const { index } = this.#document;
      for (const [key] of encoded) assertRoomAbove(this.#seen.below(key, index.winner(key)?.stamp));
    }
    const write = ([key, json]: [string, string | undefined]): boolean =>
      json === undefined ? this.delete(key, options) : this.#write(key, json, options);
    return encoded.filter(write).length;
  }

  /** All keys and values as they are now, by key (UTF-16 code units) or oldest write first: equal on equal replicas. */
  entries(order: EntryOrder = "key"): IterableIterator<[string, JsonValue]> {
    this.#assertOpen();
    return readEntries(this.#document.index, order);
  }

  /** All keys that have a value, in the order of `entries`. */
  keys(order: EntryOrder = "key"): IterableIterator<string> {
    this.#assertOpen();
    return readKeys(this.#document.index, order);
  }

  /** When the value of a key was written, in milliseconds by its writer's clock. */
  timestampOf(key: string): number | undefined {
    this.#assertOpen();
    const winner = this.#document.index.winner(key);
    return winner?.json === undefined ? undefined : timestampOfStamp(winner.stamp);
  }

  /** Calls `listener` at every event until the returned function is called. */
  on<Name extends keyof ChannelEvents>(event: Name, listener: Listener<ChannelEvents[Name]>): () => void {
    return this.#emitter.on(event, listener);
  }

  /** Resolves when all writes so far are committed, stored where there is a store, and handed to the connections. */
  whenCommitted(): Promise<void> {
    this.#assertOpen();
    return this.#queue.whenCommitted();
  }

  /** A hash of all keys, values and stamps, as 14 hexadecimal digits: equal on equal replicas. */
  contentHash(): string {
    this.#assertOpen();
    return this.#document.index.digest.toString(16).padStart(14, "0");
  }

  /** Numbers to watch. Constant cost but for `documentBytes`, which is asked for by its own method. */
  stats(): ChannelStats {
    const { index } = this.#document;
    return {
      keys: index.size,
      heldEntries: index.holders,
      segments: [...this.#document.segments].length,
      pendingWrites: this.#pending.size,
      keysToSweep: this.#cleaning.dirtyKeys,
      commits: this.#commits,
      ...this.#cleaning.counts,
      ...this.#port.counts,
    };
  }

  /** The size of the whole document as one update. Encodes it: 0.1 s for 100,000 keys. */
  documentBytes(): number {
    return this.#document.encode().length;
  }

  /** One step of dropping and cleaning, now instead of in the background. @returns whether there was anything to do */
  maintain(step: MaintenanceStep = { idle: true }): boolean {
    this.#assertOpen();
    return this.#maintenance.step(step);
  }

  /** Ends the channel: what is pending is committed first. Later calls throw channel-closed; closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    // One slice after the other; with a store that is busy, what it has not yet taken stays behind.
    while (this.#pending.size > 0 && this.#queue.storing === 0) this.#queue.flush();
    this.#closed = true;
    this.#port.close();
    this.#queue.close();
    this.#maintenance.close();
    this.#changes.close();
    this.#emitter.clear();
  }

  #createDocument(): SegmentDocument {
    const { restore, rules, createDocument } = this.#settings;
    return createDocument({
      sessionId: this.sessionId,
      earlierSessions: restore.sessions.map(({ sessionId }) => sessionId),
      onWinner: (key, before, after) => {
        if (before && before.stamp > (after?.stamp ?? -1)) this.#seen.note(key, before.stamp);
        this.#changes.record(key, before, after);
      },
      // A document that is made with content speaks before there is a cleaning.
      onHolders: (key) => this.#cleaning?.noteHolders(key),
      onFailure: (cause) =>
        this.#emitter.report("document-damaged", "an update could not be read into the index", cause),
      rules,
    });
  }

  #createQueue(): CommitQueue {
    return new CommitQueue({
      runtime: this.runtime,
      log: this.#settings.log,
      commit: () => this.#commit(),
      pendingCount: () => this.#pending.size,
      onStored: (update) => this.#port.emitUpdate(update, undefined),
      onLogFailure: (cause) => this.#emitter.report("log-failed", "the store refused an update", cause),
    });
  }

  #encode(key: string, value: unknown): string {
    this.#assertWritable();
    assertKey(key, this.#settings.maxKeyBytes);
    const json = encodeValue(value);
    assertValueSize(json, this.#settings.maxValueBytes);
    return json;
  }

  #write(key: string, json: string | undefined, options: WriteOptions | undefined): boolean {
    const { index, pendingSegment, rules } = this.#document;
    const winner = index.winner(key);
    const forced = options?.timestampMs;
    const stamp =
      forced === undefined
        ? this.#clock.next(this.#seen.below(key, winner?.stamp))
        : stampOfTimestamp(forced);
    const holder = new Holder(pendingSegment, stamp, json);
    if (forced !== undefined && stamp < this.#seen.of(key)) return false;
    if (forced !== undefined && winner && rules.compare(holder, winner) <= 0) return false;
    this.#pending.add(key, holder);
    this.#queue.schedule();
    return true;
  }

  #commit(): Uint8Array | undefined {
    const entries = this.#pending.takeSlice();
    if (entries.length === 0) return undefined;
    this.#commits++;
    const update = this.#document.write(entries);
    this.#cleaning.sealIfFull(false);
    this.#maintenance.noteActivity();
    return update;
  }

  #applyRemote(work: () => void): void {
    this.#changes.asRemote(work);
    this.#maintenance.noteActivity();
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new ChorusError("channel-closed", `the channel ${JSON.stringify(this.name)} is closed`);
  }

  #assertWritable(): void {
    this.#assertOpen();
    if (this.#queue.failed) throw new ChorusError("log-failed", "the store takes no updates at the moment");
  }
}
