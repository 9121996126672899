// Cuts a document into updates of bounded size: session by session in clock order, the deletions last. Nothing is
// decoded, and each slice stands on its own, because a session's structs refer to that session's alone.
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import * as Y from "yjs";
import type { StateVector } from "../state-vector.js";
import { cutStructs } from "./struct-slice.js";

/** Hands out, update by update, what a peer lacks. */
export interface DiffCursor {
  /**
   * The next update of about `budgetBytes` (a single entry may exceed it), or undefined when everything that is
   * in the document now was handed out: from that moment on live updates may follow without a gap.
   */
  next(budgetBytes: number): Uint8Array | undefined;
}

/** The document that a diff is cut from. */
export interface DiffSource {
  readonly doc: Y.Doc;
  /** Rises whenever something is deleted, other than by what is written over it. */
  readonly deletions: number;
}

/** Deleted structs of each session, ascending. */
type DeletedRanges = ReadonlyMap<number, readonly DeletedRange[]>;
/** A run of deleted structs of one session. */
export interface DeletedRange {
  readonly clock: number;
  readonly len: number;
}

/**
 * A walk through the document as it is now: it does not follow what is written meanwhile, and so ends however fast that
 * grows. Of what it hands out some may be deleted already, with the deletion and what replaces it to be found in later
 * updates only: good together with all of those, as in a store, and not for a peer.
 */
export function openSnapshot(source: DiffSource, vector: StateVector): DiffCursor {
  const walk = new StructWalk(source.doc, new Map(), vector);
  let deletions: Iterator<Uint8Array> | undefined;
  return {
    next(budgetBytes: number): Uint8Array | undefined {
      const slice = walk.next(budgetBytes);
      if (slice) return slice;
      deletions ??= deletionSlices(
        rangesBelow(Y.createDeleteSetFromStructStore(source.doc.store).clients, vector),
        budgetBytes,
      );
      return nextOf(deletions);
    },
  };
}

/**
 * A walk through what `vector` lacks of the document. It follows the growing document, and ends only when everything
 * was handed out, the deletions as they stand then. What was handed out once is not cut again, so it ends also while
 * somebody keeps writing, provided the caller takes what is left in one turn.
 */
export function openDiff(source: DiffSource, vector: StateVector): DiffCursor {
  const walk = new StructWalk(source.doc, vector);
  let sentRanges: DeletedRanges = new Map();
  let slices: Iterator<Uint8Array> | undefined;
  let deletions = -1;
  return {
    next(budgetBytes: number): Uint8Array | undefined {
      const slice = walk.next(budgetBytes) ?? nextOf(slices);
      if (slice || deletions === source.deletions) return slice;
      // Deletions may come without structs too, when a peer cuts its own document in slices.
      deletions = source.deletions;
      const ranges: DeletedRanges = Y.createDeleteSetFromStructStore(source.doc.store).clients;
      slices = deletionSlices(rangesBeyond(ranges, sentRanges), budgetBytes);
      sentRanges = ranges;
      return nextOf(slices);
    },
  };
}

function nextOf<Value>(values: Iterator<Value> | undefined): Value | undefined {
  const next = values?.next();
  return next?.done ? undefined : next?.value;
}

/** The ranges that begin below a vector. */
function rangesBelow(ranges: DeletedRanges, vector: StateVector): DeletedRanges {
  const below = new Map<number, DeletedRange[]>();
  for (const [session, all] of ranges) {
    const end = vector.get(session) ?? 0;
    const known = all
      .filter(({ clock }) => clock < end)
      .map(({ clock, len }) => ({ clock, len: Math.min(len, end - clock) }));
    if (known.length > 0) below.set(session, known);
  }
  return below;
}

/** The ranges that are new, or have grown, since `before`. */
function rangesBeyond(ranges: DeletedRanges, before: DeletedRanges): DeletedRanges {
  const beyond = new Map<number, DeletedRange[]>();
  for (const [session, now] of ranges) {
    const known = new Map(before.get(session)?.map(({ clock, len }) => [clock, len]));
    const fresh = now.filter(({ clock, len }) => known.get(clock) !== len);
    if (fresh.length > 0) beyond.set(session, fresh);
  }
  return beyond;
}

/** Goes round the sessions and keeps its place, so that all slices together visit each of them a few times only. */
class StructWalk {
  readonly #doc: Y.Doc;
  readonly #sent: Map<number, number>;
  /** Where each session ends; undefined to follow the document. */
  readonly #end: StateVector | undefined;
  #sessions: Iterator<number>;
  #session: number | undefined;

  constructor(doc: Y.Doc, vector: StateVector, end?: StateVector) {
    this.#doc = doc;
    this.#end = end;
    this.#sent = new Map(vector);
    this.#sessions = doc.store.clients.keys();
    this.#session = nextOf(this.#sessions);
  }

  /** The next slice; undefined when nothing is lacking of any session. */
  next(budgetBytes: number): Uint8Array | undefined {
    // The rest of this round, and a whole one, for what has grown before the place.
    for (let rounds = 0; rounds < 2; rounds++) {
      for (; this.#session !== undefined; this.#session = nextOf(this.#sessions)) {
        const slice = this.#cut(this.#session, budgetBytes);
        if (slice) return slice;
      }
      this.#sessions = this.#doc.store.clients.keys();
      this.#session = nextOf(this.#sessions);
    }
    return undefined;
  }

  #cut(session: number, budgetBytes: number): Uint8Array | undefined {
    const structs = this.#doc.store.clients.get(session);
    const from = this.#sent.get(session) ?? 0;
    const last = structs?.at(-1);
    if (!structs || !last) return undefined;
    const end = this.#end ? (this.#end.get(session) ?? 0) : last.id.clock + last.length;
    if (end <= from) return undefined;
    const slice = cutStructs({ session, structs, from, end }, budgetBytes);
    this.#sent.set(session, slice.end);
    return slice.update;
  }
}

/** Deletions as updates without structs; one session's may be cut in several. */
function* deletionSlices(deleted: DeletedRanges, budgetBytes: number): IterableIterator<Uint8Array> {
  // A range takes 2 to 16 bytes.
  const rangesPerSlice = Math.max(1, Math.floor(budgetBytes / 16));
  let batch: [number, readonly DeletedRange[]][] = [];
  let ranges = 0;
  for (const [session, items] of deleted) {
    for (let from = 0; from < items.length; from += rangesPerSlice) {
      const part = items.slice(from, from + rangesPerSlice);
      if (ranges + part.length > rangesPerSlice) {
        yield encodeDeletions(batch);
        batch = [];
        ranges = 0;
      }
      batch.push([session, part]);
      ranges += part.length;
    }
  }
  if (batch.length > 0) yield encodeDeletions(batch);
}

/** An update without structs. @param sessions each with its deleted ranges, ascending */
export function encodeDeletions(sessions: readonly [number, readonly DeletedRange[]][]): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, 0);
  writeVarUint(encoder, sessions.length);
  for (const [session, ranges] of sessions) {
    writeVarUint(encoder, session);
    writeVarUint(encoder, ranges.length);
    for (const { clock, len } of ranges) {
      writeVarUint(encoder, clock);
      writeVarUint(encoder, len);
    }
  }
  return toUint8Array(encoder);
}
