// All links and connections of one channel: who is connected, which connection of two stays, and where an update goes
// next. It is the only place that knows more than one peer; what two of them say to each other is not its matter.
import { AckTimer } from "./acknowledgements.js";
import { Admission } from "./admission.js";
import type { ReplicatedChannel } from "./channel-replication.js";
import { Connection } from "./connection.js";
import type { ConnectionEnd, ConnectionHost, ConnectionSetup } from "./connection-host.js";
import type { ConnectionState } from "./connection-state.js";
import { Emitter } from "./emitter.js";
import { ChorusError, OptionError } from "./errors.js";
import { Inbox } from "./inbox.js";
import type { Link, LinkHost } from "./link.js";
import { discardTransport, LinkTable } from "./link-table.js";
import { NeighbourAnnouncer } from "./neighbours.js";
import { PeerAcknowledgements } from "./peer-acknowledgements.js";
import {
  type AcceptOptions,
  describeLinks,
  describePeers,
  type LinkInfo,
  type PeerInfo,
  type PeerSetEvents,
  type SyncOptions,
} from "./peer-info.js";
import { Pulls } from "./pulls.js";
import { relayUpdate, resyncAll } from "./relay.js";
import { type PeerSetStats, ReplicationCounters } from "./replication-counters.js";
import {
  checkAcceptOptions,
  checkPermission,
  type PeerSetOptions,
  type Permission,
  resolveLimits,
} from "./replication-options.js";
import { Roster } from "./roster.js";
import type { Dialler, Transport } from "./transport.js";

export type { AcceptOptions, LinkInfo, PeerInfo, PeerSetEvents, SyncOptions };

export class PeerSet {
  readonly #channel: ReplicatedChannel;
  readonly #grant: Permission;
  readonly #dial: Dialler | undefined;
  readonly #host: ConnectionHost<Connection>;
  readonly #links: LinkTable;
  readonly #roster = new Roster();
  readonly #admission: Admission;
  readonly #announcer: NeighbourAnnouncer;
  readonly #acknowledgements: PeerAcknowledgements;
  readonly #emitter = new Emitter<PeerSetEvents>((error) => this.#listenerFailed(error));
  readonly #unsubscribe: readonly (() => void)[];
  /** Every connection whose transport is not gone yet. */
  readonly #connections = new Set<Connection>();
  #whenEmpty: (() => void) | undefined;
  #hasFailedListener = false;
  #closed: Promise<void> | undefined;

