// The methods of `$ch(name)` about the channel itself and its peers, documented in handle.ts; those about data are in
// data-handle.ts. Each looks the channel up again, so a handle may be kept or made anew at will.
import { type JsonValue, OptionError } from "@chorus/core";
import type { ChannelData } from "./channel-data.js";
import { DataHandle } from "./data-handle.js";
import { listenerFailure } from "./errors.js";
import { exposeRequest } from "./exposures.js";
import { addFile, restoreFile } from "./file-operations.js";
import type { Ch, ChannelHandle, SubscriberFunction, SyncedOptions } from "./handle.js";
import type { LocalChannel } from "./local-channel.js";
import { urlSource } from "./peer-urls.js";
import type { Registry } from "./registry.js";
import { remoteUrl } from "./remote-url.js";
import type { Replication } from "./replication.js";
import { checkTimeout, syncedOptions, timeoutOption } from "./timeouts.js";
import type { AuthFunction, LinkInfo, PeerInfo, PeerUrls, PortOrServer, UnAuthFunction } from "./types.js";

/** A handle of one registry. */
export class RegistryHandle<Key = unknown, Value = unknown>
  extends DataHandle<Key, Value>
  implements ChannelHandle<Key, Value>
{
  readonly #registry: Registry;
  readonly #ch: Ch;
  readonly #name: string | undefined;

  /** Handles come from `ch(name)`; subscribers are given `ch`. */
  constructor(registry: Registry, ch: Ch, name: string | undefined) {
    super();
    this.#registry = registry;
    this.#ch = ch;
    this.#name = name;
  }

  getName(): string | undefined {
    return this.#name;
  }

  create(first?: unknown, second?: unknown, third?: unknown): this {
    // (shouldCompress, type, options) or (type, options), as in the original.
    if (typeof first === "string") this.#registry.create(this.#name, first, second);
    else this.#registry.create(this.#name, second, third);
    return this;
  }

  createRemote(url: string, _timeout?: number, login?: string, pass?: string): this {
    this.#registry.createRemote(this.#name, remoteUrl(url, { login, pass }));
    return this;
  }

  list(): string[] {
    return this.#registry.names();
  }

  destroy(): this {
    this.#registry.destroy(this.#name);
    return this;
  }

  getVersion(): number {
    return this.#local.version;
  }

  subscribe(subscriber: SubscriberFunction<Key, Value>, onlyFromNow = false, wantedId?: string): string {
    const local = this.#local;
    const id: unknown = wantedId ?? this.#registry.newUuid();
    if (typeof subscriber !== "function") throw new OptionError("the subscriber", subscriber, "a function");
    if (typeof id !== "string") throw new OptionError("the subscriber's id", id, "a text, or left out");
    const ch = this.#ch;
    const name = this.#name as string;
    const call = subscriber as SubscriberFunction;
    local.subscribe(
      ({ op, key, value, timestamp, uuid, x }) =>
        call(name, op, key() as string[], value() as JsonValue, ch, timestamp, uuid, x),
      { id, onlyFromNow },
    );
    return id;
  }

  unsubscribe(id: string): this {
    this.#local.unsubscribe(id);
    return this;
  }

  stopJobs(): this {
    this.#local.subscribers.stop();
    return this;
  }

  async waitForJobs(timeoutMs = -1): Promise<this> {
    await this.#local.whenSettled(checkTimeout(timeoutMs));
    return this;
  }

  async ready(timeoutMs = -1): Promise<this> {
    await this.#replicated.whenReady(checkTimeout(timeoutMs));
    return this;
  }

  async whenDurable(timeoutMs = -1): Promise<this> {
    await this.#replicated.channel.whenDurable(timeoutOption(timeoutMs));
    return this;
  }

  async whenSynced(options: SyncedOptions = {}): Promise<this> {
    await this.#replicated.peering.whenSynced(syncedOptions(options));
    return this;
  }

  storeAdd(file: string, keyNames?: readonly string[], _shouldCompress?: boolean, forAll = false): this {
    addFile(this.#registry, this.#name, { file, keyNames, forAll });
    return this;
  }

  storeRestore(file: string, keyNames?: readonly string[]): this {
    restoreFile(this.#replicated, { file, keyNames });
    return this;
  }

  async expose(
    portOrServer?: PortOrServer,
    path?: string,
    authFunction?: AuthFunction,
    ...[unAuthFunction]: [unAuthFunction?: UnAuthFunction, noCheck?: boolean]
  ): Promise<string | undefined> {
    const request = exposeRequest(this.#name ?? "", { portOrServer, path, authFunction, unAuthFunction });
    return this.#registry.create(this.#name).expose(request);
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
    return this.#registry.create(this.#name).replicated.peering.peer(request, source);
  }

  unpeer(urls: string | readonly string[]): void {
    this.#replicated.peering.unpeer(urls);
  }

  links(): LinkInfo[] {
    return this.#replicated.peering.links();
  }

  peers(): PeerInfo[] {
    return this.#replicated.peering.peers();
  }

  replicaId(): string {
    return this.#replicated.channel.replicaId;
  }

  retire(replicaId: string): number {
    return this.#replicated.retire(replicaId);
  }

  contentHash(): string {
    return this.#replicated.channel.contentHash();
  }

  protected get data(): ChannelData {
    return this.#local.data;
  }

  protected functionFailed(what: string, error: unknown): void {
    this.#registry.failed(this.#name, listenerFailure(what, error));
  }

  get #local(): LocalChannel {
    return this.#registry.require(this.#name);
  }

  get #replicated(): Replication {
    return this.#local.replicated;
  }
}
