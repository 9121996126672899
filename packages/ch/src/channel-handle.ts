// What `$ch(name)` gives: the methods of the original, each looking the channel up again, so a handle may be kept or
// made anew at will. It translates arguments and returns; what the methods do is in channel-operations.ts.
import type { JsonValue } from "@chorus/core";
import {
  addSubscriber,
  entries,
  getOne,
  keyMaps,
  setMatching,
  setOne,
  setRows,
  takeOne,
  unsetOne,
  unsetRows,
  values,
} from "./channel-operations.js";
import { listenerFailure } from "./errors.js";
import { exposeRequest } from "./exposures.js";
import type { LocalChannel } from "./local-channel.js";
import { urlSource } from "./peer-urls.js";
import type { Registry } from "./registry.js";
import type {
  AuthFunction,
  LinkInfo,
  Match,
  PeerUrls,
  PortOrServer,
  Stored,
  StoredKey,
  SubscriberFunction,
  UnAuthFunction,
} from "./types.js";
import { OptionError } from "@chorus/core";

/**
 * A stateless handle to a named channel. Everything but `create`, `destroy`, `list`, `getName`, `expose` and `peer`
 * throws (or rejects with) ChorusError no-channel while the channel does not exist.
 *
 * Data methods are synchronous. Keys and values are JSON: others are refused with invalid-key or invalid-value, and
 * nothing is written. What is given may be changed later, and what is returned is a copy.
 */
export class ChannelHandle<Key = unknown, Value = unknown> {
  readonly #registry: Registry;
  readonly #name: string | undefined;

  /** Handles come from `$ch(name)`. */
  constructor(registry: Registry, name: string | undefined) {
    this.#registry = registry;
    this.#name = name;
  }

  getName(): string | undefined {
    return this.#name;
  }

  /**
   * Creates the channel, or does nothing when it exists. The original's two forms: (shouldCompress, type, options)
   * and (type, options); compression and options have no effect.
   * @param type "simple" (default) or "big", which is the same. @throws OptionError for another
   */
  create(shouldCompress?: boolean | string, type?: string | object, _options?: object): this {
    this.#registry.create(this.#name, typeof shouldCompress === "string" ? shouldCompress : type);
    return this;
  }

  /** The names of all channels of this registry. */
  list(): string[] {
    return this.#registry.names();
  }

  /** Ends the channel here, its links, subscribers and HTTP routes; peers keep the data. Silent when missing. */
  destroy(): this {
    this.#registry.destroy(this.#name);
    return this;
  }

  size(): number {
    return this.#local.channel.size;
  }

