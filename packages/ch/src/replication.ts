// What makes a channel a replicated one: the map of core, its peering, its files, and the order for shift and pop. It turns
// what happens to the map into notifications; the meaning of the $ch methods is in replicated-data.ts.
import { type Change, type ChangeBatch, type Channel, ChorusError } from "@chorus/core";
import type { BodyOwner, ChannelBody } from "./channel-body.js";
import type { CallDetails } from "./channel-data.js";
import type { ExposeRequest } from "./exposures.js";
import type { FileCopies } from "./file-copies.js";
import { canonicalText } from "./keys.js";
import { ModificationOrder } from "./modification-order.js";
import type { UrlSource } from "./peer-urls.js";
import type { Peering } from "./peering.js";
import { remoteNotifications } from "./remote-changes.js";
import { ReplicatedData } from "./replicated-data.js";
import type { Notification } from "./subscribers.js";

/** What a replicated channel is made of. */
export interface ReplicationParts {
  readonly channel: Channel;
  readonly peering: Peering;
  /** The files that keep a copy of the channel. */
  readonly files: FileCopies;
  /** Ends the channel, or leaves it to its store; synchronous in effect, resolves when nothing of it is left. */
  readonly endChannel: () => Promise<void>;
}

/** The body of a replicated channel. */
export class Replication implements ChannelBody {
  readonly data: ReplicatedData;
  readonly channel: Channel;
  readonly peering: Peering;
  readonly files: FileCopies;
  /** Which key was modified first and last. */
  readonly order: ModificationOrder;
  readonly #owner: BodyOwner;
  readonly #endChannel: () => Promise<void>;
  readonly #stopListening: () => void;
  /** Resolves when a `join` has its links, or failed. */
  #joining: Promise<void> = Promise.resolve();
  /** Writes here that core has not yet reported, by key: only then may an older remote change come after them. */
  readonly #unreported = new Map<string, number>();

  constructor({ channel, peering, files, endChannel }: ReplicationParts, owner: BodyOwner) {
    this.channel = channel;
    this.peering = peering;
    this.files = files;
    this.order = new ModificationOrder(channel);
    this.data = new ReplicatedData({ channel, order: this.order, wrote: this.#wrote.bind(this) });
    this.#owner = owner;
    this.#endChannel = endChannel;
    this.#stopListening = channel.on("change", (batch) => this.#changed(batch));
  }

  replay(): Notification[] {
    return this.data.replay();
  }

  expose(request: ExposeRequest): Promise<string | undefined> {
    return this.peering.expose(request);
  }

  /** Peers with the URLs of a request that serves nothing; a failure is told to `failed`, once. */
  join(request: ExposeRequest, source: UrlSource, failed: (error: ChorusError) => void): void {
    this.#joining = this.peering.peer(request, source).then(() => undefined, failed);
  }

  /** See ChannelHandle.ready. */
  async whenReady(timeoutMs: number): Promise<void> {
    await this.#joining;
    await this.peering.whenReady(timeoutMs);
  }

  async whenSettled(timeoutMs: number): Promise<void> {
    await this.#joining;
    await this.files.whenWritten();
    await this.channel.whenCommitted();
    await this.peering.whenAcknowledged(timeoutMs);
  }

  async whenStored(): Promise<void> {
    if (this.channel.durable) await this.channel.whenDurable();
  }

  /** Holds nothing back. */
  flush(): void {}

  /** Resolves when no socket and no timer is left and everything is stored, or that was reported; never rejects. */
  async close(): Promise<void> {
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

  /** A call here wrote these keys, each as often as it stands there: passes it on, and tells the subscribers. */
  #wrote(keys: readonly string[], notification: () => Notification, origin: CallDetails["origin"]): void {
    const { subscribers } = this.#owner;
    this.#owner.touch();
    if (keys.length > 0) {
      this.files.changed();
      for (const key of keys) this.order.changed(key);
      this.peering.wrote(keys, origin);
    }
    // Without subscribers nothing is copied.
    if (subscribers.size === 0) return;
    for (const key of keys) this.#unreported.set(key, (this.#unreported.get(key) ?? 0) + 1);
    subscribers.notify(notification());
  }

  #changed(batch: ChangeBatch): void {
    if (batch.origin === "local") {
      for (const { key } of batch.changes) this.#reported(key);
      return;
    }
    const { subscribers, uuid } = this.#owner;
    this.#owner.touch();
    this.files.changed();
    // Those of one batch come in no particular order.
    if (batch.changes.length === 1) this.order.changed(batch.changes[0]?.key ?? "");
    else this.order.forget();
    this.peering.changedElsewhere(batch.changes.map(({ key }) => key));
    if (subscribers.size === 0) return;
    const changes = batch.changes.filter((change) => !this.#overtaken(change));
    for (const notification of remoteNotifications(changes, uuid)) subscribers.notify(notification);
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
