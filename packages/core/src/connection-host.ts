// What a connection needs of the peer set it belongs to, and the other way round: the seam between the two layers.
import type { AckTimer } from "./acknowledgements.js";
import type { ReplicatedChannel } from "./channel-replication.js";
import type { ConnectionPipe } from "./connection-pipe.js";
import type { ConnectionState } from "./connection-state.js";
import type { ChorusError, ErrorCode } from "./errors.js";
import type { Hello } from "./frames.js";
import type { Inbox } from "./inbox.js";
import type { Pulls } from "./pulls.js";
import type { ReplicationCounters } from "./replication-counters.js";
import type { Permission, ReplicationLimits } from "./replication-options.js";
import type { StateVector } from "./state-vector.js";
import type { Transport } from "./transport.js";

/** How a connection ended. */
export interface ConnectionEnd {
  /** The close code: ours, or the peer's. */
  readonly closeCode: number;
  /** Why, when one of the sides said so. */
  readonly errorCode: ErrorCode | undefined;
  /** How long it was live, in milliseconds. */
  readonly liveMs: number;
}

/** Who opened a connection: the peer or this side. */
export type Direction = "inbound" | "outbound";

/** How a connection is set up. */
export interface ConnectionSetup {
  readonly transport: Transport;
  readonly direction: Direction;
  /** What the peer may do here. */
  readonly grant: Permission;
  /** The peer is a stock Yjs client. Default false. */
  readonly stockClient?: boolean;
}

/** What all connections of a channel share. */
export interface ReplicationServices {
  readonly channel: ReplicatedChannel;
  readonly limits: ReplicationLimits;
  readonly counters: ReplicationCounters;
  readonly inbox: Inbox;
  readonly pulls: Pulls;
  readonly acks: AckTimer;
  /** See `OutboxOwner.cutting`. */
  readonly cutting: Set<object>;
  /** Becomes an error event. Must not throw. */
  report(error: ChorusError): void;
  /** Another session runs under the own replicaId, as its hello shows, or as a peer says. Must not throw. */
  cloned(error: ChorusError): void;
}

/** What the peer set wants to know of its connections, `Member`s; none of the functions may throw. */
export interface ConnectionHost<Member> extends ReplicationServices {
  /** The peer has said who it is: may close this connection, or others to the same replica. */
  greeted(connection: Member): void;
  stateChanged(connection: Member, state: ConnectionState): void;
  /** An update of this connection, which may have ended, is stored; the entries of the vector it advanced. */
  stored(connection: Member, advanced: StateVector): void;
  /** The peer has stored more of the own session. */
  acknowledged(connection: Member): void;
  /** The peer announced whom it no longer has a live connection with. */
  neighboursLost(replicaIds: readonly string[]): void;
  /** Called once, in state closed; the transport may still be closing. */
  ended(connection: Member, end: ConnectionEnd): void;
  /** Called once, last: the transport is gone. */
  gone(connection: Member): void;
}

/** What the exchange needs of its connection; none of the functions may throw. */
export interface ExchangeOwner {
  readonly host: ReplicationServices;
  readonly pipe: ConnectionPipe;
  /** Who the peer is, and what this replica may do there. */
  readonly peer: Hello;
  /** For messages: who the peer is. */
  readonly label: string;
  /** Given to the channel with every update of the peer. */
  readonly source: object;
  /** What the peer may do here. */
  readonly ourGrant: Permission;
  /** Both sides have what the other had. Called once. */
  settled(): void;
  /** Calls `tend` at this time of the monotonic clock, or before; not after the end. */
  wake(elapsedMs: number): void;
  /** An update of the peer is stored; also called after the end. */
  stored(advanced: StateVector): void;
  /** The peer has stored more of the own session. */
  acknowledged(): void;
  failed(error: unknown): void;
}
