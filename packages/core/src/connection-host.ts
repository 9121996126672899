// What a connection needs of the peer set it belongs to, and the other way round: the seam between the two layers.
import type { AckTimer } from "./acknowledgements.js";
import type { ReplicatedChannel } from "./channel-replication.js";
import type { Connection } from "./connection.js";
import type { ConnectionState } from "./connection-state.js";
import type { ChorusError, ErrorCode } from "./errors.js";
import type { Inbox } from "./inbox.js";
import type { Pulls } from "./pulls.js";
import type { ReplicationCounters } from "./replication-counters.js";
import type { ReplicationLimits } from "./replication-options.js";
import type { StateVector } from "./state-vector.js";

/** How a connection ended. */
export interface ConnectionEnd {
  /** The close code: ours, or the peer's. */
  readonly closeCode: number;
  /** Why, when one of the sides said so. */
  readonly errorCode: ErrorCode | undefined;
  /** How long it was live, in milliseconds. */
  readonly liveMs: number;
}

/** The services of the peer set and what it wants to know; none of the functions may throw. */
export interface ConnectionHost {
  readonly channel: ReplicatedChannel;
  readonly limits: ReplicationLimits;
  readonly counters: ReplicationCounters;
  readonly inbox: Inbox;
  readonly pulls: Pulls;
  readonly acks: AckTimer;
  /** The peer has said who it is: may close this connection, or others to the same replica. */
  greeted(connection: Connection): void;
  stateChanged(connection: Connection, state: ConnectionState): void;
  /** An update of this connection is stored; the entries of the vector it advanced. */
  stored(connection: Connection, advanced: StateVector): void;
  /** The peer has stored more of the own session. */
  acknowledged(connection: Connection): void;
  /** The peer announced whom it no longer has a live connection with. */
  neighboursLost(replicaIds: readonly string[]): void;
  report(error: ChorusError): void;
  /** Called once, in state closed; the transport may still be closing. */
  ended(connection: Connection, end: ConnectionEnd): void;
  /** Called once, last: the transport is gone. */
  gone(connection: Connection): void;
}
