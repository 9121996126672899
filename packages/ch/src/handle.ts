// What users of `$ch` see: the registry, its handles and their methods, documented. Types only; the methods are in
// channel-handle.ts.
import type { ChorusError } from "@chorus/core";
import type {
  AuthFunction,
  ChEvents,
  LinkInfo,
  Match,
  Operation,
  PeerInfo,
  PeerUrls,
  PortOrServer,
  Stored,
  StoredKey,
  UnAuthFunction,
} from "./types.js";

/** A registry of channels. `$ch(name)` gives a handle; calling it creates nothing. */
export interface Ch {
  <Key = unknown, Value = unknown>(name?: string): ChannelHandle<Key, Value>;
  /** Calls `listener` at every event until the returned function is called. */
  on<Event extends keyof ChEvents>(event: Event, listener: (payload: ChEvents[Event]) => void): () => void;
  /**
   * Destroys all channels and waits until every link, server and timer is gone, and everything is stored. A data folder
   * is then free for another process. Later calls throw "closed".
   */
  close(): Promise<void>;
  /**
   * What opening the data folder found and did not keep it from being opened: store-damaged, store-copied. Each is an
   * "error" event too, after the turn in which `createCh` resolves. Empty without a data folder.
   */
  readonly findings: readonly ChorusError[];
}

/** What `whenSynced` waits for. */
export interface SyncedOptions {
  /** How many peers must have everything. Default 1. */
  readonly peers?: number;
  /** Milliseconds; below 0 waits for ever, which is the default. */
  readonly timeout?: number;
}

/**
 * Called for every change, in order, outside the call that made it. For "set" and "unset" `key` is the key as
 * passed and `value` the value as passed (undefined for "unset"); for "setall" and "unsetall" `key` is an array of
 * field names and `value` an array of rows. `timestamp` is in milliseconds. A change from a peer and a replayed
 * entry come with the key map and the value as stored. A returned promise delays this subscriber's next call.
 */
export type SubscriberFunction<Key = unknown, Value = unknown> = (
  name: string,
  op: Operation,
  // The shape depends on `op`, as in the original: a subscriber that wants types checks `op` first.
  key: Key | StoredKey<Key> | string[],
  value: Value | Stored<Key, Value> | readonly unknown[] | undefined,
  ch: Ch,
  timestamp: number | undefined,
  uuid: string | undefined,
  x: unknown,
) => unknown;

/**
 * A stateless handle to a named channel. Everything but `create`, `destroy`, `list`, `getName`, `expose`, `peer` and
 * `storeAdd` throws (or rejects with) ChorusError no-channel while the channel does not exist.
 *
 * Data methods are synchronous. Keys and values are JSON: others are refused with invalid-key or invalid-value, and
 * nothing is written. What is given may be changed later, and what is returned is a copy.
 */
export interface ChannelHandle<Key = unknown, Value = unknown> {
  getName(): string | undefined;

  /**
   * Creates the channel, or does nothing when it exists. The original's two forms: (shouldCompress, type, options)
   * and (type, options); compression and options have no effect. With a data folder it begins with what is stored there.
   * @param type "simple" (default) or "big", which is the same: stored with a data folder, otherwise in memory;
   *   "memory": never stored
   * @throws OptionError for another type; ChorusError closed; with a data folder store-failed when the channel cannot be
   *   read, and store-full or store-failed while the store takes no writes: what is on the disk is uncertain then
   */
  create(shouldCompress?: boolean | string, type?: string | object, options?: object): this;

  /** The names of all channels of this registry. */
  list(): string[];

  /**
   * Ends the channel here, its links, subscribers and HTTP routes; peers keep the data. What is stored in a data folder
   * stays, and is there again at the next `create`: to empty a channel, unset its entries. Silent when missing.
   */
  destroy(): this;

  size(): number;

