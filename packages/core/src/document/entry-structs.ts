// Puts entries into the store of structs as Yjs itself would within a transaction, and leaves out what a transaction does
// besides: decoding into generic objects, looking for conflicts that a segment with one writer cannot have, sets of what
// changed for observers that nobody has. Independent of the number of sessions, too. Must only be used on a document
// that nobody else listens to, for entries that are the next structs of their session.
import * as Y from "yjs";
import { holderOf } from "./entries.js";
import { EntryBytes } from "./entry-bytes.js";
import { Holder } from "./holder.js";
import { type Segment, sessionOfSegment } from "./segment.js";
import type { SegmentTable } from "./segment-table.js";
import { MARKER_KEY } from "./signatures.js";
import {
  type DeletedRun,
  DeletedRuns,
  deleteEntry,
  deleteSegment,
  type Deletion,
  planDeletions,
  type Struct,
} from "./struct-deletions.js";
import { structIndex } from "./struct-index.js";

/** A segment as entries are put into it. */
export interface SegmentTarget {
  readonly segment: Segment;
  readonly map: Y.Map<unknown>;
}

/** A struct as it was read. `stamp` and `json` are an entry's; `json` undefined is a tombstone. */
export interface ReadStruct {
  readonly session: number;
  readonly clock: number;
  readonly stamp: number;
  readonly json: string | undefined;
}

/** What an update of a peer comes to. */
export interface StructRun {
  readonly session: number;
  /** The clock of the first struct. */
  readonly clock: number;
  /** New ones, in the order of their clocks, made by `make…` and not yet in their places. */
  readonly structs: readonly Y.Item[];
  /** What goes then, but for what is overwritten. */
  readonly deletions: readonly Deletion[];
  /** What `structs` are a part of, if all of that is put into its place as one. */
  readonly coming?: { place(): Segment[] };
}

/** An entry to write. */
export interface OwnEntry {
  readonly key: string;
  readonly holder: Holder;
  /** Set by the writer: whether the segment held an entry of the key. */
  replaces?: boolean;
}

/** What a commit of this session writes. */
export interface OwnStructs {
  /** The segment, or the id of one that begins with this commit; it has to be signed then. */
  readonly into: Segment | string;
  readonly entries: readonly OwnEntry[];
  /** The marker, see signatures.ts. */
  readonly sign?: unknown[] | undefined;
  readonly deletions?: readonly Deletion[];
}

export interface OwnWritten {
  readonly segment: Segment;
  /** To store and send. */
  readonly update: Uint8Array;
}

export interface EntryStructsParts {
  readonly doc: Y.Doc;
  readonly root: Y.Map<unknown>;
  readonly table: SegmentTable<Y.Map<unknown>>;
  readonly ownSession: number;
}

export class EntryStructs {
  readonly ownSession: number;
  readonly #doc: Y.Doc;
  readonly #root: Y.Map<unknown>;
  readonly #table: SegmentTable<Y.Map<unknown>>;
  /** Segments whose struct was made and is not in its place yet; not many ever stay so. */
  readonly #coming = new WeakMap<Y.Item, SegmentTarget>();

  constructor({ doc, root, table, ownSession }: EntryStructsParts) {
    this.#doc = doc;
    this.#root = root;
    this.#table = table;
    this.ownSession = ownSession;
  }

