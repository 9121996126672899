// One normal form for all states that behave alike, as a row of numbers: what everybody has is folded away, indexes
// follow from content instead of from the order in which things happened, and replicas that differ in nothing but
// their number are interchangeable. It must never merge two states that could behave differently.
import { type Configuration, isSymmetric, slotsOf } from "./configuration.js";
import type { Ownership } from "./ownership.js";
import { NO_ROLES, renamedRoles } from "./roles.js";
import { foldSettled } from "./settled-log.js";
import {
  asMarker,
  assertPackable,
  authorOf,
  droppedBy,
  isDelete,
  isMarker,
  type Mask,
  operationIndexOf,
  pastOf,
  repackOperation,
  replicaOf,
  type State,
  segmentNumberOf,
  sessionIndexOf,
  sessionOfTransaction,
  stampOf,
  transaction,
  valueRankOf,
  writtenBy,
} from "./state.js";

/** A row of numbers that stands for a state; equal rows, equal behaviour. Valid until the next row is made. */
export interface Row {
  readonly words: Int32Array;
  length: number;
}

const MAX_WORDS = 128;
/** Flags beside the counts at the head of a row: what follows that most rows do without. */
const KEEPS_CAUSES = 1 << 26;
const HAS_ROLES = 1 << 27;
const newRow = (): Row => ({ words: new Int32Array(MAX_WORDS), length: 0 });

/** Makes the normal form of states. */
export class Canonicalizer {
  readonly #orders: readonly (readonly number[])[];
  readonly #ownership: Ownership;
  readonly #isFull: boolean;
  /** Those that may change places; a copy may not. */
  readonly #replicas: number;
  #best = newRow();
  #candidate = newRow();

  /** @param symmetric whether replicas may change places: not with different clocks, nor for rules that see ids */
  constructor(bounds: Configuration, ownership: Ownership, symmetric = isSymmetric(bounds)) {
    const inOrder = Array.from({ length: bounds.replicas }, (_, replica) => replica);
    // The place of a copy is the last, and its own.
    const copies = Array.from(
      { length: slotsOf(bounds) - bounds.replicas },
      (_, copy) => bounds.replicas + copy,
    );
    this.#orders = (symmetric ? permutations(inOrder) : [inOrder]).map((order) => [...order, ...copies]);
    this.#ownership = ownership;
    this.#isFull = bounds.mode === "full";
    this.#replicas = bounds.replicas;
  }

