// The states of a connection and the moves between them; docs/connection.md draws them. Nothing else decides them.

/**
 * connecting: the transport is not open yet; greeting: our hello is sent, the peer's awaited; syncing: the first
 * questions and answers; live: both sides have what the other had, updates flow; closed: the end.
 */
export type ConnectionState = "connecting" | "greeting" | "syncing" | "live" | "closed";

const NEXT_STATES: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  connecting: ["greeting", "closed"],
  greeting: ["syncing", "closed"],
  syncing: ["live", "closed"],
  live: ["closed"],
  closed: [],
};

/** Whether a connection may go from one state to the other; anything else is ignored. */
export function mayBecome(from: ConnectionState, to: ConnectionState): boolean {
  return NEXT_STATES[from].includes(to);
}
