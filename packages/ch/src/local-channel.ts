// One created channel of a registry: its data, its subscribers and its version, whatever type it has. It joins them; what
// the $ch methods mean is in the data, and nothing here wraps or unwraps.
import { ChorusError, type JsonValue, type Runtime, type Timer } from "@chorus/core";
import type { BodyOwner, ChannelBody } from "./channel-body.js";
import type { EntryData } from "./channel-data.js";
import type { ExposeRequest } from "./exposures.js";
import { Replication } from "./replication.js";
import type { Call, Subscribers } from "./subscribers.js";

/** What a channel is made of. */
export interface LocalChannelParts {
  readonly name: string;
  readonly runtime: Runtime;
  readonly subscribers: Subscribers;
  /** Given to subscribers with every change from a peer, and returned by the first `expose`. */
  readonly uuid: string;
  /** Makes what depends on the channel's type. */
  readonly body: (owner: BodyOwner) => ChannelBody;
}

/** One created channel of a registry. */
export class LocalChannel implements BodyOwner {
  readonly name: string;
  readonly uuid: string;
  readonly subscribers: Subscribers;
  readonly #runtime: Runtime;
  readonly #body: ChannelBody;
  #version: number;

  constructor({ name, runtime, subscribers, uuid, body }: LocalChannelParts) {
    this.name = name;
    this.uuid = uuid;
    this.subscribers = subscribers;
    this.#runtime = runtime;
    this.#version = runtime.now();
    this.#body = body(this);
  }

  /** Undefined: a virtual channel. */
  get replication(): Replication | undefined {
    return this.#body instanceof Replication ? this.#body : undefined;
  }

  get data(): EntryData {
    return this.#body.data;
  }

  /** Milliseconds of the last change here, by the local clock; never goes back. */
  get version(): number {
    return this.#version;
  }

  /** What only a replicated channel has. @throws ChorusError not-replicated for a virtual one */
  get replicated(): Replication {
    if (this.replication) return this.replication;
    throw new ChorusError(
      "not-replicated",
      `the channel ${JSON.stringify(this.name)} is of a type that is not replicated: it has no peers, no files and no store of its own`,
    );
  }

  /** Makes `call` a subscriber; without `onlyFromNow` it first gets every entry as a "set". */
  subscribe(call: Call, { id, onlyFromNow }: { id: string; onlyFromNow: boolean }): void {
    if (this.subscribers.has(id)) return;
    this.subscribers.add(id, call, onlyFromNow ? [] : this.#body.replay());
  }

  /** Ends a subscriber, or the copy in a file, of this id; silent for an unknown one. */
  unsubscribe(id: string): void {
    this.subscribers.remove(id);
    this.replication?.files.end(id);
  }

  /** See ChannelHandle.expose. */
  expose(request: ExposeRequest): Promise<string | undefined> {
    return this.#body.expose(request);
  }

  /** Passes on what a buffer holds back. */
  flush(): void {
    this.#body.flush();
  }

  whenStored(): Promise<void> {
    return this.#body.whenStored();
  }

  heard(keyText: string, value: JsonValue | undefined, isReplay: boolean): void {
    this.replication?.peering.heard(keyText, value, isReplay);
  }

  /**
   * Resolves when subscribers have finished all calls so far, files have all changes so far, and live peers have
   * acknowledged all writes so far.
   * @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
   */
  async whenSettled(timeoutMs: number): Promise<void> {
    const settled = this.#settle(timeoutMs);
    if (timeoutMs < 0) return settled;
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = this.#runtime.after(timeoutMs, () => {
        reject(new ChorusError("timeout", `subscribers or peers were not done after ${timeoutMs} ms`));
      });
    });
    try {
      await Promise.race([settled, late]);
    } finally {
      timer?.cancel();
      settled.catch(() => undefined);
    }
  }

  async #settle(timeoutMs: number): Promise<void> {
    await this.subscribers.whenIdle();
    await this.#body.whenSettled(timeoutMs);
  }

  /**
   * Ends subscribers, and peering and replication or what a virtual channel has. Resolves when no socket and no timer is
   * left and everything is stored, also in files, or that has failed and was reported; never rejects.
   */
  close(): Promise<void> {
    this.subscribers.close();
    return this.#body.close();
  }

  /** Notes the time of a change. */
  touch(): void {
    this.#version = Math.max(this.#version, this.#runtime.now());
  }
}