  /** The normal form of a state. The row is reused by the next call. */
  row(state: State): Row {
    this.#forget(state);
    foldSettled(state, this.#ownership);
    assertPackable(state);
    const signatures =
      this.#orders.length > 1
        ? Array.from({ length: this.#replicas }, (_, replica) => signature(state, replica))
        : [];
    this.#best.length = 0;
    for (const order of this.#orders) {
      if (!isAscending(signatures, order)) continue;
      writeRow(state, order, this.#candidate);
      if (this.#best.length === 0 || isBelow(this.#candidate, this.#best)) {
        [this.#best, this.#candidate] = [this.#candidate, this.#best];
      }
    }
    return this.#best;
  }

  /** What one knew who will never do anything again is of no account, unless others may still get it from him. */
  #forget(state: State): void {
    if (this.#isFull) return;
    for (let replica = 0; replica < state.applied.length; replica++) {
      if (!this.#ownership.isGone(state, replica)) continue;
      state.applied[replica] = 0;
      state.seen[replica] = 0;
    }
  }
}

/** The state that a row stands for. */
export function stateOfRow(words: Int32Array, offset: number): State {
  let position = offset;
  const take = (): number => words[position++] as number;
  const list = (length: number): number[] => {
    const numbers: number[] = [];
    for (let index = 0; index < length; index++) numbers.push(take());
    return numbers;
  };
  const counts = take();
  const replicas = counts & 7;
  const operations = list((counts >> 3) & 15);
  const entries = list((counts >> 7) & 31);
  const log = list((counts >> 12) & 31);
  const sessions = list((counts >> 17) & 15);
  const applied = list(replicas);
  const seen = list(replicas);
  const base = take();
  const roles = counts & HAS_ROLES ? take() : NO_ROLES;
  const causes = counts & KEEPS_CAUSES ? list(log.length) : log.map(() => 0);
  const opened = (counts >> 21) & 31;
  return { operations, entries, log, causes, applied, seen, base, sessions, opened, roles };
}

// Scratch tables from old index to new one: for each row anew, allocated once.
const operationTo = new Int32Array(16);
const entryTo = new Int32Array(32);
const logTo = new Int32Array(32);
const sessionTo = new Int32Array(16);
const operationFrom: number[] = [];
const entryFrom: number[] = [];
const logFrom: number[] = [];
const sessionFrom: number[] = [];

/** Writes the state with replica `order[i]` in place i. */
function writeRow(state: State, order: readonly number[], row: Row): void {
  numberAnew(state, order);
  const { words } = row;
  const keepsCauses = state.causes.some((mask) => mask !== 0) ? KEEPS_CAUSES : 0;
  let at = 0;
  words[at++] =
    order.length |
    (state.operations.length << 3) |
    (entryFrom.length << 7) |
    (state.log.length << 12) |
    (state.sessions.length << 17) |
    (state.opened << 21) |
    keepsCauses |
    (state.roles === NO_ROLES ? 0 : HAS_ROLES);
  for (const from of operationFrom) words[at++] = renamedOperation(state.operations[from] as number, order);
  for (const from of entryFrom) words[at++] = renamedEntry(state.entries[from] as number);
  for (const from of logFrom) words[at++] = renamedTransaction(state.log[from] as number);
  for (const from of sessionFrom) words[at++] = renamedSession(state.sessions[from] as number, order);
  for (const replica of order) words[at++] = renamed(state.applied[replica] as Mask, logTo);
  for (const replica of order) words[at++] = renamed(state.seen[replica] as Mask, operationTo);
  words[at++] = renamed(state.base, entryTo);
  if (state.roles !== NO_ROLES)
    words[at++] = renamedRoles(state.roles, order, (from) => sessionTo[from] as number);
  if (keepsCauses) for (const from of logFrom) words[at++] = renamed(state.causes[from] as Mask, logTo);
  row.length = at;
}

/** New indexes: by replica, and within one in the order in which the replica made them. */
function numberAnew(state: State, order: readonly number[]): void {
  operationFrom.length = 0;
  entryFrom.length = 0;
  logFrom.length = 0;
  sessionFrom.length = 0;
  for (const replica of order) {
    for (let index = 0; index < state.operations.length; index++) {
      if (authorOf(state.operations[index] as number) === replica)
        operationTo[index] = operationFrom.push(index) - 1;
    }
    for (let index = 0; index < state.sessions.length; index++) {
      if (replicaOf(state.sessions[index] as number) === replica)
        sessionTo[index] = sessionFrom.push(index) - 1;
    }
    numberEntriesAndLog(state, replica);
  }
}

function numberEntriesAndLog(state: State, replica: number): void {
  for (let index = 0; index < state.entries.length; index++) {
    const isSettled = (state.base & (1 << index)) !== 0;
    if (!isSettled) continue;
    const owner = replicaOf(state.sessions[sessionIndexOf(state.entries[index] as number)] as number);
    if (owner === replica) entryTo[index] = entryFrom.push(index) - 1;
  }
  for (let index = 0; index < state.log.length; index++) {
    const packed = state.log[index] as number;
    if (replicaOf(state.sessions[sessionOfTransaction(packed)] as number) !== replica) continue;
    logTo[index] = logFrom.push(index) - 1;
    const written = writtenBy(packed);
    if (written >= 0) entryTo[written] = entryFrom.push(written) - 1;
  }
}

function renamed(mask: Mask, to: Int32Array): Mask {
  let result = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1)
    result |= 1 << (to[31 - Math.clz32(rest & -rest)] as number);
  return result;
}

const renamedOperation = (packed: number, order: readonly number[]): number =>
  (repackOperation(packed, valueRankOf(packed), renamed(pastOf(packed), operationTo)) & ~3) |
  order.indexOf(authorOf(packed));

const renamedEntry = (packed: number): number =>
  (operationTo[operationIndexOf(packed)] as number) |
  ((sessionTo[sessionIndexOf(packed)] as number) << 3) |
  (segmentNumberOf(packed) << 6);

const renamedTransaction = (packed: number): number => {
  const written = writtenBy(packed);
  const writtenTo = written < 0 ? 0 : (entryTo[written] as number) + 1;
  const sessionIndex = sessionTo[sessionOfTransaction(packed)] as number;
  const dropped = renamed(droppedBy(packed), entryTo);
  const renumbered = transaction(sessionIndex, writtenTo - 1, dropped);
  return isMarker(packed) ? asMarker(renumbered) : renumbered;
};

const renamedSession = (packed: number, order: readonly number[]): number =>
  (packed & ~3) | order.indexOf(replicaOf(packed));

/** A number that does not depend on how replicas are numbered: only replicas with equal ones need to change places. */
function signature(state: State, replica: number): number {
  let sum = bits(state.applied[replica] as Mask) + 31 * bits(state.seen[replica] as Mask);
  for (const packed of state.operations) {
    if (authorOf(packed) !== replica) continue;
    const shape = stampOf(packed) * 16 + valueRankOf(packed) * 2 + (isDelete(packed) ? 1 : 0);
    sum = Math.imul(sum, 31) + shape * 8 + bits(pastOf(packed));
  }
  for (const packed of state.sessions)
    if (replicaOf(packed) === replica) sum = Math.imul(sum, 31) + (packed >> 2);
  for (let index = 0; index < state.log.length; index++) {
    const packed = state.log[index] as number;
    if (replicaOf(state.sessions[sessionOfTransaction(packed)] as number) !== replica) continue;
    const appliedBy = state.applied.reduce((count, applied) => count + ((applied >> index) & 1), 0);
    sum = Math.imul(sum, 31) + appliedBy * 4 + bits(droppedBy(packed)) * 16 + (writtenBy(packed) < 0 ? 0 : 1);
  }
  return sum | 0;
}

function isAscending(signatures: readonly number[], order: readonly number[]): boolean {
  if (signatures.length === 0) return true;
  for (let place = 1; place < signatures.length; place++) {
    const before = signatures[order[place - 1] as number] as number;
    if (before > (signatures[order[place] as number] as number)) return false;
  }
  return true;
}

function isBelow(a: Row, b: Row): boolean {
  if (a.length !== b.length) return a.length < b.length;
  for (let index = 0; index < a.length; index++) {
    const difference = (a.words[index] as number) - (b.words[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function bits(mask: Mask): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((first) =>
    permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}
