// One created channel of a registry: the replicated map, its subscribers, its version and its peering. It joins them;
// the meaning of the $ch methods is in channel-operations.ts, and nothing here wraps or unwraps.
import { type Change, type ChangeBatch, type Channel, ChorusError, type Timer } from "@chorus/core";
import type { FileCopies } from "./file-copies.js";
import { canonicalText } from "./keys.js";
import { ModificationOrder } from "./modification-order.js";
import { remoteNotifications } from "./remote-changes.js";
import type { Notification, Subscribers } from "./subscribers.js";
import type { Peering } from "./peering.js";

export interface LocalChannelParts {
  readonly channel: Channel;
  readonly subscribers: Subscribers;
  readonly peering: Peering;
  readonly files: FileCopies;
  /** Given to subscribers with every change from a peer, and returned by the first `expose`. */
  readonly uuid: string;
  /** Ends the channel, or leaves it to its store; synchronous in effect, resolves when nothing of it is left. */
  readonly endChannel: () => Promise<void>;
}

export class LocalChannel {
  readonly channel: Channel;
  readonly subscribers: Subscribers;
  readonly peering: Peering;
  /** The files that keep a copy of the channel. */
  readonly files: FileCopies;
  /** Which key was modified first and last. */
  readonly order: ModificationOrder;
  readonly #uuid: string;
  readonly #endChannel: () => Promise<void>;
  readonly #stopListening: () => void;
  #version: number;
  /** Writes here that core has not yet reported, by key: only then may an older remote change come after them. */
  readonly #unreported = new Map<string, number>();

  constructor({ channel, subscribers, peering, files, uuid, endChannel }: LocalChannelParts) {
    this.channel = channel;
    this.subscribers = subscribers;
    this.peering = peering;
    this.files = files;
    this.order = new ModificationOrder(channel);
    this.#uuid = uuid;
    this.#version = channel.runtime.now();
    this.#endChannel = endChannel;
    this.#stopListening = channel.on("change", (batch) => this.#changed(batch));
  }

  /** Milliseconds of the last change here, by the local clock; never goes back. */
  get version(): number {
    return this.#version;
  }

  /** Notes that these keys were written by a call here, each as often as it stands there, and tells the subscribers. */
  wrote(keys: readonly string[], notification: () => Notification): void {
    this.#touch();
    if (keys.length > 0) this.files.changed();
    for (const key of keys) this.order.changed(key);
    // Without subscribers nothing is copied.
    if (this.subscribers.size === 0) return;
    for (const key of keys) this.#unreported.set(key, (this.#unreported.get(key) ?? 0) + 1);
    this.subscribers.notify(notification());
  }

  /**
   * Resolves when subscribers have finished all calls so far, files have all changes so far, and live peers have
   * acknowledged all writes so far.
   * @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
   */
  async whenSettled(timeoutMs: number): Promise<void> {
    const settled = this.#settle(timeoutMs);
    if (timeoutMs < 0) return settled;
    const { runtime } = this.channel;
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = runtime.after(timeoutMs, () => {
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
    await this.files.whenWritten();
    await this.channel.whenCommitted();
    await this.peering.whenAcknowledged(timeoutMs);
  }

  /**
   * Ends peering, subscribers and replication. Resolves when no socket and no timer is left and everything is stored,
   * also in files, or that has failed and was reported; never rejects.
   */
  async close(): Promise<void> {
    this.subscribers.close();
    // Files are told what to write while the channel can still be read.
    const written = this.files.close();
    this.#stopListening();
    // Writes of this turn are committed, and so handed to the connections, before these are closed.
    const ended = this.#endChannel();
    await Promise.all([written, ended, this.peering.close()]);
  }

  /**
   * Makes this replica the owner of what another one wrote that will never return.
   * @returns how many entries were handed over
   * @throws ChorusError replica-connected while it is here, and what core's `retire` throws
   */
  retire(replicaId: string): number {
    if (this.peering.peers().some((peer) => peer.replicaId === replicaId)) {
      throw new ChorusError("replica-connected", `${replicaId} is connected: it has not gone for good`);
    }
    return this.channel.retire(replicaId);
  }

  #touch(): void {
    this.#version = Math.max(this.#version, this.channel.runtime.now());
  }

  #changed(batch: ChangeBatch): void {
    if (batch.origin === "local") {
      for (const { key } of batch.changes) this.#reported(key);
      return;
    }
    this.#touch();
    this.files.changed();
    // Those of one batch come in no particular order.
    if (batch.changes.length === 1) this.order.changed(batch.changes[0]?.key ?? "");
    else this.order.forget();
    if (this.subscribers.size === 0) return;
    const changes = batch.changes.filter((change) => !this.#overtaken(change));
    for (const notification of remoteNotifications(changes, this.#uuid))
      this.subscribers.notify(notification);
  }

  #reported(key: string): void {
    const writes = this.#unreported.get(key) ?? 0;
    if (writes > 1) this.#unreported.set(key, writes - 1);
    else this.#unreported.delete(key);
  }

  /**
   * Whether subscribers already know of a later local write of the key: core reports batches after the turn, calls
   * here notify at once. Telling the older change now would leave a subscriber's own copy wrong.
   */
  #overtaken(change: Change): boolean {
    if (!this.#unreported.has(change.key)) return false;
    const now = this.channel.get(change.key);
    if (now === undefined || change.value === undefined) return now !== change.value;
    return canonicalText(now) !== canonicalText(change.value);
  }
}
