// All links and connections of one channel: who is connected, which connection of two stays, and where an update goes
// next. It is the only place that knows more than one peer; what two of them say to each other is not its matter.
import { type Acknowledger, AckTimer, AckWaiters } from "./acknowledgements.js";
import { Admission } from "./admission.js";
import type { ReplicatedChannel } from "./channel-replication.js";
import { Connection } from "./connection.js";
import type { ConnectionEnd, ConnectionHost, ConnectionSetup } from "./connection-host.js";
import type { ConnectionState } from "./connection-state.js";
import { Emitter } from "./emitter.js";
import { ChorusError, OptionError } from "./errors.js";
import { LIVE_UPDATE } from "./frames.js";
import { Inbox } from "./inbox.js";
import type { Link, LinkHost } from "./link.js";
import { discardTransport, LinkTable } from "./link-table.js";
import { isFedBy, NeighbourAnnouncer } from "./neighbours.js";
import type { AcceptOptions, LinkInfo, PeerInfo, PeerSetEvents } from "./peer-info.js";
import { Pulls } from "./pulls.js";
import { type PeerSetStats, ReplicationCounters } from "./replication-counters.js";
import {
  checkAcceptOptions,
  checkPermission,
  checkTimeout,
  type PeerSetOptions,
  type Permission,
  resolveLimits,
} from "./replication-options.js";
import { Roster } from "./roster.js";
import type { StateVector } from "./state-vector.js";
import type { Dialler, Transport } from "./transport.js";
import { chorusWire, stockWire } from "./wire.js";

export type { AcceptOptions, LinkInfo, PeerInfo, PeerSetEvents };

export class PeerSet {
  readonly #channel: ReplicatedChannel;
  readonly #grant: Permission;
  readonly #dial: Dialler | undefined;
  readonly #host: ConnectionHost<Connection>;
  readonly #links: LinkTable;
  readonly #roster = new Roster();
  readonly #admission: Admission;
  readonly #announcer: NeighbourAnnouncer;
  readonly #waiters: AckWaiters;
  readonly #emitter = new Emitter<PeerSetEvents>((error) => this.#listenerFailed(error));
  readonly #unsubscribe: () => void;
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
      inbox: new Inbox(runtime, limits),
      pulls: new Pulls(runtime, limits.pullTimeoutMs),
      acks: new AckTimer(runtime, limits.ackDelayMs),
      greeted: (connection) => this.#admission.greeted(connection),
      stateChanged: (connection, state) => this.#stateChanged(connection, state),
      stored: (connection, advanced) => this.#stored(connection, advanced),
      acknowledged: () => this.#waiters.check(),
      neighboursLost: (replicaIds) => this.#neighboursLost(replicaIds),
      report: (error) => this.#emit("error", error),
      ended: (connection, end) => this.#ended(connection, end),
      gone: (connection) => this.#gone(connection),
    };
    this.#links = new LinkTable(this.#createLinkHost());
    this.#admission = new Admission({ services: this.#host, links: this.#links, roster: this.#roster });
    this.#announcer = new NeighbourAnnouncer(runtime, () => this.#roster.all);
    this.#waiters = new AckWaiters(runtime, () => this.#fed());
    this.#unsubscribe = channel.replication.onUpdate((update, source) => this.#sendOn(update, source));
  }

  /** All links, in the order in which their URLs were given. */
  get links(): readonly LinkInfo[] {
    return [...this.#links.all].map(({ safeUrl, status, replicaId }) =>
      replicaId === undefined ? { url: safeUrl, status } : { url: safeUrl, status, replicaId },
    );
  }

  /** All peers that have said who they are. */
  get peers(): readonly PeerInfo[] {
    const peers: PeerInfo[] = [];
    for (const { peer, state, direction } of this.#roster.all) {
      if (peer) peers.push({ replicaId: peer.replicaId, sessionId: peer.sessionId, state, direction });
    }
    return peers;
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
  async whenAcknowledged(timeoutMs?: number): Promise<void> {
    checkTimeout("timeoutMs", timeoutMs);
    if (this.#closed) throw new ChorusError("closed", "the peer set is closed");
    const { replication, sessionId } = this.#channel;
    const clock = this.#channel.whenCommitted().then(() => replication.vector().get(sessionId) ?? 0);
    await this.#waiters.wait(clock, timeoutMs);
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
    if (state === "live") this.#links.of(connection)?.live();
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
    this.#waiters.check();
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

  /** Acks go to the peer that sent the update, and to the one that wrote it. */
  #stored(connection: Connection, advanced: StateVector): void {
    for (const [session, clock] of advanced) {
      connection.exchange?.acknowledge(session, clock);
      for (const writer of this.#roster.ofSession(session)) writer.exchange?.acknowledge(session, clock);
    }
  }

  #sendOn(update: Uint8Array, source: object | undefined): void {
    const from = source instanceof Connection ? source : undefined;
    let frame: Uint8Array | undefined;
    let stockMessage: Uint8Array | undefined;
    for (const connection of this.#roster.all) {
      const { exchange } = connection;
      if (!exchange?.takesUpdates || (from && isFedBy(from, connection))) continue;
      if (connection.isStock) {
        stockMessage ??= stockWire.encodeUpdate(update, LIVE_UPDATE);
        exchange.offer(stockMessage);
      } else {
        frame ??= chorusWire.encodeUpdate(update, LIVE_UPDATE);
        exchange.offer(frame);
      }
    }
  }

  *#fed(): Iterable<Acknowledger> {
    for (const { exchange, isStock, state } of this.#roster.all) {
      if (isStock || state === "closed") continue;
      // One that has just greeted, or is syncing, may be the duplicate that replaces a live one at this moment.
      if (exchange === undefined) yield { acknowledgedClock: 0 };
      else if (exchange.sends && (exchange.feeds || state === "syncing")) yield exchange;
    }
  }

  async #close(): Promise<void> {
    this.#unsubscribe();
    this.#links.close();
    for (const connection of this.#connections) connection.close("closed", "the channel was closed");
    this.#host.inbox.close();
    this.#host.pulls.close();
    this.#host.acks.close();
    this.#waiters.close();
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