  /** How many structs of a session are known. */
  clockOf(session: number): number {
    return Y.getState(this.#doc.store, session);
  }

  /** The live segment whose struct has this clock; undefined when it is none. */
  liveSegment(session: number, clock: number): SegmentTarget | undefined {
    const struct = this.#structAt(session, clock);
    return struct instanceof Y.Item && !struct.deleted ? this.#segmentBegunBy(struct) : undefined;
  }

  /** The struct that begins a segment; undefined when its id is not the session's, or was used before. */
  makeSegment({ session, clock }: Pick<ReadStruct, "session" | "clock">, id: string): Y.Item | undefined {
    if (sessionOfSegment(id) !== session || this.#root._map.has(id)) return undefined;
    const map = new Y.Map<unknown>();
    const content = new Y.ContentType(map as never);
    const struct = new Y.Item(
      Y.createID(session, clock),
      null,
      null,
      null,
      null,
      this.#root as never,
      id,
      content,
    );
    this.#coming.set(struct, { map, segment: this.#table.create(id, clock) });
    return struct;
  }

  /** The segment that such a struct begins. */
  targetOf(struct: Y.Item): SegmentTarget {
    return this.#coming.get(struct) as SegmentTarget;
  }

  /** The first entry of a key in a segment; undefined when that has ever held the key. */
  makeFirst(read: ReadStruct, { segment, map }: SegmentTarget, key: string): Y.Item | undefined {
    if (map._map.has(key)) return undefined;
    const id = Y.createID(read.session, read.clock);
    const holder = new Holder(segment, read.stamp, read.json);
    return new Y.Item(id, null, null, null, null, map as never, key, holder as never);
  }

  /** An entry that follows another; undefined when that is not the latest of its key in a live segment. */
  makeFollower(read: ReadStruct, origin: number): Y.Item | undefined {
    const { session, clock, stamp, json } = read;
    const before = this.#structAt(session, origin);
    if (!(before instanceof Y.Item) || before.right !== null) return undefined;
    const { lastId, parentSub: key } = before;
    const map = before.parent as unknown as Y.Map<unknown>;
    const segment = this.#table.segmentOf(map);
    if (lastId.clock !== origin || segment === undefined || key === null) return undefined;
    const holder = new Holder(segment, stamp, json);
    return new Y.Item(
      Y.createID(session, clock),
      before,
      lastId,
      null,
      null,
      map as never,
      key,
      holder as never,
    );
  }

  /** Puts structs of a peer, which were made for their places, there. @returns the segments that begin with them */
  integrate(session: number, structs: readonly Y.Item[]): Segment[] {
    const known = this.#structsOf(session);
    const begun: Segment[] = [];
    for (const struct of structs) {
      if (struct.content instanceof Holder) append(known, struct);
      else begun.push(this.#appendSegment(known, struct));
    }
    return begun;
  }

  /**
   * Puts all structs of a session into their places, of which nothing was known; entries stand in the maps of their
   * segments. The list is the document's from then on. @param begins those that begin a segment
   */
  adopt(session: number, structs: Y.Item[], begins: Iterable<Y.Item>): Segment[] {
    this.#doc.store.clients.set(session, structs);
    return Array.from(begins, (struct) => this.#begin(struct));
  }

  /** Writes to a segment of this session, or to a new one, which begins with its signature. */
  write({ into, entries, sign, deletions = [] }: OwnStructs): OwnWritten {
    const session = this.ownSession;
    const begins = typeof into === "string";
    let clock = this.clockOf(session);
    const structs = this.#structsOf(session);
    const first = clock;
    const update = new EntryBytes(session);
    const segment = begins
      ? this.#appendSegment(structs, this.makeSegment({ session, clock: clock++ }, into) as Y.Item)
      : into;
    if (begins) update.segment(segment.id);
    const map = this.#table.mapOf(segment) as Y.Map<unknown>;
    const put = (key: string, holder: Holder): boolean => {
      const before = map._map.get(key) ?? null;
      const replaces = before !== null && !before.deleted;
      if (before === null) update.first(segment.firstClock, key, holder);
      else update.follower(before.lastId.clock, holder);
      const id = Y.createID(session, clock++);
      const origin = before?.lastId ?? null;
      append(structs, new Y.Item(id, before, origin, null, null, map as never, key, holder as never));
      return replaces;
    };
    const marker = sign && (holderOf(segment, sign) as Holder);
    if (marker && begins) put(MARKER_KEY, marker);
    for (const entry of entries) entry.replaces = put(entry.key, entry.holder);
    if (marker && !begins) put(MARKER_KEY, marker);
    const deleted = deletions.length > 0 ? this.delete(deletions).bySession() : undefined;
    return { segment, update: update.finish({ clock: first, structs: clock - first, deletions: deleted }) };
  }

  /** What deleting these structs comes to; undefined when Yjs has to do it. @param structs that come first */
  planDeletions(runs: readonly DeletedRun[], structs: readonly Y.Item[]): Deletion[] | undefined {
    const deletions = planDeletions(this.#doc, this.#table, runs);
    const going = new Set<unknown>();
    for (const deletion of deletions ?? []) if (deletion.begin) going.add(deletion.map);
    return going.size > 0 && structs.some(({ parent }) => going.has(parent)) ? undefined : deletions;
  }

  /** The deletion of an own segment; undefined when Yjs has to do it. */
  planEmptying(segment: Segment): Deletion[] | undefined {
    return planDeletions(this.#doc, this.#table, [
      { session: segment.session, clock: segment.firstClock, length: 1 },
    ]);
  }

  /** The deletion of an own entry; undefined when there is none. */
  planRemoval(segment: Segment, key: string): Deletion | undefined {
    const item = this.#table.mapOf(segment)?._map.get(key);
    return item && !item.deleted ? { item, segment, key } : undefined;
  }

  /** Deletes what was planned and is not deleted yet. @returns what was deleted */
  delete(deletions: readonly Deletion[]): DeletedRuns {
    const deleted = new DeletedRuns();
    for (const deletion of deletions) {
      const item = deletion.begin ?? deletion.item;
      if (item.deleted) continue;
      deleted.add(item.id);
      const structs = this.#structsOf(item.id.client);
      if (deletion.begin) deleteSegment(structs, deletion);
      else deleteEntry(structs, deletion.item);
    }
    return deleted;
  }

  /** Puts a segment into its place; its struct must be the next one of its session. */
  #appendSegment(structs: Struct[], struct: Y.Item): Segment {
    structs.push(struct);
    return this.#begin(struct);
  }

  /** Puts a segment into the root map, and into the table; its struct is in the list of its session. */
  #begin(struct: Y.Item): Segment {
    const { segment, map } = this.targetOf(struct);
    map._integrate(this.#doc, struct);
    this.#root._map.set(segment.id, struct);
    return this.#table.add(segment, map);
  }

  #segmentBegunBy(struct: Y.Item): SegmentTarget | undefined {
    const map = mapBegunBy(struct);
    const segment = map && this.#table.segmentOf(map);
    return segment && { segment, map };
  }

  #structAt(session: number, clock: number): Struct | undefined {
    const structs = this.#doc.store.clients.get(session);
    return structs?.[structIndex(structs, clock)];
  }

  /** To be added to at once: Yjs knows no session without structs. */
  #structsOf(session: number): Struct[] {
    const { clients } = this.#doc.store;
    const structs = clients.get(session) ?? [];
    if (structs.length === 0) clients.set(session, structs);
    return structs;
  }
}

/** The map that a struct begins; undefined for an entry. */
function mapBegunBy({ content }: Y.Item): Y.Map<unknown> | undefined {
  return content instanceof Y.ContentType ? (content.type as unknown as Y.Map<unknown>) : undefined;
}

/**
 * Puts an entry into its place; it must be the next struct of its session. What it overwrites is deleted and collected:
 * for a map that follows from the struct alone, so no delete set has to say it (`Item.integrate` of Yjs).
 */
function append(structs: Struct[], item: Y.Item): void {
  if (item.left !== null) {
    item.left = deleteEntry(structs, item.left);
    item.left.right = item;
  }
  (item.parent as unknown as Y.Map<unknown>)._map.set(item.parentSub as string, item);
  structs.push(item);
}