  /** @throws OptionError naming the option, its value and what is allowed */
  constructor(channel: ReplicatedChannel, options: PeerSetOptions = {}) {
    const limits = resolveLimits(options);
    const { runtime } = channel;
    this.#channel = channel;
    this.#grant = checkPermission("grant", options.grant ?? "rw");
    if (options.dial !== undefined && typeof options.dial !== "function") {
      throw new OptionError("dial", options.dial, "a function that opens a transport to a URL");
    }
    this.#dial = options.dial;
    this.#host = {
      channel,
      limits,
      counters: new ReplicationCounters(),
      inbox: new Inbox(runtime, limits, (task) => channel.replication.whenWhole(task)),
      pulls: new Pulls(runtime, limits.pullTimeoutMs),
      acks: new AckTimer(runtime, limits.ackDelayMs),
      cutting: new Set(),
      greeted: (connection) => this.#admission.greeted(connection),
      stateChanged: (connection, state) => this.#stateChanged(connection, state),
      stored: (connection, advanced) => this.#acknowledgements.stored(connection, advanced),
      acknowledged: (connection) => this.#acknowledgements.acknowledged(connection),
      neighboursLost: (replicaIds) => this.#neighboursLost(replicaIds),
      report: (error) => this.#emit("error", error),
      cloned: (error) => void channel.renounce(error),
      ended: (connection, end) => this.#ended(connection, end),
      gone: (connection) => this.#gone(connection),
    };
    this.#links = new LinkTable(this.#createLinkHost());
    this.#admission = new Admission({ services: this.#host, links: this.#links, roster: this.#roster });
    this.#announcer = new NeighbourAnnouncer(runtime, () => this.#roster.all);
    this.#acknowledgements = new PeerAcknowledgements(channel, this.#roster);
    this.#unsubscribe = [
      channel.replication.onUpdate((update, from) => relayUpdate(update, this.#roster.all, senderOf(from))),
      channel.replication.onForgotten((from) => resyncAll(this.#roster.all, senderOf(from))),
      channel.onRenounced(() => this.#renounced()),
    ];
  }

  /** All links, in the order in which their URLs were given. */
  get links(): readonly LinkInfo[] {
    return describeLinks(this.#links.all);
  }

  /** All peers that have said who they are. */
  get peers(): readonly PeerInfo[] {
    return describePeers(this.#roster.all);
  }

  /** Takes in an inbound connection. @throws OptionError for an unknown option or a wrong value */
  accept(transport: Transport, options: AcceptOptions = {}): void {
    const { grant, stockClient } = checkAcceptOptions(options);
    if (this.#closed) {
      discardTransport(transport);
      return;
    }
    this.#open({ transport, direction: "inbound", grant, stockClient });
  }

  /**
   * Replaces the set of URLs: new ones are dialled, missing ones closed, unpeered ones welcome again.
   * @throws OptionError for a URL that cannot be used, and ChorusError closed; then nothing has changed
   */
  setUrls(urls: readonly string[]): void {
    if (this.#closed) throw new ChorusError("closed", "the peer set is closed");
    this.#links.setUrls(urls);
  }

  /**
   * Drops the links to these URLs; until they are given to `setUrls` again, the replicas that were reached there are
   * refused ("unpeered", 4403), whoever dials. URLs are compared without credentials. @throws OptionError
   */
  unpeer(urls: readonly string[]): void {
    for (const replicaId of this.#links.unpeer(urls)) {
      for (const connection of this.#roster.ofReplica(replicaId)) {
        connection.close("unpeered", "this replica was unpeered");
      }
    }
  }

  /**
   * Resolves when every live peer that is sent updates has stored all own writes made before the call; at once
   * without such peers. Rejects with ChorusError timeout, or closed; the time to commit and store here counts too.
   * Rejects with OptionError for a timeout that is not from 0 to 2,147,483,647; default none.
   */
  whenAcknowledged(timeoutMs?: number): Promise<void> {
    return this.#acknowledgements.whenAcknowledged(timeoutMs);
  }

  /**
   * Resolves when so many different replicas have stored all that this session wrote before the call, also when they did
   * so before it; with nothing written, when so many are live. One with a store counts for good, one without (which
   * holds it in memory) while it is connected; stock clients, and peers that are not sent updates, never.
   * Rejects as `whenAcknowledged` does, and with OptionError for unknown options and a wrong number of peers.
   */
  whenSynced(options: SyncOptions = {}): Promise<void> {
    return this.#acknowledgements.whenSynced(options);
  }

  /** Calls `listener` at every event until the returned function is called. What it throws becomes an error event. */
  on<Name extends keyof PeerSetEvents>(
    event: Name,
    listener: (payload: PeerSetEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(event, listener);
  }

  /** Counters, as plain numbers. */
  stats(): PeerSetStats {
    let live = 0;
    for (const connection of this.#roster.all) if (connection.state === "live") live++;
    return this.#host.counters.snapshot(this.#connections.size, live);
  }

  /** Closes all links and connections; resolves when the transports are gone or were cut off. No timer is left. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #createLinkHost(): LinkHost {
    return {
      runtime: this.#channel.runtime,
      limits: this.#host.limits,
      dial: (url) => {
        if (this.#dial) return this.#dial(url);
        throw new OptionError("dial", this.#dial, "given, to peer with URLs");
      },
      open: (link, transport) => this.#open({ transport, direction: "outbound", grant: this.#grant }, link),
      isConnectedTo: (replicaId) => this.#roster.ofReplica(replicaId).length > 0,
      statusChanged: (link) => this.#emit("link", { url: link.safeUrl, status: link.status }),
      dialFailed: (link) =>
        this.#emit("error", new ChorusError("connection-failed", `${link.safeUrl} could not be dialled`)),
    };
  }

  #open(setup: ConnectionSetup, link?: Link): Connection {
    const connection = new Connection(this.#host, setup);
    this.#connections.add(connection);
    if (link) this.#links.bind(connection, link);
    connection.start();
    return connection;
  }

  #stateChanged(connection: Connection, state: ConnectionState): void {
    if (state === "live") {
      this.#links.of(connection)?.live();
      this.#acknowledgements.check();
    }
    if (state !== "syncing" && state !== "live") return;
    this.#announcer.changed();
    if (connection.peer) this.#emit("peer", { replicaId: connection.peer.replicaId, state });
  }

  #ended(connection: Connection, end: ConnectionEnd): void {
    const { peer } = connection;
    const wasListed = peer !== undefined && this.#roster.ofReplica(peer.replicaId).includes(connection);
    this.#roster.delete(connection);
    this.#links.ended(connection, end);
    if (peer === undefined || !wasListed) return;
    const lost = [...connection.neighbours];
    connection.neighbours = new Set();
    if (this.#roster.ofReplica(peer.replicaId).length === 0) this.#links.uncovered(peer.replicaId);
    this.#neighboursLost(lost);
    this.#announcer.changed();
    this.#acknowledgements.check();
    this.#emit("peer", { replicaId: peer.replicaId, state: "closed" });
  }

  #gone(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  /** Somebody no longer feeds these replicas: what was under way there may be lost, so they are told to look. */
  #neighboursLost(replicaIds: readonly string[]): void {
    for (const replicaId of replicaIds) {
      for (const connection of this.#roster.ofReplica(replicaId)) connection.exchange?.sendDigestSoon();
    }
  }

  /** Connections that began under the old replicaId begin anew, at the end of the turn: one of them may be at work. */
  #renounced(): void {
    this.#channel.runtime.soon(() => {
      if (this.#closed) return;
      const { replicaId } = this.#channel;
      for (const connection of this.#connections) {
        const { announcedAs } = connection;
        if (announcedAs === undefined || announcedAs === replicaId) continue;
        connection.close("replaced", "this replica goes on under another id");
      }
      this.#links.redial();
    });
  }

  async #close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    // Before the connections: without any, every live peer would have acknowledged.
    this.#acknowledgements.close();
    this.#links.close();
    for (const connection of this.#connections) connection.close("closed", "the channel was closed");
    this.#host.inbox.close();
    this.#host.pulls.close();
    this.#host.acks.close();
    if (this.#connections.size === 0) return;
    const { closeTimeoutMs } = this.#host.limits;
    await new Promise<void>((resolve) => {
      const timer = this.#channel.runtime.after(closeTimeoutMs, () => {
        for (const connection of this.#connections) connection.terminate();
        resolve();
      });
      this.#whenEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** At the end of the turn: a listener may call anything here, also `close`, without meeting half a change. */
  #emit<Name extends keyof PeerSetEvents>(event: Name, payload: PeerSetEvents[Name]): void {
    if (this.#emitter.has(event)) this.#channel.runtime.soon(() => this.#emitter.emit(event, payload));
  }

  #listenerFailed(cause: unknown): void {
    if (this.#hasFailedListener) return;
    this.#hasFailedListener = true;
    this.#emitter.emit(
      "error",
      new ChorusError("listener-failed", "a listener of a peer set threw", { cause }),
    );
    this.#hasFailedListener = false;
  }
}

function senderOf(source: object | undefined): Connection | undefined {
  return source instanceof Connection ? source : undefined;
}
