// Who may come in: decides at a peer's hello whether its connection stays, and which others give way to it. It opens
// nothing and dials nothing.
import type { ReplicatedChannel } from "./channel-replication.js";
import type { Connection } from "./connection.js";
import { hasStore } from "./connection-hello.js";
import type { ReplicationServices } from "./connection-host.js";
import { judge, type Party, ReplacedSessions } from "./duplicates.js";
import { ChorusError } from "./errors.js";
import type { Hello } from "./frames.js";
import type { LinkTable } from "./link-table.js";
import type { Roster } from "./roster.js";

/** A connection that gives way to a newcomer, and why. */
interface Leaver {
  readonly connection: Connection;
  readonly code: "duplicate" | "replaced";
}

const KEPT_ANOTHER = "another connection to this replica is kept";

export class Admission {
  readonly #channel: ReplicatedChannel;
  readonly #services: ReplicationServices;
  readonly #links: LinkTable;
  readonly #roster: Roster;
  readonly #replaced = new ReplacedSessions();

  constructor(parts: { services: ReplicationServices; links: LinkTable; roster: Roster }) {
    this.#channel = parts.services.channel;
    this.#services = parts.services;
    this.#links = parts.links;
    this.#roster = parts.roster;
  }

  /** The peer of `connection` has said who it is: it is listed in the roster, or closed. */
  greeted(connection: Connection): void {
    const { peer } = connection;
    if (peer === undefined || (!connection.isStock && !this.#isWelcome(connection, peer))) return;
    this.#links.of(connection)?.greeted(peer.replicaId);
    const leavers = this.#findLeavers(partyOf(connection, peer));
    if (leavers === undefined) {
      this.#services.counters.duplicates++;
      connection.close("duplicate", KEPT_ANOTHER);
      return;
    }
    // Listed before the others close: their links then see that a connection to the replica is kept.
    this.#roster.add(connection);
    for (const leaver of leavers) {
      this.#services.counters.duplicates++;
      leaver.connection.close(leaver.code, KEPT_ANOTHER);
    }
    this.#links.covered(peer.replicaId);
  }

  /** Whether the peer may stay at all; closes the connection otherwise. */
  #isWelcome(connection: Connection, peer: Hello): boolean {
    const { replicaId, sessionId } = this.#channel;
    // Whatever it is called: the replicaId may have changed between the two hellos.
    if (peer.sessionId === sessionId) {
      connection.close("self", "this is the same replica");
    } else if (peer.replicaId === replicaId) {
      this.#services.cloned(this.#refuseClone(connection, peer));
    } else if (this.#isReplaced(peer)) {
      // Set up before it was replaced, it may be the last sign of a process that has ended. Who lives dials again.
      if (connection.startedAt <= (this.#replaced.at(peer.replicaId, peer.sessionId) ?? 0)) {
        this.#services.counters.duplicates++;
        connection.close("replaced", KEPT_ANOTHER);
      } else {
        this.#refuseClone(connection, peer);
      }
    } else if (this.#links.isUnpeered(peer.replicaId)) {
      connection.close("unpeered", "this replica was unpeered");
    } else {
      return true;
    }
    return false;
  }

  /**
   * Ends what shows that a replica runs more than once: the newcomer, and of the others those with a store, which can take
   * another replicaId and have to be told that they must. The newest without a store stays.
   */
  #refuseClone(connection: Connection, peer: Hello): ChorusError {
    const text = `replica ${peer.replicaId} runs more than once: a store was cloned or restored`;
    const error = new ChorusError("replica-cloned", text);
    const others = this.#roster
      .ofReplica(peer.replicaId)
      .filter((other) => other.peer && hasStore(other.peer));
    const told = hasStore(peer) ? [connection, ...others] : others;
    const links = told.map((one) => this.#links.of(one));
    connection.fail(error);
    for (const other of others) other.close(error.code, text);
    // Whoever is reached there next has another replicaId.
    for (const link of links) link?.retrySoon();
    return error;
  }

  /** Whether a newer session of the replica is here; when that is gone, it may have been a lie. */
  #isReplaced({ replicaId, sessionId }: Hello): boolean {
    if (this.#replaced.at(replicaId, sessionId) === undefined) return false;
    const present = this.#roster.ofReplica(replicaId);
    if (present.some(({ peer }) => peer?.sessionId !== sessionId)) return true;
    this.#replaced.delete(replicaId, sessionId);
    return false;
  }

  /** Which connections give way to the newcomer; undefined when the newcomer gives way. */
  #findLeavers(newcomer: Party): Leaver[] | undefined {
    const leavers: Leaver[] = [];
    for (const connection of this.#roster.ofReplica(newcomer.replicaId)) {
      if (connection.peer === undefined) continue;
      const present = partyOf(connection, connection.peer);
      const verdict = judge(this.#channel.replicaId, newcomer, present);
      if (verdict === "newcomer-goes") return undefined;
      if (verdict === "present-replaced") this.#noteReplaced(present);
      if (verdict !== "both") {
        leavers.push({ connection, code: verdict === "present-replaced" ? "replaced" : "duplicate" });
      }
    }
    return leavers;
  }

  #noteReplaced({ replicaId, sessionId }: Party): void {
    this.#replaced.add(replicaId, sessionId, this.#channel.runtime.elapsed());
  }
}

function partyOf(
  { direction, grant }: Connection,
  { replicaId, sessionId, grant: theirGrant }: Hello,
): Party {
  return { replicaId, sessionId, direction, ourGrant: grant, theirGrant };
}
