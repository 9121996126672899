// The state of the model: one key, a few replicas, and every transaction that is still on its way. Pure data and the
// packing of it into numbers; it never decides anything and knows no rule.
//
// A map of the model, in the order in which to read it:
//   state.ts          what a state is
//   replica-view.ts   what one replica holds of the key, as the list the rules of the engine decide on
//   stamp-table.ts    the stamps the engine's own clock would give
//   step.ts           what one step of a history is called
//   transitions.ts    everything that can happen next: set, delete, sweep, seal, move, take-over, delivery
//   roles.ts          which replica was retired, which store was copied
//   role-steps.ts     retiring, leaving, going back to a copy of the store, and what replicas learn of it
//   ownership.ts      whose entries a replica may therefore drop and move
//   checks.ts         what must hold once everything is delivered and swept
//   settled-log.ts    what everybody has is folded away
//   canonical.ts      one normal form for all states that cannot be told apart
//   state-set.ts      the states seen so far, and where each came from
//   frontier.ts       the states of one depth that are still to be expanded
//   search.ts         breadth-first over all of them
//   history.ts        the shortest way to a failure, in words
//   configuration.ts  the bounds, and the rules to be checked
//   first-version-rules.ts  rules known to be wrong, kept because they show how the search finds that out
//   programme.ts      the list of searches that the command and the tests run; role-programme.ts those with such replicas
//
// Why so small a state suffices. Every transaction, deletions included, advances its session's clock, and an update
// over a gap is refused (rules 5 and 8). So what a replica knows of a session is always a prefix of what the session
// wrote, and what it holds is a function of those prefixes: no queue, no message needs to be modelled. "The network"
// is the freedom to apply the next transaction of any session at any replica at any time.

/** Masks are sets of indexes into one of the lists of a state: bit i stands for element i. */
export type Mask = number;

/**
 * One state. Treated as immutable: `copyState` gives the one to change. The elements of the first four lists are
 * packed into one 31-bit integer each, read with the functions below.
 */
export interface State {
  /** What users did, in any order that respects what each had seen. See `operation`. */
  operations: number[];
  /** Where what they wrote is or was stored: a move stores one operation a second time. See `entry`. */
  entries: number[];
  /** The transactions that at least one replica lacks, each session's in its order. See `transaction`. */
  log: number[];
  /** For each transaction of the log what of the log its author had applied before. Kept in mode `causal` only. */
  causes: Mask[];
  /** For each replica what it has applied of the log. */
  applied: Mask[];
  /** For each replica the operations it has seen, and those that their authors had seen. */
  seen: Mask[];
  /** The entries that all replicas have from transactions older than the log. */
  base: Mask;
  /** All sessions, a replica's latest last. See `session`. */
  sessions: number[];
  /** Segments opened so far by sealing one or by starting a new session: what the bound `openings` counts. */
  opened: number;
  /** What was done to single replicas: see roles.ts. 0 while nothing was. */
  roles: number;
}

const MAX_OPERATIONS = 8;
const MAX_ENTRIES = 22;
const MAX_LOG = 30;
const MAX_SESSIONS = 8;
const MAX_STAMP = 2 ** 13 - 1;
/** The one bit of a transaction that is free. */
const MARKER = 1 << 30;

/** The state in which nothing has been written yet: one session for each replica. */
export function initialState(replicas: number): State {
  const sessions = Array.from({ length: replicas }, (_, replica) =>
    session({ replica, segment: 0, clock: 0, hasLowId: false }),
  );
  const none = sessions.map(() => 0);
  const applied = { applied: none, seen: none.slice() };
  return {
    operations: [],
    entries: [],
    log: [],
    causes: [],
    ...applied,
    base: 0,
    sessions,
    opened: 0,
    roles: 0,
  };
}

/** A copy that shares nothing with the original. */
export function copyState(state: State): State {
  return {
    operations: state.operations.slice(),
    entries: state.entries.slice(),
    log: state.log.slice(),
    causes: state.causes.slice(),
    applied: state.applied.slice(),
    seen: state.seen.slice(),
    base: state.base,
    sessions: state.sessions.slice(),
    opened: state.opened,
    roles: state.roles,
  };
}

// --- Operations: a set or a delete, as its user meant it -------------------------------------------------------------

/** What an operation is made of. */
export interface OperationParts {
  readonly author: number;
  readonly isDelete: boolean;
  readonly stamp: number;
  /** Which of the values written with this stamp: values are told apart only where equal stamps make them decide. */
  readonly valueRank: number;
  /** The operations its author had seen, and those that their authors had. */
  readonly past: Mask;
}

/** Packs an operation. @throws RangeError when a bound of the search is beyond what the packing holds */
export function operation(parts: OperationParts): number {
  if (parts.stamp > MAX_STAMP) throw new RangeError("the model has no room for a stamp so high");
  const head = parts.author | ((parts.isDelete ? 1 : 0) << 2) | (parts.valueRank << 3);
  return head | (parts.stamp << 6) | (parts.past << 19);
}

/** The replica that wrote it. */
export const authorOf = (packed: number): number => packed & 3;
/** Whether it removes the key. */
export const isDelete = (packed: number): boolean => (packed & 4) !== 0;
/** 0 for the lowest of the values written with this stamp. */
export const valueRankOf = (packed: number): number => (packed >> 3) & 7;
/** Its stamp, as the engine's clock gave it. */
export const stampOf = (packed: number): number => (packed >> 6) & MAX_STAMP;
/** The operations its author had seen. */
export const pastOf = (packed: number): Mask => (packed >> 19) & 0xff;
/** The same operation with another value rank and another past. */
export const repackOperation = (packed: number, valueRank: number, past: Mask): number =>
  (packed & ((MAX_STAMP << 6) | 7)) | (valueRank << 3) | (past << 19);

