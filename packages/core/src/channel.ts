// A channel: a named replicated map, as an application sees it. Reads answer from the index, writes wait for the end of
// the turn in a pending batch. How its parts work together is in channel-engine.ts; it knows no connection.
import type { ChannelEvents } from "./change-events.js";
import { ChannelEngine } from "./channel-engine.js";
import type { ChannelReplication } from "./channel-replication.js";
import {
  type ChannelOptions,
  type ChannelSettings,
  type ChannelStats,
  resolveSettings,
  type WriteOptions,
} from "./channel-options.js";
import { Holder } from "./document/holder.js";
import { type EntryOrder, readEntries, readKeys } from "./document/ordered-entries.js";
import type { SegmentDocument } from "./document/segment-document.js";
import type { Listener } from "./emitter.js";
import { ChorusError } from "./errors.js";
import { assertKey, assertRoomAbove, assertValueSize, checkTimeout } from "./limits.js";
import type { MaintenanceStep } from "./maintenance.js";
import type { Runtime } from "./runtime.js";
import { MAX_STAMP, StampClock, stampOfTimestamp, timestampOfStamp } from "./stamp.js";
import { encodeValue, type JsonValue, parseValue } from "./value.js";

export type { ChannelEvents };

export class Channel {
  readonly name: string;
  /** This run's id, 53 bits, never used before. */
  readonly sessionId: number;
  readonly runtime: Runtime;
  /** For connections and peer sets, not for applications. */
  readonly replication: ChannelReplication;
  readonly #settings: ChannelSettings;
  readonly #engine: ChannelEngine;
  readonly #document: SegmentDocument;
  readonly #clock: StampClock;
  #closed: Promise<void> | undefined;

  /** @throws OptionError naming the option, its value and what is allowed */
  constructor(options: ChannelOptions) {
    const settings = resolveSettings(options);
    this.#settings = settings;
    this.name = settings.name;
    this.runtime = settings.runtime;
    this.#clock = new StampClock(() => this.runtime.now());
    this.#engine = new ChannelEngine(settings);
    this.#document = this.#engine.document;
    this.sessionId = this.#engine.sessionId;
    this.replication = this.#engine.port;
  }

  /**
   * Who this replica is. Stable over restarts with a store or a name, otherwise random; a store that turns out to exist
   * twice gets a new one.
   */
  get replicaId(): string {
    return this.#engine.identity.replicaId;
  }

  /** Whether the channel has a store. */
  get durable(): boolean {
    return this.#settings.storage !== undefined;
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
   * Sets a key. Reads see it at once; peers get it with everything else written in this turn, or, from a busy
   * writer, in some milliseconds.
   * @returns false when the caller's own timestamp would not win: then nothing is written
   * @throws ChorusError invalid-key, invalid-value, invalid-timestamp, too-large, store-full, store-failed, channel-closed
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
    const write = ([key, json]: [string, string | undefined]): boolean =>
      json === undefined ? this.delete(key, options) : this.#write(key, json, options);
    return this.#checked(entries, options).filter(write).length;
  }

  /** Throws what `update` would throw of these entries and options now, and writes nothing. */
  check(entries: Iterable<readonly [string, unknown]>, options?: WriteOptions): void {
    this.#checked(entries, options);
  }

  /** All keys and values as they are now, by key (UTF-16 code units) or oldest write first, equal on equal replicas; or any. */
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

