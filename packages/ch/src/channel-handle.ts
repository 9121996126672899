// The methods of `$ch(name)`, documented in handle.ts. Each looks the channel up again, so a handle may be kept or made
// anew at will. It translates arguments and returns; what the methods do is in channel-operations.ts.
import { type JsonValue, OptionError } from "@chorus/core";
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
import { addFile, restoreFile } from "./file-operations.js";
import type { Ch, ChannelHandle, SubscriberFunction, SyncedOptions } from "./handle.js";
import type { LocalChannel } from "./local-channel.js";
import { urlSource } from "./peer-urls.js";
import type { Registry } from "./registry.js";
import { checkTimeout, syncedOptions, timeoutOption } from "./timeouts.js";
import type {
  AuthFunction,
  LinkInfo,
  Match,
  PeerInfo,
  PeerUrls,
  PortOrServer,
  Stored,
  StoredKey,
  UnAuthFunction,
} from "./types.js";

/** A handle of one registry. */
export class RegistryHandle<Key = unknown, Value = unknown> implements ChannelHandle<Key, Value> {
  readonly #registry: Registry;
  readonly #ch: Ch;
  readonly #name: string | undefined;

  /** Handles come from `ch(name)`; subscribers are given `ch`. */
  constructor(registry: Registry, ch: Ch, name: string | undefined) {
    this.#registry = registry;
    this.#ch = ch;
    this.#name = name;
  }

  getName(): string | undefined {
    return this.#name;
  }

  create(shouldCompress?: boolean | string, type?: string | object, _options?: object): this {
    this.#registry.create(this.#name, typeof shouldCompress === "string" ? shouldCompress : type);
    return this;
  }

  list(): string[] {
    return this.#registry.names();
  }

  destroy(): this {
    this.#registry.destroy(this.#name);
    return this;
  }

  size(): number {
    return this.#local.channel.size;
  }

  set(key: Key, value: Value, timestamp?: number, uuid?: string, x?: unknown): StoredKey<Key> | undefined {
    return setOne(this.#local, [key, value], { timestamp, uuid, x }) as StoredKey<Key> | undefined;
  }

  push(key: Key, value: Value): this {
    setOne(this.#local, [key, value], {});
    return this;
  }

  setAll(
    keyNames: readonly string[],
    rows: readonly Value[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void {
    setRows(this.#local, [keyNames, rows], { timestamp, uuid, x });
  }

  unsetAll(
    keyNames: readonly string[],
    rows: readonly object[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void {
    unsetRows(this.#local, [keyNames, rows], { timestamp, uuid, x });
  }

  get(key: Key | StoredKey<Key>, _x?: unknown): Stored<Key, Value> | undefined {
    return getOne(this.#local, key) as Stored<Key, Value> | undefined;
  }

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

  unset(key: Key | StoredKey<Key>, timestamp?: number, uuid?: string, x?: unknown): this {
    unsetOne(this.#local, key, { timestamp, uuid, x });
    return this;
  }

  pop(): Stored<Key, Value> | undefined {
    return takeOne(this.#local, "last") as Stored<Key, Value> | undefined;
  }

  shift(): Stored<Key, Value> | undefined {
    return takeOne(this.#local, "first") as Stored<Key, Value> | undefined;
  }

  getAll(_x?: unknown): Stored<Key, Value>[] {
    return values(this.#local) as Stored<Key, Value>[];
  }

  getKeys(_full?: boolean, _x?: unknown): StoredKey<Key>[] {
    return keyMaps(this.#local) as StoredKey<Key>[];
  }

  getSortedKeys(full?: boolean, x?: unknown): StoredKey<Key>[] {
    return this.getKeys(full, x);
  }

  forEach(visit: (key: StoredKey<Key>, value: Stored<Key, Value>) => unknown): this {
    if (typeof visit !== "function") throw new OptionError("visit", visit, "a function");
    const failed = (error: unknown): void =>
      this.#registry.failed(this.#name, listenerFailure("a forEach function", error));
    for (const [key, value] of entries(this.#local)) {
      try {
        const result = visit(key as StoredKey<Key>, value as Stored<Key, Value>);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
    return this;
  }

  getVersion(): number {
    return this.#local.version;
  }

  subscribe(
    subscriber: SubscriberFunction<Key, Value>,
    onlyFromNow = false,
    id: string = this.#registry.newUuid(),
  ): string {
    const local = this.#local;
    if (typeof subscriber !== "function") throw new OptionError("the subscriber", subscriber, "a function");
    const ch = this.#ch;
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

  unsubscribe(id: string): this {
    const local = this.#local;
    local.subscribers.remove(id);
    local.files.end(id);
    return this;
  }

  async waitForJobs(timeoutMs = -1): Promise<this> {
    await this.#local.whenSettled(checkTimeout(timeoutMs));
    return this;
  }

  async ready(timeoutMs = -1): Promise<this> {
    await this.#local.peering.whenReady(checkTimeout(timeoutMs));
    return this;
  }

  async whenDurable(timeoutMs = -1): Promise<this> {
    await this.#local.channel.whenDurable(timeoutOption(timeoutMs));
    return this;
  }

  async whenSynced(options: SyncedOptions = {}): Promise<this> {
    await this.#local.peering.whenSynced(syncedOptions(options));
    return this;
  }

  storeAdd(file: string, keyNames?: readonly string[], _shouldCompress?: boolean, forAll = false): this {
    addFile(this.#registry, this.#name, { file, keyNames, forAll });
    return this;
  }

  storeRestore(file: string, keyNames?: readonly string[]): this {
    restoreFile(this.#local, { file, keyNames });
    return this;
  }

  async expose(
    portOrServer?: PortOrServer,
    path?: string,
    authFunction?: AuthFunction,
    unAuthFunction?: UnAuthFunction,
  ): Promise<string | undefined> {
    const request = exposeRequest(this.#name ?? "", { portOrServer, path, authFunction, unAuthFunction });
    return this.#registry.create(this.#name).peering.expose(request);
  }

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

  unpeer(urls: string | readonly string[]): void {
    this.#local.peering.unpeer(urls);
  }

  links(): LinkInfo[] {
    return this.#local.peering.links();
  }

  peers(): PeerInfo[] {
    return this.#local.peering.peers();
  }

  replicaId(): string {
    return this.#local.channel.replicaId;
  }

  retire(replicaId: string): number {
    return this.#local.retire(replicaId);
  }

  contentHash(): string {
    return this.#local.channel.contentHash();
  }

  get #local(): LocalChannel {
    return this.#registry.require(this.#name);
  }
}
