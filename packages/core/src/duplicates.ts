// Which of several connections between two replicas stays: decided from facts that both sides have, so that both
// close the same one. Pure; the peer set does the closing.
import type { Direction } from "./connection-host.js";
import type { Grant } from "./replication-options.js";

/** A connection for this decision. */
export interface Party {
  readonly replicaId: string;
  readonly sessionId: number;
  readonly direction: Direction;
  /** What the peer may do here, and what this replica may do there. */
  readonly ourGrant: Grant;
  readonly theirGrant: Grant;
}

/** keep both; close the newcomer; or close the one that is there. */
export type Verdict = "both" | "newcomer-goes" | "present-goes" | "present-replaced";

/**
 * Judges a connection whose hello just came against one to the same replica.
 *
 * The same session: the connection opened by the lower replicaId stays. Opened both by one side: that side keeps the
 * one it greeted first and closes the other. The accepting side closes neither: hellos can cross, so it may see
 * another order, and the older may be dead without its knowing.
 * Granted something else, at either end: both stay, or what only one of them permits would be lost.
 * Another session: the replica restarted, the newer replaces the older.
 */
export function judge(ownReplicaId: string, newcomer: Party, present: Party): Verdict {
  if (newcomer.sessionId !== present.sessionId) return "present-replaced";
  if (newcomer.ourGrant !== present.ourGrant || newcomer.theirGrant !== present.theirGrant) return "both";
  if (newcomer.direction === present.direction) {
    return newcomer.direction === "outbound" ? "newcomer-goes" : "both";
  }
  const kept: Direction = ownReplicaId < newcomer.replicaId ? "outbound" : "inbound";
  return newcomer.direction === kept ? "present-goes" : "newcomer-goes";
}

/**
 * Sessions that a newer one replaced, per replica, and when, on the monotonic clock: one of them that dials again while
 * a newer is here is a clone. Bounded.
 */
export class ReplacedSessions {
  readonly #sessions = new Map<string, Map<number, number>>();
  readonly #maxReplicas: number;
  readonly #maxSessions: number;

  constructor(maxReplicas = 10_000, maxSessions = 16) {
    this.#maxReplicas = maxReplicas;
    this.#maxSessions = maxSessions;
  }

  add(replicaId: string, sessionId: number, elapsedMs: number): void {
    const sessions = this.#sessions.get(replicaId) ?? new Map<number, number>();
    // A map keeps the order of insertion, so the first is the oldest.
    this.#sessions.delete(replicaId);
    this.#sessions.set(replicaId, sessions);
    sessions.delete(sessionId);
    sessions.set(sessionId, elapsedMs);
    dropFirst(sessions, this.#maxSessions);
    dropFirst(this.#sessions, this.#maxReplicas);
  }

  /** It is welcome again. */
  delete(replicaId: string, sessionId: number): void {
    const sessions = this.#sessions.get(replicaId);
    if (sessions?.delete(sessionId) && sessions.size === 0) this.#sessions.delete(replicaId);
  }

  /** When it was replaced; undefined when it was not. */
  at(replicaId: string, sessionId: number): number | undefined {
    return this.#sessions.get(replicaId)?.get(sessionId);
  }
}

function dropFirst<Key>(
  collection: { size: number; keys(): Iterator<Key>; delete(key: Key): boolean },
  max: number,
): void {
  if (collection.size <= max) return;
  const first = collection.keys().next();
  if (!first.done) collection.delete(first.value);
}