  /**
   * Writes an entry. `timestamp` (milliseconds) forces its time: nothing is written when the entry there is later.
   * `uuid` and `x` are handed to subscribers. @returns the key map, or undefined when nothing was written
   */
  set(key: Key, value: Value, timestamp?: number, uuid?: string, x?: unknown): StoredKey<Key> | undefined {
    return setOne(this.#local, [key, value], { timestamp, uuid, x }) as StoredKey<Key> | undefined;
  }

  /** `set` without the extras, chainable. */
  push(key: Key, value: Value): this {
    setOne(this.#local, [key, value], {});
    return this;
  }

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
  ): void {
    setRows(this.#local, [keyNames, rows], { timestamp, uuid, x });
  }

  /** Removes the entries of rows, which need only the key fields. Absent ones are ignored. */
  unsetAll(
    keyNames: readonly string[],
    rows: readonly object[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void {
    unsetRows(this.#local, [keyNames, rows], { timestamp, uuid, x });
  }

  /** What is stored under a key: for a value that is no object, `{ key, value }`. */
  get(key: Key | StoredKey<Key>, _x?: unknown): Stored<Key, Value> | undefined {
    return getOne(this.#local, key) as Stored<Key, Value> | undefined;
  }

  /**
   * Writes only when what is stored matches: a map of fields it must have, or a function of it. Atomic in this
   * process only. @returns the key map, or undefined when nothing was written: then nobody is notified either
   */
  getSet(
    match: Match<Key, Value>,
    key: Key,
    value: Value,
    ...[timestamp, uuid, x]: [timestamp?: number, uuid?: string, x?: unknown]
  ): StoredKey<Key> | undefined {
    return setMatching(this.#local, [match, key, value], { timestamp, uuid, x }) as
      | StoredKey<Key>
      | undefined;
  }

  /** Removes an entry; an absent key is fine. */
  unset(key: Key | StoredKey<Key>, timestamp?: number, uuid?: string, x?: unknown): this {
    unsetOne(this.#local, key, { timestamp, uuid, x });
    return this;
  }

  /** Removes and returns the entry modified last; undefined when empty. Atomic in this process only. */
  pop(): Stored<Key, Value> | undefined {
    return takeOne(this.#local, "last") as Stored<Key, Value> | undefined;
  }

  /** Removes and returns the entry modified first; undefined when empty. Atomic in this process only. */
  shift(): Stored<Key, Value> | undefined {
    return takeOne(this.#local, "first") as Stored<Key, Value> | undefined;
  }

  /** All values, the one written longest ago first. */
  getAll(_x?: unknown): Stored<Key, Value>[] {
    return values(this.#local) as Stored<Key, Value>[];
  }

  /** All key maps, the one written longest ago first. */
  getKeys(_full?: boolean, _x?: unknown): StoredKey<Key>[] {
    return keyMaps(this.#local) as StoredKey<Key>[];
  }

  /** The same as `getKeys`, which is sorted by time already. */
  getSortedKeys(full?: boolean, x?: unknown): StoredKey<Key>[] {
    return this.getKeys(full, x);
  }

  /** Calls `visit` with every key map and value as they are now. What it throws is an "error" event; the rest follow. */
  forEach(visit: (key: StoredKey<Key>, value: Stored<Key, Value>) => unknown): this {
    for (const [key, value] of entries(this.#local)) {
      try {
        visit(key as StoredKey<Key>, value as Stored<Key, Value>);
      } catch (error) {
        this.#registry.failed(this.#name, listenerFailure("a forEach function", error));
      }
    }
    return this;
  }

  /** Milliseconds, by the clock here, of the last change that arrived or was made here. */
  getVersion(): number {
    return this.#local.version;
  }

  /**
   * Calls `subscriber` at every change, in order, in later turns; what it throws is an "error" event. Unless
   * `onlyFromNow`, it first gets every entry as a "set". An `id` that is known keeps its first subscriber.
   * @returns the id
   */
  subscribe(
    subscriber: SubscriberFunction<Key, Value>,
    onlyFromNow = false,
    id: string = this.#registry.newUuid(),
  ): string {
    const local = this.#local;
    if (typeof subscriber !== "function") throw new OptionError("the subscriber", subscriber, "a function");
    const { ch } = this.#registry;
    const name = this.#name as string;
    const call = subscriber as SubscriberFunction;
    addSubscriber(
      local,
      ({ op, key, value, timestamp, uuid, x }) =>
        call(name, op, key() as string[], value() as JsonValue, ch, timestamp, uuid, x),
      { id, onlyFromNow },
    );
    return id;
  }

  /** Ends a subscription; calls that are still waiting are dropped. Silent for an unknown id. */
  unsubscribe(id: string): this {
    this.#local.subscribers.remove(id);
    return this;
  }

  /**
   * Resolves when subscribers have finished all calls so far and every connected peer has acknowledged all writes so
   * far. @param timeoutMs rejects with "timeout" after so long; by default waits for ever
   */
  async waitForJobs(timeoutMs = -1): Promise<this> {
    await this.#local.whenSettled(timeoutMs);
    return this;
  }

  /**
   * Resolves when a first full exchange with some peer is complete; at once when there is nobody to wait for.
   * @param timeoutMs rejects with "timeout" after so long; by default waits for ever
   */
  async ready(timeoutMs = -1): Promise<this> {
    await this.#local.peering.whenReady(timeoutMs);
    return this;
  }

  /**
   * Serves the channel at a path, for peers, creating it when missing. The same server and path again: the same uuid,
   * and the functions given now decide from now on.
   * @returns a uuid, or undefined without a port
   * @throws (rejects) OptionError for a path or port that cannot be; ChorusError port-in-use, listen-failed, path-in-use
   */
  async expose(
    portOrServer?: PortOrServer,
    path?: string,
    authFunction?: AuthFunction,
    unAuthFunction?: UnAuthFunction,
  ): Promise<string | undefined> {
    const request = exposeRequest(this.#name ?? "", { portOrServer, path, authFunction, unAuthFunction });
    return this.#registry.create(this.#name).peering.expose(request);
  }

  /**
   * Exposes the channel and keeps it equal with the channels at all these URLs, creating it when missing. Our own URL
   * may be among them. Again with other URLs: they replace the earlier ones. Without a port it only dials out.
   * The last two arguments of the original (maxTime, maxCount) bounded its retries; here nothing is ever given up.
   * @returns two ids per URL, in the order of the URLs
   * @throws (rejects) as `expose`; ChorusError invalid-url, urls-failed. Then nothing has been started or changed
   */
  async peer(
    portOrServer: PortOrServer | undefined,
    path: string | undefined,
    urls: PeerUrls,
    ...[authFunction, unAuthFunction]: [
      authFunction?: AuthFunction,
      unAuthFunction?: UnAuthFunction,
      maxTime?: number,
      maxCount?: number,
    ]
  ): Promise<string[]> {
    const request = exposeRequest(this.#name ?? "", { portOrServer, path, authFunction, unAuthFunction });
    const source = urlSource(urls);
    return this.#registry.create(this.#name).peering.peer(request, source);
  }

  /**
   * Ends the peering with these URLs in both directions, until they are given to `peer` again. Unknown ones are
   * ignored; credentials in them do not matter.
   */
  unpeer(urls: string | readonly string[]): void {
    this.#local.peering.unpeer(urls);
  }

  /** The outbound links as they are now. */
  links(): LinkInfo[] {
    return this.#local.peering.links();
  }

  /** A hash of all keys, values and write times: equal on equal peers. */
  contentHash(): string {
    return this.#local.channel.contentHash();
  }

  get #local(): LocalChannel {
    return this.#registry.require(this.#name);
  }
}
