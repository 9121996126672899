// What users of `$ch` see: the registry, its handles and their methods, documented. Types only; the methods are in
// channel-handle.ts.
import type { ChorusError } from "@chorus/core";
import type { ChannelTypes, OptionsArgument } from "./channel-type-options.js";
import type { DataMethods } from "./data-methods.js";
import type { PeerMethods } from "./peer-methods.js";
import type { AuditFunction, ChEvents, Operation, Stored, StoredKey } from "./types.js";

/** A registry of channels. `$ch(name)` gives a handle; calling it creates nothing. */
export interface Ch {
  <Key = unknown, Value = unknown>(name?: string): ChannelHandle<Key, Value>;
  /** Calls `listener` at every event until the returned function is called. */
  on<Event extends keyof ChEvents>(event: Event, listener: (payload: ChEvents[Event]) => void): () => void;
  /**
   * Has every request to an exposed channel told to a function before it is carried out: reads, writes, and whether
   * credentials that were sent were accepted. One for all channels of this registry; without one, or with undefined,
   * nobody is told. What it throws or rejects with is an "error" event (listener-failed), and changes nothing else.
   * @throws OptionError for what is no function
   */
  setLog(log?: AuditFunction | undefined): void;
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
 */
export interface ChannelHandle<Key = unknown, Value = unknown> extends DataMethods<Key, Value>, PeerMethods {
  getName(): string | undefined;

  /**
   * Creates the channel, or does nothing when it exists: then type and options are not looked at. The original's two
   * forms: (shouldCompress, type, options) and (type, options); compression has no effect. Options are those of
   * ChannelTypes. With a data folder a replicated channel begins with what is stored there.
   * @param type "simple" (default) or "big", which is the same: stored with a data folder, otherwise in memory;
   *   "memory": never stored; "dummy", "cache", "buffer", "proxy", "ops", "all": virtual, never replicated themselves
   * @throws OptionError for another type, and for options that the type does not have; ChorusError closed; with a data
   *   folder store-failed when the channel cannot be read, and store-full or store-failed while the store takes no
   *   writes: what is on the disk is uncertain then
   */
  create(shouldCompress?: boolean): this;
  create<Type extends keyof ChannelTypes>(
    type: Type,
    ...options: OptionsArgument<ChannelTypes<Key, Value>[Type]>
  ): this;
  create<Type extends keyof ChannelTypes>(
    shouldCompress: boolean | undefined,
    type: Type,
    ...options: OptionsArgument<ChannelTypes<Key, Value>[Type]>
  ): this;

  /**
   * Creates the channel and peers it with the one at a URL, without serving it here; nothing happens when it exists.
   * Unlike in the original it is a replica: it can be read and written at any time. `ready` says when it has everything,
   * `links` how the connection is; a failure is an "error" event.
   * @param url as for `peer`
   * @param timeout without effect, as in the original
   * @param login with it, it and `pass` replace the credentials in the URL; plain, not percent-encoded
   * @throws OptionError; ChorusError invalid-url; as `create`
   */
  createRemote(url: string, timeout?: number, login?: string, pass?: string): this;

  /** The names of all channels of this registry. */
  list(): string[];

  /**
   * Ends the channel here, its links, subscribers and HTTP routes; peers keep the data. What is stored in a data folder
   * stays, and is there again at the next `create`: to empty a channel, unset its entries. Silent when missing.
   */
  destroy(): this;

  /** Milliseconds, by the clock here, of the last change that arrived or was made here. */
  getVersion(): number;

  /**
   * Calls `subscriber` at every change, in order, in later turns; what it throws is an "error" event and an
   * entry of the channel `__ch::errors` (see ErrorRecord), which keeps the newest 1,000 of this registry. Unless
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
   * Stops calling subscribers: calls under way end as they will, and what waits is kept until the next change comes to
   * them, which goes on with it in order. `waitForJobs` does not wait for what is stopped.
   */
  stopJobs(): this;

  /**
   * Resolves when subscribers have finished all calls so far, files of `storeAdd` have all changes so far, and every
   * connected peer has acknowledged all writes so far. Not to be awaited in a subscriber of the same channel: it would wait
   * for the call that it is made in, and everybody else who waits with it.
   * @param timeoutMs rejects with "timeout" after so long; by default waits for ever
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
}
