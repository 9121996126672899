// What a peer set tells about its links and peers, and how it is told to take one in. It shows no credentials.
import type { Connection } from "./connection.js";
import { hasStore } from "./connection-hello.js";
import type { Direction } from "./connection-host.js";
import type { ConnectionState } from "./connection-state.js";
import type { ChorusError } from "./errors.js";
import type { Link, LinkStatus } from "./link.js";
import type { Permission } from "./replication-options.js";

/** A link as others see it; `url` has no credentials. */
export interface LinkInfo {
  readonly url: string;
  readonly status: LinkStatus;
  /** The replica last reached there. */
  readonly replicaId?: string;
}

/** A greeted connection as others see it. */
export interface PeerInfo {
  readonly replicaId: string;
  readonly sessionId: number;
  readonly state: ConnectionState;
  readonly direction: Direction;
  /** The replica has a store: what it acknowledges outlives its process. */
  readonly durable: boolean;
}

/** How many peers are to have stored the own writes, and how long to wait for them. */
export interface SyncOptions {
  /** Different replicas, from 1. Default 1. */
  readonly peers?: number;
  /** From 0 to 2,147,483,647. Default none. */
  readonly timeoutMs?: number;
}

/** Events of a peer set, delivered at the end of the turn, in order. */
export interface PeerSetEvents {
  /** A link has another status. */
  link: { readonly url: string; readonly status: LinkStatus };
  /** A peer was greeted, became live, or is gone. */
  peer: { readonly replicaId: string; readonly state: ConnectionState };
  /** Something went wrong that the application may want to know; replication goes on. */
  error: ChorusError;
}

/** How an inbound connection is taken in. */
export interface AcceptOptions {
  /** What the peer may do here. Default "rw". */
  readonly grant?: Permission;
  /** The peer is a stock Yjs client, which speaks the y-websocket framing. Default false. */
  readonly stockClient?: boolean;
}

/** Links as others see them. */
export function describeLinks(links: Iterable<Link>): LinkInfo[] {
  return [...links].map(({ safeUrl, status, replicaId }) =>
    replicaId === undefined ? { url: safeUrl, status } : { url: safeUrl, status, replicaId },
  );
}

/** Connections as others see them; those that have not been greeted are left out. */
export function describePeers(connections: Iterable<Connection>): PeerInfo[] {
  const peers: PeerInfo[] = [];
  for (const { peer, state, direction } of connections) {
    if (peer === undefined) continue;
    const { replicaId, sessionId } = peer;
    peers.push({ replicaId, sessionId, state, direction, durable: hasStore(peer) });
  }
  return peers;
}