  /**
   * The highest stamp seen for a key, that of its deletion included; -1 for none. For comparing, not for applications: as
   * long as it stays the same nothing was written under the key, not even the same value.
   */
  stampOf(key: string): number {
    this.#assertOpen();
    return Math.max(this.#document.index.winner(key)?.stamp ?? -1, this.#engine.seen.of(key));
  }

  /** Calls `listener` at every event until the returned function is called. */
  on<Name extends keyof ChannelEvents>(event: Name, listener: Listener<ChannelEvents[Name]>): () => void {
    return this.#engine.emitter.on(event, listener);
  }

  /** Resolves when all writes so far are committed, stored where there is a store, and handed to the connections. */
  whenCommitted(): Promise<void> {
    this.#assertOpen();
    return this.#engine.queue.whenCommitted();
  }

  /**
   * Resolves when all writes so far are in the store, as safe as its level says. Rejects with ChorusError not-durable
   * without a store; store-full or store-failed when the store refuses them (they are kept, and tried again); timeout;
   * channel-closed. OptionError for a timeout that is not from 0 to 2,147,483,647; default none.
   */
  async whenDurable(options: { timeoutMs?: number } = {}): Promise<void> {
    checkTimeout("timeoutMs", options.timeoutMs);
    this.#assertOpen();
    const { storage } = this.#settings;
    if (!storage) throw new ChorusError("not-durable", `the channel ${this.#title} has no store`);
    if (storage.failure) throw storage.failure;
    await this.#engine.durable.wait(this.#engine.queue.whenCommitted(), options.timeoutMs);
  }

  /**
   * Gives up a replica that will never return: its entries are this one's from now on, to be dropped in the background
   * when they are superseded, and the tombstones that they held go. If it returns after all it takes a new id
   * (docs/document.md, retirement). Do not retire one that may be running.
   * @returns how many entries it holds here. @throws OptionError for the own id, ChorusError channel-closed
   */
  retire(replicaId: string): number {
    this.#assertWritable();
    return this.#engine.identity.retire(replicaId);
  }

  /** See ReplicatedChannel: for peer sets. */
  renounce(_reason: ChorusError): boolean {
    return this.#closed === undefined && this.#engine.identity.renounce();
  }

  /** See ReplicatedChannel: for peer sets. */
  onRenounced(listener: () => void): () => void {
    return this.#engine.onRenounced(listener);
  }

  /** A hash of all keys, values and stamps, as 14 hexadecimal digits: equal on equal replicas. */
  contentHash(): string {
    this.#assertOpen();
    return this.#document.index.digest.toString(16).padStart(14, "0");
  }

  /** Numbers to watch. Constant cost but for `documentBytes`, which is asked for by its own method. */
  stats(): ChannelStats {
    const { pending, cleaning, commits, port } = this.#engine;
    const { index } = this.#document;
    return {
      keys: index.size,
      heldEntries: index.holders,
      segments: [...this.#document.segments].length,
      pendingWrites: pending.size,
      keysToSweep: cleaning.dirtyKeys,
      commits,
      ...cleaning.counts,
      ...port.counts,
    };
  }

  /** The size of the whole document as one update. Encodes it: 0.1 s for 100,000 keys. */
  documentBytes(): number {
    return this.#document.encode().length;
  }

  /** One step of dropping and cleaning, now instead of in the background. @returns whether there was anything to do */
  maintain(step: MaintenanceStep = { idle: true }): boolean {
    this.#assertOpen();
    return this.#engine.maintenance.step(step);
  }

  /**
   * Ends the channel: what is pending is committed first, later calls throw channel-closed. Resolves when the store has
   * kept it all, or cannot; never rejects. Closing twice is fine.
   */
  close(): Promise<void> {
    this.#closed ??= this.#engine.close();
    return this.#closed;
  }

  /** The entries with their JSON texts. @throws what `update` throws */
  #checked(
    entries: Iterable<readonly [string, unknown]>,
    options: WriteOptions | undefined,
  ): [string, string | undefined][] {
    this.#assertWritable();
    const encoded: [string, string | undefined][] = [];
    for (const [key, value] of entries) {
      assertKey(key, this.#settings.maxKeyBytes);
      encoded.push([key, value === undefined ? undefined : this.#encode(key, value)]);
    }
    if (options?.timestampMs !== undefined) stampOfTimestamp(options.timestampMs);
    else this.#assertRoom(encoded);
    return encoded;
  }

  /** Looks at each key only when some stamp is near the last one, which no clock that is right ever gives. */
  #assertRoom(encoded: readonly (readonly [string, unknown])[]): void {
    const { index } = this.#document;
    const { seen } = this.#engine;
    if (Math.max(index.top, seen.top) < MAX_STAMP) return;
    for (const [key] of encoded) assertRoomAbove(seen.below(key, index.winner(key)?.stamp));
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
        ? this.#clock.next(this.#engine.seen.below(key, winner?.stamp))
        : stampOfTimestamp(forced);
    const holder = new Holder(pendingSegment, stamp, json);
    if (forced !== undefined && stamp < this.#engine.seen.of(key)) return false;
    if (forced !== undefined && winner && rules.compare(holder, winner) <= 0) return false;
    this.#engine.pending.add(key, holder, winner);
    this.#engine.queue.schedule();
    return true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChorusError("channel-closed", `the channel ${this.#title} is closed`);
  }

  #assertWritable(): void {
    this.#assertOpen();
    const failure = this.#settings.storage?.failure;
    if (failure) throw failure;
  }

  get #title(): string {
    return JSON.stringify(this.name);
  }
}
