// The channels of one `$ch`: who exists, how a channel is put together, and its end. Knows no keys and no values.
import { randomUUID } from "node:crypto";
import { Channel, ChorusError, OptionError } from "@chorus/core";
import { Emitter } from "@chorus/core/internal";
import type { ChSettings } from "./options.js";
import { listenerFailure, NoChannelError } from "./errors.js";
import { LocalChannel } from "./local-channel.js";
import { Peering } from "./peering.js";
import { Subscribers } from "./subscribers.js";
import type { ChEvents } from "./types.js";

/** Both keep the same here; the original's other types store elsewhere. */
const TYPES = ["simple", "big"];

export class Registry {
  readonly #settings: ChSettings;
  readonly #channels = new Map<string, LocalChannel>();
  readonly #emitter = new Emitter<ChEvents>((error) => this.#listenerFailed(error));
  readonly #ending = new Set<Promise<void>>();
  #closed = false;
  #reporting = false;

  constructor(settings: ChSettings) {
    this.#settings = settings;
  }

  on<Event extends keyof ChEvents>(event: Event, listener: (payload: ChEvents[Event]) => void): () => void {
    if (event !== "error" && event !== "link") throw new OptionError("the event", event, '"error" or "link"');
    if (typeof listener !== "function") throw new OptionError("the listener", listener, "a function");
    return this.#emitter.on(event, listener);
  }

  names(): string[] {
    return [...this.#channels.keys()];
  }

  /** @throws ChorusError no-channel, with the original's text */
  require(name: string | undefined): LocalChannel {
    const local = name === undefined ? undefined : this.#channels.get(name);
    if (local === undefined) throw new NoChannelError(name);
    return local;
  }

  /** The channel, created when missing. @throws OptionError for a type there is not, or for no name */
  create(name: string | undefined, type?: unknown): LocalChannel {
    const known = name === undefined ? undefined : this.#channels.get(name);
    if (known) return known;
    if (this.#closed) throw new ChorusError("closed", "this $ch is closed");
    if (typeof name !== "string" || name === "") throw new OptionError("the channel name", name, "a text");
    if (typeof type === "string" && !TYPES.includes(type)) {
      throw new OptionError("the channel type", type, '"simple" or "big" (which is the same here)');
    }
    const local = this.#assemble(name);
    this.#channels.set(name, local);
    return local;
  }

  /** Ends a channel, its sockets in the background; silent when it is missing. */
  destroy(name: string | undefined): void {
    const local = name === undefined ? undefined : this.#channels.get(name);
    if (name === undefined || local === undefined) return;
    this.#channels.delete(name);
    const ending = local.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Destroys all channels; resolves when no socket, server or timer is left. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const name of this.names()) this.destroy(name);
    await Promise.all([...this.#ending]);
  }

  newUuid(): string {
    return randomUUID();
  }

  /** Reports what no caller can be told. */
  failed(channel: string | undefined, error: ChEvents["error"]["error"]): void {
    this.#emitter.emit("error", { channel, error });
  }

  #assemble(name: string): LocalChannel {
    const { replicaId, runtime, links, endpoint, urlsIntervalMs } = this.#settings;
    const uuid = randomUUID();
    const onError = (error: ChEvents["error"]["error"]): void => this.failed(name, error);
    const channel = new Channel(replicaId === undefined ? { name, runtime } : { name, replicaId, runtime });
    channel.on("error", onError);
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
    return new LocalChannel({ channel, subscribers, peering, uuid });
  }

  #listenerFailed(cause: unknown): void {
    // A failing error listener must not be told of its own failure for ever.
    if (this.#reporting) return;
    this.#reporting = true;
    this.failed(undefined, listenerFailure("a listener of $ch.on", cause));
    this.#reporting = false;
  }
}
