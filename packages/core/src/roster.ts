// The greeted connections of a channel, found by replica and by session. It holds them, nothing more.
import type { Connection } from "./connection.js";

const NONE: readonly Connection[] = [];

export class Roster {
  readonly #all = new Set<Connection>();
  readonly #byReplica = new Map<string, Connection[]>();
  readonly #bySession = new Map<number, Connection[]>();

  get all(): Iterable<Connection> {
    return this.#all;
  }

  /** The connections to a replica: more than one for a moment, or while the peer keeps two. */
  ofReplica(replicaId: string): readonly Connection[] {
    return this.#byReplica.get(replicaId) ?? NONE;
  }

  ofSession(sessionId: number): readonly Connection[] {
    return this.#bySession.get(sessionId) ?? NONE;
  }

  /** @param connection one whose peer has said who it is */
  add(connection: Connection): void {
    const { peer } = connection;
    if (peer === undefined) return;
    this.#all.add(connection);
    append(this.#byReplica, peer.replicaId, connection);
    append(this.#bySession, peer.sessionId, connection);
  }

  delete(connection: Connection): void {
    const { peer } = connection;
    if (peer === undefined || !this.#all.delete(connection)) return;
    remove(this.#byReplica, peer.replicaId, connection);
    remove(this.#bySession, peer.sessionId, connection);
  }
}

function append<Key>(map: Map<Key, Connection[]>, key: Key, connection: Connection): void {
  map.set(key, [...(map.get(key) ?? NONE), connection]);
}

function remove<Key>(map: Map<Key, Connection[]>, key: Key, connection: Connection): void {
  const left = (map.get(key) ?? NONE).filter((other) => other !== connection);
  if (left.length > 0) map.set(key, left);
  else map.delete(key);
}
