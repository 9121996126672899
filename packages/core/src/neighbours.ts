// Who hears what from whom: this side announces the replicas that it feeds, and does not send on to a peer what the
// sender feeds it anyway. In a full mesh an update so takes one frame per peer; in a chain or a star it still arrives.
import type { Connection } from "./connection.js";
import { encodeNeighbours } from "./frames.js";
import type { Runtime } from "./runtime.js";

/** Whether an update that came over `source` need not go to `target`: the sender has it, or feeds it itself. */
export function isFedBy(source: Connection, target: Connection): boolean {
  if (source === target) return true;
  const id = target.peer?.replicaId;
  return id !== undefined && (id === source.peer?.replicaId || source.neighbours.has(id));
}

/** Announces the own neighbours to all greeted peers, once per turn in which they changed. */
export class NeighbourAnnouncer {
  readonly #runtime: Runtime;
  readonly #connections: () => Iterable<Connection>;
  /** What each connection was told last, as the text of the list. */
  readonly #told = new WeakMap<Connection, string>();
  #scheduled = false;

  /** @param connections all that were greeted and have not ended */
  constructor(runtime: Runtime, connections: () => Iterable<Connection>) {
    this.#runtime = runtime;
    this.#connections = connections;
  }

  /** Something changed: peers are told at the end of the turn. */
  changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#runtime.soon(this.#announce);
  }

  /** The replicas that get every update from this side. A stock client is nobody's neighbour but ours. */
  current(): string[] {
    const replicaIds = new Set<string>();
    for (const connection of this.#connections()) {
      if (connection.peer && !connection.isStock && connection.exchange?.feeds) {
        replicaIds.add(connection.peer.replicaId);
      }
    }
    return [...replicaIds].sort();
  }

  readonly #announce = (): void => {
    this.#scheduled = false;
    const replicaIds = this.current();
    const text = JSON.stringify(replicaIds);
    let frame: Uint8Array | undefined;
    for (const connection of this.#connections()) {
      if (connection.isStock || this.#told.get(connection) === text) continue;
      this.#told.set(connection, text);
      frame ??= encodeNeighbours(replicaIds);
      connection.pipe.send("neighbours", frame);
    }
  };
}
