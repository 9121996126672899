// What is to be applied of a large answer, part by part: in which order, and whether that can be done at all. A part
// stands on its own (one session's structs, in clock order, or deletions), so each can be guarded against what is applied
// before it; what an honest peer's answer may not fit is found here, before anything of it is applied.
import { encodeDeletions, type DeletedRange } from "./document/update-slices.js";
import type { Verdict } from "./guard.js";
import { UpdateReader } from "./update-reader.js";
import { RANGES_BYTES, RANGE_BYTES, STRUCT_BYTES } from "./document/update-format.js";

export interface PlanContext {
  /** How many structs of a session are known. */
  clockOf(session: number): number;
  /** Guards a part, as the document is now. */
  inspect(part: Uint8Array): Verdict;
}

/** A part with structs of one session, from this clock on. */
interface StructPart {
  readonly part: Uint8Array;
  readonly clock: number;
}

/** What a part deletes of one session. */
interface SessionDeletions {
  readonly session: number;
  readonly ranges: readonly DeletedRange[];
}

/** Structs that one transaction may delete, give or take a segment, which nobody can split. */
const DELETIONS_AT_ONCE = 4_096;
/** Of one part. */
const MAX_PIECES = 4_096;

/**
 * The parts that bring something, those with structs first; "gap" when one lacks what comes before it, or overlaps what
 * has become known since the question in a way that cannot be applied in part.
 * @throws ChorusError protocol for a part of another shape, or one that the guard refuses
 */
export function planUpdate(parts: readonly Uint8Array[], context: PlanContext): Uint8Array[] | "gap" {
  const structs = new Map<number, StructPart[]>();
  const planned: Uint8Array[] = [];
  const deletions: Uint8Array[] = [];
  for (const part of parts) {
    const head = readHead(part);
    if (!head) deletions.push(part);
    else {
      planned.push(part);
      const ofSession = structs.get(head.session);
      if (ofSession) ofSession.push({ part, clock: head.clock });
      else structs.set(head.session, [{ part, clock: head.clock }]);
    }
  }
  for (const part of deletions) {
    for (const { session, ranges } of readDeletions(part)) {
      const end = ranges.at(-1);
      // Of a session with structs in the parts all is here when they are applied.
      if (end && !structs.has(session) && end.clock + end.len > context.clockOf(session)) return "gap";
    }
  }
  const known = new Set<Uint8Array>();
  for (const [session, ofSession] of structs) {
    if (!findKnown(ofSession, { clock: context.clockOf(session), inspect: context.inspect, known }))
      return "gap";
  }
  return [...planned.filter((part) => !known.has(part)), ...deletions];
}

/** Session and first clock of a part with structs; undefined for one with deletions. @throws ChorusError protocol */
export function readHead(part: Uint8Array): { session: number; clock: number } | undefined {
  const reader = new UpdateReader(part);
  const sessions = reader.varUint();
  if (sessions > 1) reader.refuse("a part with structs of several sessions");
  if (sessions === 0) return undefined;
  reader.count(STRUCT_BYTES);
  // What looks like the empty list of deletions is the guard's to believe.
  if (part.at(-1) !== 0) reader.refuse("a part with structs and deletions");
  return { session: reader.varUint(), clock: reader.varUint() };
}

/**
 * Adds to `known` the parts of a session that bring nothing. The one at the boundary of what is known is guarded now: all
 * before it would change nothing, so the document is as it will be then. @returns whether the session fits
 */
function findKnown(
  parts: readonly StructPart[],
  context: { clock: number; inspect: (part: Uint8Array) => Verdict; known: Set<Uint8Array> },
): boolean {
  const [first] = parts;
  if (!first || first.clock > context.clock) return false;
  if (first.clock === context.clock) return true;
  let boundary = 0;
  while ((parts[boundary + 1]?.clock ?? Number.POSITIVE_INFINITY) < context.clock) boundary++;
  for (const { part } of parts.slice(0, boundary)) context.known.add(part);
  const { part } = parts[boundary] as StructPart;
  return context.inspect(part).kind !== "gap";
}

/** A part with deletions in pieces that take little time each; any other part as it is. @throws ChorusError protocol */
export function splitDeletions(part: Uint8Array): Uint8Array[] {
  if (part[0] !== 0) return [part];
  const deletions = [...readDeletions(part)];
  const pieceLength = pieceLengthOf(deletions);
  const pieces: Uint8Array[] = [];
  let piece: [number, DeletedRange[]][] = [];
  let room = pieceLength;
  for (const { session, ranges } of deletions) {
    for (const range of cut(ranges, pieceLength)) {
      const last = piece.at(-1);
      if (last?.[0] === session) last[1].push(range);
      else piece.push([session, [range]]);
      room -= range.len;
      if (room > 0) continue;
      pieces.push(encodeDeletions(piece));
      piece = [];
      room = pieceLength;
    }
  }
  if (piece.length > 0) pieces.push(encodeDeletions(piece));
  return pieces;
}

/** How much one piece deletes. A forged length must not make more pieces than memory has room for. */
function pieceLengthOf(deletions: readonly SessionDeletions[]): number {
  let length = 0;
  for (const { ranges } of deletions) for (const { len } of ranges) length += len;
  return Math.max(DELETIONS_AT_ONCE, Math.ceil(length / MAX_PIECES));
}

/** The same ranges, none longer than `length`: segments that are deleted one after the other are one long range. */
function* cut(ranges: readonly DeletedRange[], length: number): Generator<DeletedRange> {
  for (const { clock, len } of ranges) {
    for (let from = 0; from < len; from += length) {
      yield { clock: clock + from, len: Math.min(length, len - from) };
    }
  }
}

/** What a part without structs deletes. */
function* readDeletions(part: Uint8Array): Generator<SessionDeletions> {
  const reader = new UpdateReader(part);
  reader.varUint();
  for (let sessions = reader.count(RANGES_BYTES); sessions > 0; sessions--) {
    const session = reader.varUint();
    const ranges: DeletedRange[] = [];
    for (let left = reader.count(RANGE_BYTES); left > 0; left--) {
      ranges.push({ clock: reader.varUint(), len: reader.length() });
    }
    yield { session, ranges };
  }
  if (reader.remaining > 0) reader.refuse("bytes after the end of a part");
}
