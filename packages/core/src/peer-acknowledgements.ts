// Who has stored what: what is acknowledged to peers, and the promises that wait until they have. It believes acks alone: a vector
// tells what a peer has applied, and that may still be lost with its process.
import { AckWaiters, type Quorum } from "./acknowledgements.js";
import type { ReplicatedChannel } from "./channel-replication.js";
import type { Connection } from "./connection.js";
import { hasStore } from "./connection-hello.js";
import { ChorusError, OptionError } from "./errors.js";
import type { SyncOptions } from "./peer-info.js";
import { checkTimeout } from "./replication-options.js";
import type { Roster } from "./roster.js";
import type { StateVector } from "./state-vector.js";

/** How far a replica, in its latest session, said that it has stored the own session. */
interface Acknowledged {
  readonly sessionId: number;
  readonly clock: number;
}

/** More replicas than this are not remembered once they are gone: `whenSynced` then waits for them to return. */
const MAX_KEPT_REPLICAS = 10_000;

export class PeerAcknowledgements {
  readonly #channel: ReplicatedChannel;
  readonly #roster: Roster;
  readonly #waiters: AckWaiters;
  /** Of replicas with a store, by replicaId: it holds when they are gone as well. */
  readonly #kept = new Map<string, Acknowledged>();
  #closed = false;

  constructor(channel: ReplicatedChannel, roster: Roster) {
    this.#channel = channel;
    this.#roster = roster;
    this.#waiters = new AckWaiters(channel.runtime, (quorum) =>
      quorum === "all" ? this.#reachedByAll() : this.#reachedBy(quorum),
    );
  }

  /** See PeerSet.whenAcknowledged. */
  async whenAcknowledged(timeoutMs: number | undefined): Promise<void> {
    checkTimeout("timeoutMs", timeoutMs);
    await this.#wait("all", timeoutMs);
  }

  /** See PeerSet.whenSynced. */
  async whenSynced(options: SyncOptions): Promise<void> {
    const { peers, timeoutMs } = checkSyncOptions(options);
    await this.#wait(peers, timeoutMs);
  }

  /** An update of a peer is stored here: it is acknowledged to the peer that sent it, and to the one that wrote it. */
  stored(connection: Connection, advanced: StateVector): void {
    for (const [session, clock] of advanced) {
      connection.exchange?.acknowledge(session, clock);
      for (const writer of this.#roster.ofSession(session)) writer.exchange?.acknowledge(session, clock);
    }
  }

  /** The peer of a connection said that it has stored more of the own session. */
  acknowledged({ peer, exchange }: Connection): void {
    if (peer && exchange?.sends && hasStore(peer)) this.#keep(peer, exchange.acknowledgedClock);
    this.check();
  }

  /** A peer came or went. */
  check(): void {
    this.#waiters.check();
  }

  close(): void {
    this.#closed = true;
    this.#waiters.close();
  }

  #wait(quorum: Quorum, timeoutMs: number | undefined): Promise<void> {
    if (this.#closed) throw new ChorusError("closed", "the peer set is closed");
    const { replication, sessionId } = this.#channel;
    const clock = this.#channel.whenCommitted().then(() => replication.vector().get(sessionId) ?? 0);
    return this.#waiters.wait(clock, { quorum, timeoutMs });
  }

  #keep({ replicaId, sessionId }: { replicaId: string; sessionId: number }, clock: number): void {
    const before = this.#kept.get(replicaId);
    // A later session may have lost what an earlier one had: from then on its own word counts.
    if (before?.sessionId === sessionId && before.clock >= clock) return;
    this.#kept.set(replicaId, { sessionId, clock });
    if (this.#kept.size <= MAX_KEPT_REPLICAS) return;
    const oldest = this.#kept.keys().next();
    if (!oldest.done) this.#kept.delete(oldest.value);
  }

  #reachedByAll(): number {
    let reached = Number.POSITIVE_INFINITY;
    for (const { exchange, isStock, state } of this.#roster.all) {
      if (isStock || state === "closed") continue;
      // One that has just greeted, or is syncing, may be the duplicate that replaces a live one at this moment.
      if (exchange === undefined) reached = Math.min(reached, 0);
      else if (exchange.sends && (exchange.feeds || state === "syncing")) {
        reached = Math.min(reached, exchange.acknowledgedClock);
      }
    }
    return reached;
  }

  /** The clock that so many different replicas have acknowledged: 0 when they are live and have acknowledged nothing. */
  #reachedBy(replicas: number): number {
    const ofReplica = new Map(this.#kept);
    for (const { peer, exchange, isStock, state } of this.#roster.all) {
      if (peer === undefined || !exchange?.sends || isStock || state === "closed") continue;
      const clock = exchange.acknowledgedClock;
      if (clock === 0 && state !== "live") continue;
      const { replicaId, sessionId } = peer;
      if (clock >= (ofReplica.get(replicaId)?.clock ?? 0)) ofReplica.set(replicaId, { sessionId, clock });
    }
    // One that changed its replicaId is still one.
    const ofSession = new Map<number, number>();
    for (const { sessionId, clock } of ofReplica.values()) {
      ofSession.set(sessionId, Math.max(clock, ofSession.get(sessionId) ?? 0));
    }
    return [...ofSession.values()].sort((a, b) => b - a)[replicas - 1] ?? -1;
  }
}

/** @throws OptionError for an unknown option or a wrong value */
function checkSyncOptions(options: SyncOptions): { peers: number; timeoutMs: number | undefined } {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new OptionError("options", options, "an object");
  }
  for (const [name, value] of Object.entries(options)) {
    if (name !== "peers" && name !== "timeoutMs")
      throw new OptionError(name, value, "one of peers, timeoutMs");
  }
  const { peers = 1, timeoutMs } = options;
  if (!Number.isSafeInteger(peers) || peers < 1) {
    throw new OptionError("peers", peers, "a whole number above 0");
  }
  checkTimeout("timeoutMs", timeoutMs);
  return { peers, timeoutMs };
}
