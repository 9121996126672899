// Who may come in: decides at a peer's hello whether its connection stays, and which others give way to it. It opens
// nothing and dials nothing.
import type { ReplicatedChannel } from "./channel-replication.js";
import type { Connection } from "./connection.js";
import type { ReplicationServices } from "./connection-host.js";
import { judge, type Party, ReplacedSessions } from "./duplicates.js";
import { ChorusError } from "./errors.js";
import type { Hello } from "./frames.js";
import type { LinkTable } from "./link-table.js";
import type { ReplicationCounters } from "./replication-counters.js";
import type { Roster } from "./roster.js";

/** A connection that gives way to a newcomer, and why. */
interface Leaver {
  readonly connection: Connection;
  readonly code: "duplicate" | "replaced";
}

const KEPT_ANOTHER = "another connection to this replica is kept";

export class Admission {
  readonly #channel: ReplicatedChannel;
  readonly #counters: ReplicationCounters;
  readonly #links: LinkTable;
  readonly #roster: Roster;
  readonly #replaced = new ReplacedSessions();

  constructor(parts: { services: ReplicationServices; links: LinkTable; roster: Roster }) {
    this.#channel = parts.services.channel;
    this.#counters = parts.services.counters;
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
      this.#counters.duplicates++;
      connection.close("duplicate", KEPT_ANOTHER);
      return;
    }
    // Listed before the others close: their links then see that a connection to the replica is kept.
    this.#roster.add(connection);
    for (const leaver of leavers) {
      this.#counters.duplicates++;
      leaver.connection.close(leaver.code, KEPT_ANOTHER);
    }
    this.#links.covered(peer.replicaId);
  }

  /** Whether the peer may stay at all; closes the connection otherwise. */
  #isWelcome(connection: Connection, peer: Hello): boolean {
    const { replicaId, sessionId } = this.#channel;
    if (peer.replicaId === replicaId && peer.sessionId === sessionId) {
      connection.close("self", "this is the same replica");
    } else if (peer.replicaId === replicaId || this.#isClone(peer)) {
      const text = `replica ${peer.replicaId} runs more than once: a store was cloned or restored`;
      connection.fail(new ChorusError("replica-cloned", text));
    } else if (this.#links.isUnpeered(peer.replicaId)) {
      connection.close("unpeered", "this replica was unpeered");
    } else {
      return true;
    }
    return false;
  }

  /** A session that was replaced is a clone while a newer one is here; when that is gone, it may have been a lie. */
  #isClone({ replicaId, sessionId }: Hello): boolean {
    if (!this.#replaced.has(replicaId, sessionId)) return false;
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
      if (verdict === "present-replaced") this.#replaced.add(present.replicaId, present.sessionId);
      if (verdict !== "both") {
        leavers.push({ connection, code: verdict === "present-replaced" ? "replaced" : "duplicate" });
      }
    }
    return leavers;
  }
}

function partyOf(
  { direction, grant }: Connection,
  { replicaId, sessionId, grant: theirGrant }: Hello,
): Party {
  return { replicaId, sessionId, direction, ourGrant: grant, theirGrant };
}
