// The channels of one `$ch`: who exists, how a channel is put together, and its end. Knows no keys and no values.
import { randomUUID } from "node:crypto";
import { Channel, ChorusError, OptionError, type Store } from "@chorus/core";
import { Emitter } from "@chorus/core/internal";
import { isStoredType } from "./channel-types.js";
import type { ChSettings } from "./options.js";
import { listenerFailure, NoChannelError } from "./errors.js";
import { FileCopies } from "./file-copies.js";
import { LocalChannel } from "./local-channel.js";
import { Peering } from "./peering.js";
import { StoredChannels } from "./stored-channels.js";
import { Subscribers } from "./subscribers.js";
import type { ChEvents } from "./types.js";

const EVENTS = ["error", "link", "store"];

export class Registry {
  readonly #settings: ChSettings;
  /** Undefined: all channels live in memory. */
  readonly #stored: StoredChannels | undefined;
  readonly #channels = new Map<string, LocalChannel>();
  readonly #emitter = new Emitter<ChEvents>((error) => this.#listenerFailed(error));
  readonly #ending = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;
  #reporting = false;

  constructor(settings: ChSettings, store?: Store) {
    this.#settings = settings;
    const { runtime } = settings;
    this.#stored =
      store &&
      new StoredChannels({
        store,
        runtime,
        onOpened: (channel) => this.#listen(channel),
        onLoss: (name, error) => this.failed(name, error),
      });
  }

  on<Event extends keyof ChEvents>(event: Event, listener: (payload: ChEvents[Event]) => void): () => void {
    if (!EVENTS.includes(event)) throw new OptionError("the event", event, `one of ${EVENTS.join(", ")}`);
    if (typeof listener !== "function") throw new OptionError("the listener", listener, "a function");
    return this.#emitter.on(event, listener);
  }

  names(): string[] {
    return [...this.#channels.keys()];
  }

  find(name: string | undefined): LocalChannel | undefined {
    return name === undefined ? undefined : this.#channels.get(name);
  }

  /** @throws ChorusError no-channel, with the original's text */
  require(name: string | undefined): LocalChannel {
    const local = this.find(name);
    if (local === undefined) throw new NoChannelError(name);
    return local;
  }

  /**
   * The channel, created when missing. @throws OptionError for a type there is not, or for no name; ChorusError closed;
   * store-failed when what is stored of it cannot be read; store-full, store-failed while the store takes no writes, for
   * a channel that is not open in it
   */
  create(name: string | undefined, type?: unknown): LocalChannel {
    const known = this.find(name);
    if (known) return known;
    if (this.#closing) throw new ChorusError("closed", "this $ch is closed");
    if (typeof name !== "string" || name === "") throw new OptionError("the channel name", name, "a text");
    const local = this.#assemble(name, isStoredType(type) ? this.#stored : undefined);
    this.#channels.set(name, local);
    return local;
  }

  /** Ends a channel, its sockets in the background; silent when it is missing. */
  destroy(name: string | undefined): void {
    const local = this.find(name);
    if (name === undefined || local === undefined) return;
    this.#channels.delete(name);
    const ending = local.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Destroys all channels; resolves when no socket, server or timer is left, and the data folder is free. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  newUuid(): string {
    return randomUUID();
  }

  /** Reports what no caller can be told. */
  failed(channel: string | undefined, error: ChEvents["error"]["error"]): void {
    this.#emitter.emit("error", { channel, error });
  }

  async #close(): Promise<void> {
    for (const name of this.names()) this.destroy(name);
    await Promise.all([...this.#ending]);
    await this.#stored?.close();
  }

  #assemble(name: string, stored: StoredChannels | undefined): LocalChannel {
    const { runtime, links, endpoint, urlsIntervalMs } = this.#settings;
    const uuid = randomUUID();
    const onError = (error: ChEvents["error"]["error"]): void => this.failed(name, error);
    const channel = stored?.open(name) ?? this.#openInMemory(name);
    const subscribers = new Subscribers({
      runtime,
      onFailure: (cause) => onError(listenerFailure("a subscriber", cause)),
    });
    const peering = new Peering({
      channel,
      uuid,
      newUuid: () => this.newUuid(),
      endpoint,
      links,
      urlsIntervalMs,
      onError,
      onLink: ({ url, status }) => this.#emitter.emit("link", { channel: name, url, status }),
    });
    const files = new FileCopies({ channel, onError });
    const endChannel = async (): Promise<void> => (stored ? stored.park(channel) : channel.close());
    return new LocalChannel({
      name,
      runtime,
      subscribers,
      uuid,
      body: { channel, peering, files, endChannel },
    });
  }

  #openInMemory(name: string): Channel {
    const { replicaId, runtime } = this.#settings;
    const channel = new Channel(replicaId === undefined ? { name, runtime } : { name, replicaId, runtime });
    this.#listen(channel);
    return channel;
  }

  #listen(channel: Channel): void {
    const { name } = channel;
    channel.on("error", (error) => this.failed(name, error));
    channel.on("store", ({ failure }) => this.#emitter.emit("store", { channel: name, failure }));
  }

  #listenerFailed(cause: unknown): void {
    // A failing error listener must not be told of its own failure for ever.
    if (this.#reporting) return;
    this.#reporting = true;
    this.failed(undefined, listenerFailure("a listener of $ch.on", cause));
    this.#reporting = false;
  }
}
