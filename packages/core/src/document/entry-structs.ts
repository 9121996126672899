// Puts entries into the store of structs as Yjs itself would within a transaction, and leaves out what a transaction does
// besides: decoding into generic objects, looking for conflicts that a segment with one writer cannot have, sets of what
// changed for observers that nobody has. Independent of the number of sessions, too. Must only be used on a document
// that nobody else listens to, for entries that are the next structs of their session.
import * as Y from "yjs";
import { EntryUpdate } from "./entry-update.js";
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

/** A segment as entries are put into it. */
export interface SegmentTarget {
  readonly segment: Segment;
  readonly map: Y.Map<unknown>;
  /** Tells it from an entry. */
  readonly place?: undefined;
}

/** Where an entry goes. */
export interface EntryPlace {
  readonly target: SegmentTarget;
  readonly key: string;
  /** The end of the key's history in the segment; null for a key that was never written there. */
  readonly before: Y.Item | null;
}

/** An entry of a peer and where it goes. */
export interface PlacedEntry {
  readonly place: EntryPlace;
  readonly stamp: number;
  /** Undefined for a tombstone. */
  readonly json: string | undefined;
}

/** What an update of a peer comes to. */
export interface StructRun {
  readonly session: number;
  /** The clock of the first struct. */
  readonly clock: number;
  /** New ones, in the order of their clocks. */
  readonly structs: readonly (PlacedEntry | SegmentTarget)[];
  /** What goes then, but for what is overwritten. */
  readonly deletions: readonly Deletion[];
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
  readonly target: SegmentTarget;
  /** The target's first entry, for one that begins with this commit. */
  readonly begin?: Holder | undefined;
  readonly entries: readonly OwnEntry[];
  /** Signs the segment anew, after the entries. */
  readonly sign?: Holder | undefined;
  readonly deletions?: readonly Deletion[];
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
    if (!(struct instanceof Y.Item) || struct.deleted || !(struct.content instanceof Y.ContentType))
      return undefined;
    return this.#target(struct.content.type as unknown as Y.Map<unknown>);
  }

  /** A segment that is to begin at this clock; undefined when its id is not the session's, or was used before. */
  newSegment(session: number, clock: number, id: string): SegmentTarget | undefined {
    if (sessionOfSegment(id) !== session || this.#root._map.has(id)) return undefined;
    return { segment: this.#table.create(id, clock), map: new Y.Map<unknown>() };
  }

  /** Where the first entry of a key goes; undefined when the segment has ever held the key. */
  placeOfNew(target: SegmentTarget, key: string): EntryPlace | undefined {
    return target.map._map.has(key) ? undefined : { target, key, before: null };
  }

  /** Where an entry goes whose key's history ends at this clock; undefined when it does not, or not in a live segment. */
  placeAfter(session: number, clock: number): EntryPlace | undefined {
    const before = this.#structAt(session, clock);
    if (!(before instanceof Y.Item) || before.right !== null || before.lastId.clock !== clock)
      return undefined;
    const target = this.#target(before.parent as unknown as Y.Map<unknown>);
    return target && before.parentSub !== null ? { target, key: before.parentSub, before } : undefined;
  }

  /** Adds structs of a peer, which were read and found to be in their places. @returns the holders of the entries */
  integrate({ session, clock, structs }: Omit<StructRun, "deletions">): Holder[] {
    const known = this.#structsOf(session);
    const holders: Holder[] = [];
    let next = clock;
    for (const struct of structs) {
      const id = Y.createID(session, next++);
      if (struct.place === undefined) this.#begin(known, struct, id);
      else {
        const holder = new Holder(struct.place.target.segment, struct.stamp, struct.json);
        append(known, struct.place, id, holder);
        holders.push(holder);
      }
    }
    return holders;
  }

  /** Writes structs of this session. @returns the update to store and send */
  write({ target, begin, entries, sign, deletions = [] }: OwnStructs): Uint8Array {
    const session = this.ownSession;
    let clock = this.clockOf(session);
    const structs = this.#structsOf(session);
    const { segment, map } = target;
    const update = new EntryUpdate(session, clock, entries.length + (begin ? 2 : 0) + (sign ? 1 : 0));
    const put = (key: string, holder: Holder): boolean => {
      const before = map._map.get(key) ?? null;
      const replaces = before !== null && !before.deleted;
      if (before === null) update.first(segment.firstClock, key, holder);
      else update.follower(before.lastId.clock, holder);
      append(structs, { target, key, before }, Y.createID(session, clock++), holder);
      return replaces;
    };
    if (begin) {
      update.segment(segment.id);
      this.#begin(structs, target, Y.createID(session, clock++));
      put(MARKER_KEY, begin);
    }
    for (const entry of entries) entry.replaces = put(entry.key, entry.holder);
    if (sign) put(MARKER_KEY, sign);
    return deletions.length === 0 ? update.finish() : update.finish(this.delete(deletions).bySession());
  }

  /** What deleting these structs comes to; undefined when Yjs has to do it. */
  planDeletions(runs: readonly DeletedRun[], structs: StructRun["structs"]): Deletion[] | undefined {
    const deletions = planDeletions(this.#doc, this.#table, runs);
    const going = new Set<Segment>();
    for (const { begin, segment } of deletions ?? []) if (begin) going.add(segment);
    if (going.size === 0) return deletions;
    const isWritten = structs.some((struct) =>
      going.has((struct.place?.target ?? (struct as SegmentTarget)).segment),
    );
    return isWritten ? undefined : deletions;
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

  /** Puts a segment into the root map, and into the table. */
  #begin(structs: Struct[], { segment, map }: SegmentTarget, id: Y.ID): void {
    const item = new Y.Item(
      id,
      null,
      null,
      null,
      null,
      this.#root as never,
      segment.id,
      new Y.ContentType(map as never),
    );
    map._integrate(this.#doc, item);
    this.#root._map.set(segment.id, item);
    structs.push(item);
    this.#table.add(segment, map);
  }

  #target(map: Y.Map<unknown>): SegmentTarget | undefined {
    const segment = this.#table.segmentOf(map);
    return segment && { segment, map };
  }

  #structAt(session: number, clock: number): Struct | undefined {
    const structs = this.#doc.store.clients.get(session);
    return structs?.[Y.findIndexSS(structs, clock)];
  }

  /** To be added to at once: Yjs knows no session without structs. */
  #structsOf(session: number): Struct[] {
    const { clients } = this.#doc.store;
    const structs = clients.get(session) ?? [];
    if (structs.length === 0) clients.set(session, structs);
    return structs;
  }
}

/**
 * Appends an entry, which must be the next struct of its session. What it overwrites is deleted and collected: for a map
 * that follows from the struct alone, so no delete set has to say it (`Item.integrate` of Yjs).
 */
function append(structs: Struct[], place: EntryPlace, id: Y.ID, holder: Holder): void {
  const { key, target } = place;
  const before = place.before === null ? null : deleteEntry(structs, place.before);
  const origin = before === null ? null : before.lastId;
  const item = new Y.Item(id, before, origin, null, null, target.map as never, key, holder as never);
  if (before !== null) before.right = item;
  target.map._map.set(key, item);
  structs.push(item);
}