  /**
   * Writes an entry. `timestamp` (milliseconds) forces its time: nothing is written when the entry there is later.
   * `uuid` and `x` are handed to subscribers. @returns the key map, or undefined when nothing was written
   */
  set(key: Key, value: Value, timestamp?: number, uuid?: string, x?: unknown): StoredKey<Key> | undefined;

  /** `set` without the extras, chainable. */
  push(key: Key, value: Value): this;

  /**
   * Writes rows, each whole, under the fields named by `keyNames`. All rows are checked before any is written; above
   * 2,000 peers may see a part of them for a moment. Of rows with the same key the last stays.
   */
  setAll(
    keyNames: readonly string[],
    rows: readonly Value[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void;

  /** Removes the entries of rows, which need only the key fields. Absent ones are ignored. */
  unsetAll(
    keyNames: readonly string[],
    rows: readonly object[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void;

  /** What is stored under a key: for a value that is no object, `{ key, value }`. */
  get(key: Key | StoredKey<Key>, x?: unknown): Stored<Key, Value> | undefined;

  /**
   * Writes only when what is stored matches: a map of fields it must have, or a function of it. Atomic in this
   * process only. @returns the key map, or undefined when nothing was written: then nobody is notified either
   */
  getSet(
    match: Match<Key, Value>,
    key: Key,
    value: Value,
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): StoredKey<Key> | undefined;

  /** Removes an entry; an absent key is fine. */
  unset(key: Key | StoredKey<Key>, timestamp?: number, uuid?: string, x?: unknown): this;

  /** Removes and returns the entry modified last; undefined when empty. Atomic in this process only. */
  pop(): Stored<Key, Value> | undefined;

  /** Removes and returns the entry modified first; undefined when empty. Atomic in this process only. */
  shift(): Stored<Key, Value> | undefined;

  /** All values, the one written longest ago first. */
  getAll(x?: unknown): Stored<Key, Value>[];

  /** All key maps, the one written longest ago first. */
  getKeys(full?: boolean, x?: unknown): StoredKey<Key>[];

  /** The same as `getKeys`, which is sorted by time already. */
  getSortedKeys(full?: boolean, x?: unknown): StoredKey<Key>[];

  /** Calls `visit` with every key map and value as they are now. What it throws is an "error" event; the rest follow. */
  forEach(visit: (key: StoredKey<Key>, value: Stored<Key, Value>) => unknown): this;

  /** Milliseconds, by the clock here, of the last change that arrived or was made here. */
  getVersion(): number;

  /**
   * Calls `subscriber` at every change, in order, in later turns; what it throws is an "error" event. Unless
   * `onlyFromNow`, it first gets every entry as a "set". An `id` that is known keeps its first subscriber.
   * @returns the id
   */
  subscribe(subscriber: SubscriberFunction<Key, Value>, onlyFromNow?: boolean, id?: string): string;

  /**
   * Ends a subscription; calls that are still waiting are dropped. The path given to `storeAdd` ends that copy, once it
   * is up to date. Silent for an unknown id.
   */
  unsubscribe(id: string): this;

  /**
   * Resolves when subscribers have finished all calls so far, files of `storeAdd` have all changes so far, and every
   * connected peer has acknowledged all writes so far. @param timeoutMs rejects with "timeout" after so long; by default waits for ever
   */
  waitForJobs(timeoutMs?: number): Promise<this>;

  /**
   * Resolves when a first full exchange with some peer is complete; at once when there is nobody to wait for.
   * @param timeoutMs rejects with "timeout" after so long; by default waits for ever
   */
  ready(timeoutMs?: number): Promise<this>;

  /**
   * Resolves when all writes so far are stored here: at the level "sync" they survive the loss of power.
   * @param timeoutMs rejects with "timeout" after so long; by default waits for ever
   * @throws (rejects) ChorusError not-durable without a data folder; store-full, store-failed when the store fails
   */
  whenDurable(timeoutMs?: number): Promise<this>;

  /**
   * Resolves once so many peers have stored all writes made here so far. A peer without a store acknowledges what it
   * holds in memory. Without so many peers it waits for them.
   * @throws (rejects) OptionError for options there are not; ChorusError timeout, closed
   */
  whenSynced(options?: SyncedOptions): Promise<this>;

  /**
   * Keeps a copy of the channel in a file: one gzipped JSON array of all values, replaced as a whole after changes, as
   * soon as the last write is done. Creates the channel when it is missing, and begins with what the file holds, unless
   * something is stored in a data folder. What was written later than the file, here or by a peer, stays. The copy ends
   * with the channel, or with `unsubscribe(file)`; `ch.close()` waits for its last write.
   * A file that cannot be written is an "error" event (file-failed), stays as it was, and is written at the next change.
   * @param keyNames the fields of every value that are its key; default: values were stored under scalars
   * @param _shouldCompress without effect; in the original it was about memory, the file is always compressed
   * @param forAll writes the file now, and not only at the next change
   * @throws ChorusError file-failed when the file is damaged, no rows of a channel, or another channel's copy; then
   *   nothing has been created or changed; nor is it when the store takes no writes (store-full, store-failed)
   */
  storeAdd(file: string, keyNames?: readonly string[], _shouldCompress?: boolean, forAll?: boolean): this;

  /**
   * Writes all rows of a file that `storeAdd` wrote, or of a plain JSON array, as a `setAll` of now. Peers get them too.
   * @param keyNames as of `storeAdd`
   * @throws ChorusError file-failed when the file is missing or damaged, or a row cannot be stored; then nothing is
   */
  storeRestore(file: string, keyNames?: readonly string[]): this;

  /**
   * Serves the channel at a path, for peers, creating it when missing. The same server and path again: the same uuid,
   * and the functions given now decide from now on.
   * @returns a uuid, or undefined without a port
   * @throws (rejects) OptionError for a path or port that cannot be; ChorusError port-in-use, listen-failed, path-in-use;
   *   as `create`
   */
  expose(
    portOrServer?: PortOrServer,
    path?: string,
    authFunction?: AuthFunction,
    unAuthFunction?: UnAuthFunction,
  ): Promise<string | undefined>;

  /**
   * Exposes the channel and keeps it equal with the channels at all these URLs, creating it when missing. Our own URL
   * may be among them. Again with other URLs: they replace the earlier ones. Without a port it only dials out.
   * The last two arguments of the original (maxTime, maxCount) bounded its retries; here nothing is ever given up.
   * @returns two ids per URL, in the order of the URLs
   * @throws (rejects) as `expose`; ChorusError invalid-url, urls-failed. Then nothing has been started or changed
   */
  peer(
    portOrServer: PortOrServer | undefined,
    path: string | undefined,
    urls: PeerUrls,
    authFunction?: AuthFunction,
    unAuthFunction?: UnAuthFunction,
    maxTime?: number,
    maxCount?: number,
  ): Promise<string[]>;

  /**
   * Ends the peering with these URLs in both directions, until they are given to `peer` again. Unknown ones are
   * ignored; credentials in them do not matter.
   */
  unpeer(urls: string | readonly string[]): void;

  /** The outbound links as they are now. */
  links(): LinkInfo[];

  /** The replicas that are connected at the moment. */
  peers(): PeerInfo[];

  /**
   * Names this copy of the channel: what `peers()` and `links()` of others show. With a data folder it stays the same
   * over restarts, unless the folder was copied or restored from a backup.
   */
  replicaId(): string;

  /**
   * Gives up a replica that will never return, so that what it left behind can be tidied up: its values stay, entries
   * that were overwritten go. Call it on one replica only. Should it return nevertheless, nothing is lost, but what was
   * deleted meanwhile may come back.
   * @param replicaId as its own `replicaId()`, or the others' `peers()` and `links()`, showed it
   * @returns how many entries were handed over to this replica
   * @throws ChorusError replica-connected while it is connected here; OptionError for this replica itself
   */
  retire(replicaId: string): number;

  /** A hash of all keys, values and write times: equal on equal peers. */
  contentHash(): string;
}