// --- Entries: an operation stored in a segment -----------------------------------------------------------------------

/** Packs an entry: which operation, and the segment of which session holds it. */
export const entry = (operationIndex: number, sessionIndex: number, segment: number): number =>
  operationIndex | (sessionIndex << 3) | (segment << 6);
/** Index of the operation that it stores. */
export const operationIndexOf = (packed: number): number => packed & 7;
/** Index of the session whose segment it is in. */
export const sessionIndexOf = (packed: number): number => (packed >> 3) & 7;
/** The number of that segment within its session. */
export const segmentNumberOf = (packed: number): number => packed >> 6;

// --- Sessions --------------------------------------------------------------------------------------------------------

/** What a session is made of. */
export interface SessionParts {
  readonly replica: number;
  /** The segment that new entries go to. */
  readonly segment: number;
  /** Its clock: the last stamp without regard to foreign ones, 0 before the first. */
  readonly clock: number;
  /** Its client id is below those of all earlier sessions: matters only to rules that wrongly look at ids. */
  readonly hasLowId: boolean;
}

/** Packs a session. */
export const session = (parts: SessionParts): number =>
  parts.replica | (parts.segment << 2) | ((parts.hasLowId ? 1 : 0) << 5) | (parts.clock << 6);
/** The replica it belongs to. */
export const replicaOf = (packed: number): number => packed & 3;
/** The segment that new entries go to. */
export const currentSegmentOf = (packed: number): number => (packed >> 2) & 7;
/** The last stamp of its clock, 0 before the first. */
export const clockOf = (packed: number): number => packed >> 6;
/** The same session writing to its next segment. */
export const withNextSegment = (packed: number): number => packed + 4;
/** The same session with its clock moved on. */
export const withClock = (packed: number, clock: number): number => (packed & 63) | (clock << 6);

/** The Yjs client id of a session: unlike all others, and above or below those of earlier sessions. */
export function clientIdOf(state: State, sessionIndex: number): number {
  const hasLowId = ((state.sessions[sessionIndex] as number) & 32) !== 0;
  return hasLowId ? 100 - sessionIndex : 100 + sessionIndex;
}

/** Index of the session a replica writes in. */
export function currentSession(state: State, replica: number): number {
  let index = state.sessions.length - 1;
  while (replicaOf(state.sessions[index] as number) !== replica) index--;
  return index;
}

// --- Transactions: at most one entry written, any number dropped -----------------------------------------------------

/** Packs a transaction. `written` is the index of the entry that it adds, -1 for none. */
export const transaction = (sessionIndex: number, written: number, dropped: Mask): number =>
  sessionIndex | ((written + 1) << 3) | (dropped << 8);
/** The same as one that says something about its author. */
export const asMarker = (packed: number): number => packed | MARKER;
/** Index of the session that made it. */
export const sessionOfTransaction = (packed: number): number => packed & 7;
/** Index of the entry that it adds, -1 for none. */
export const writtenBy = (packed: number): number => ((packed >> 3) & 31) - 1;
/** The entry that it adds, as a mask. */
export const writtenMask = (packed: number): Mask => (1 << ((packed >> 3) & 31)) >> 1;
/** The entries that it drops: those it overwrites included. */
export const droppedBy = (packed: number): Mask => (packed >>> 8) & ((1 << MAX_ENTRIES) - 1);
/** The same without dropping these entries. */
export const withoutDrops = (packed: number, entries: Mask): number => packed & ~(entries << 8);
/** Whether it says something about its author: that he retires another, or that he goes by another name now. */
export const isMarker = (packed: number): boolean => (packed & MARKER) !== 0;

/** What a transaction does; nothing but advance its session's clock unless told otherwise. */
export interface TransactionParts {
  readonly written?: number;
  readonly dropped?: Mask;
  readonly isMarker?: boolean;
  /** Whether what its author had applied before is kept: in mode `causal`. */
  readonly keepsCauses: boolean;
}

/** Adds a transaction of the replica's current session, which it has applied itself. */
export function commit(next: State, replica: number, parts: TransactionParts): void {
  const applied = next.applied[replica] as number;
  const { written = -1, dropped = 0, isMarker: marks = false } = parts;
  const packed = transaction(currentSession(next, replica), written, dropped);
  next.causes.push(parts.keepsCauses ? applied : 0);
  const index = next.log.push(marks ? asMarker(packed) : packed) - 1;
  next.applied[replica] = applied | (1 << index);
}

// --- What follows from a state ---------------------------------------------------------------------------------------

/** The entries that applying these transactions of the log on top of the base leaves. */
export function entriesAfter(state: State, applied: Mask): Mask {
  let written = state.base;
  let dropped = 0;
  for (let rest = applied; rest !== 0; rest &= rest - 1) {
    const packed = state.log[31 - Math.clz32(rest & -rest)] as number;
    written |= writtenMask(packed);
    dropped |= droppedBy(packed);
  }
  return written & ~dropped;
}

/** The entries that a replica holds. */
export const heldBy = (state: State, replica: number): Mask =>
  entriesAfter(state, state.applied[replica] as number);

/** Refuses a state that outgrew the packing, so that a bound set too high is told and not silently wrong. */
export function assertPackable(state: State): void {
  const fits =
    state.operations.length <= MAX_OPERATIONS &&
    state.entries.length <= MAX_ENTRIES &&
    state.log.length <= MAX_LOG &&
    state.sessions.length <= MAX_SESSIONS;
  if (!fits) throw new RangeError("the bounds of this search are beyond what the packed state holds");
}
