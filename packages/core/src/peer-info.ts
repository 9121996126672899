// What a peer set tells about its links and peers, and how it is told to take one in: types only.
import type { Direction } from "./connection-host.js";
import type { ConnectionState } from "./connection-state.js";
import type { ChorusError } from "./errors.js";
import type { LinkStatus } from "./link.js";
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
