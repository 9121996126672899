// The channels of one `$ch`: who exists, their beginning and their end, and what they report. Knows no keys and no values.
import { randomUUID } from "node:crypto";
import { type Channel, ChorusError, OptionError, type Store } from "@chorus/core";
import { Emitter } from "@chorus/core/internal";
import { Assembly, type AssemblyHost } from "./assembly.js";
import { channelType } from "./channel-types.js";
import { ERRORS_CHANNEL, ErrorRecords } from "./error-records.js";
import { listenerFailure, NoChannelError } from "./errors.js";
import { exposeRequest } from "./exposures.js";
import type { LocalChannel } from "./local-channel.js";
import type { ChSettings } from "./options.js";
import { urlSource } from "./peer-urls.js";
import { isBeside, StoredChannels } from "./stored-channels.js";
import type { AuditEvent, AuditFunction, ChEvents } from "./types.js";

const EVENTS = ["error", "link", "store", "progress"];

/** The channels of one `$ch`. */
export class Registry {
  readonly #assembly: Assembly;
  /** Undefined: all channels live in memory. */
  readonly #stored: StoredChannels | undefined;
  readonly #channels = new Map<string, LocalChannel>();
  readonly #emitter = new Emitter<ChEvents>((error) => this.#listenerFailed(error));
  readonly #ending = new Set<Promise<void>>();
  readonly #errors: ErrorRecords;
  #log: AuditFunction | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;
  #reporting = false;

  constructor(settings: ChSettings, store?: Store) {
    const { runtime } = settings;
    const open = () => this.create(ERRORS_CHANNEL, "memory").data;
    this.#errors = new ErrorRecords({ open, runtime, session: this.newUuid() });
    this.#assembly = new Assembly(settings, this.#host());
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
   * The channel, created when missing. @throws OptionError for a type or options there are not, or for no name;
   * ChorusError closed; store-failed when what is stored of it cannot be read; store-full, store-failed while the store
   * takes no writes, for a channel that is not open in it
   */
  create(name: string | undefined, type?: unknown, options?: unknown): LocalChannel {
    const known = this.find(name);
    if (known) return known;
    if (this.#closed) throw new ChorusError("closed", "this $ch is closed");
    if (typeof name !== "string" || name === "") throw new OptionError("the channel name", name, "a text");
    if (isBeside(name)) {
      throw new OptionError("the channel name", name, "a text that does not begin with a NUL character");
    }
    const made = channelType(type);
    const local =
      "factory" in made
        ? this.#assembly.virtual(name, made.factory, options)
        : this.#assembly.replicated(name, made.stored ? this.#stored : undefined);
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

  /**
   * See ChannelHandle.createRemote. @param url checked, with its credentials
   * @throws as `create`
   */
  createRemote(name: string | undefined, url: string): void {
    if (this.find(name)) return;
    const { replicated, name: created } = this.create(name);
    const request = exposeRequest(created, {
      portOrServer: undefined,
      path: undefined,
      authFunction: undefined,
      unAuthFunction: undefined,
    });
    replicated.join(request, urlSource(url), (error) => {
      // Destroyed meanwhile: on purpose.
      if (error.code !== "closed") this.failed(created, error);
    });
  }

  /** See Ch.setLog. @throws OptionError */
  setLog(log: unknown): void {
    const isNone = log === undefined || log === null;
    if (!isNone && typeof log !== "function") throw new OptionError("the log function", log, "a function");
    this.#log = isNone ? undefined : (log as AuditFunction);
  }

  /** Reports what no caller can be told. */
  failed(channel: string | undefined, error: ChEvents["error"]["error"]): void {
    this.#emitter.emit("error", { channel, error });
  }

  async #close(): Promise<void> {
    this.#closed = true;
    const virtual = [...this.#channels.values()].filter(({ replication }) => !replication);
    // Buffers may stand behind each other, in any order.
    for (const _ of virtual) for (const local of virtual) local.flush();
    for (const { name } of virtual) this.destroy(name);
    for (const name of this.names()) this.destroy(name);
    await Promise.all([...this.#ending]);
    await this.#stored?.close();
  }

  #host(): AssemblyHost {
    return {
      failed: (name, error) => this.failed(name, error),
      subscriberFailed: (failure) => this.#errors.add(failure),
      linkChanged: (channel, { url, status }) => this.#emitter.emit("link", { channel, url, status }),
      audit: (event) => this.audit(event),
      opened: (channel) => this.#listen(channel),
      require: (name) => this.require(name),
      find: (name) => this.find(name),
      create: (name, type) => this.create(name, type),
      destroy: (name) => this.destroy(name),
    };
  }

  /** Tells the function given to setLog. What it throws is not repeated: the request has a password. */
  audit(event: AuditEvent): void {
    const failed = (): void => {
      this.failed(event.name, new ChorusError("listener-failed", "the function given to setLog failed"));
    };
    try {
      const result: unknown = this.#log?.(event);
      if (result instanceof Promise) result.catch(failed);
    } catch {
      failed();
    }
  }

  #listen(channel: Channel): void {
    const { name } = channel;
    channel.on("error", (error) => this.failed(name, error));
    channel.on("store", ({ failure }) => this.#emitter.emit("store", { channel: name, failure }));
    channel.on("progress", (progress) => this.#emitter.emit("progress", { channel: name, ...progress }));
  }

  #listenerFailed(cause: unknown): void {
    // A failing error listener must not be told of its own failure for ever.
    if (this.#reporting) return;
    this.#reporting = true;
    this.failed(undefined, listenerFailure("a listener of $ch.on", cause));
    this.#reporting = false;
  }
}
