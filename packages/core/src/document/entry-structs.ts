// Puts entries into the store of structs as Yjs itself would within a transaction, and leaves out what a transaction does
// besides: decoding into generic objects, looking for conflicts that a segment with one writer cannot have, sets of what
// changed for observers that nobody has. Independent of the number of sessions, too. Must only be used on a document
// that nobody else listens to, for entries that are the next structs of their session.
import * as Y from "yjs";
import type { PendingEntry } from "./entries.js";
import { EntryUpdate } from "./entry-update.js";
import { Holder } from "./holder.js";
import { type Segment, sessionOfSegment } from "./segment.js";
import type { SegmentTable } from "./segment-table.js";
import { MARKER_KEY } from "./signatures.js";

type Struct = Y.Item | Y.GC;

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

/** New structs of one session, in the order of their clocks. */
export interface StructRun {
  readonly session: number;
  /** The clock of the first. */
  readonly clock: number;
  readonly structs: readonly (PlacedEntry | SegmentTarget)[];
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
  integrate({ session, clock, structs }: StructRun): Holder[] {
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

  /**
   * Writes own entries, to a segment of this session or to one that begins with them and its marker.
   * @returns the update to store and send
   */
  write(target: SegmentTarget, entries: readonly PendingEntry[], marker?: Holder): Uint8Array {
    const session = this.ownSession;
    let clock = this.clockOf(session);
    const structs = this.#structsOf(session);
    const { segment, map } = target;
    const update = new EntryUpdate(session, clock, entries.length + (marker ? 2 : 0));
    const put = (key: string, holder: Holder): void => {
      const before = map._map.get(key) ?? null;
      if (before === null) update.first(segment.firstClock, key, holder);
      else update.follower(before.lastId.clock, holder);
      append(structs, { target, key, before }, Y.createID(session, clock++), holder);
    };
    if (marker) {
      update.segment(segment.id);
      this.#begin(structs, target, Y.createID(session, clock++));
      put(MARKER_KEY, marker);
    }
    for (const { key, holder } of entries) put(key, holder);
    return update.finish();
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
  const before = place.before === null ? null : overwritten(structs, place.before);
  const origin = before === null ? null : before.lastId;
  const item = new Y.Item(id, before, origin, null, null, target.map as never, key, holder as never);
  if (before !== null) before.right = item;
  target.map._map.set(key, item);
  structs.push(item);
}

/** Deletes and collects an entry's struct; of a key that is overwritten again and again in a row one struct is left. */
function overwritten(structs: Struct[], item: Y.Item): Y.Item {
  if (item.deleted) return item;
  item.markDeleted();
  item.content = new Y.ContentDeleted(item.length) as never;
  const previous = item.left;
  const { clock } = item.id;
  if (!previous?.deleted || previous.id.clock + previous.length !== clock) return item;
  const at = structs.at(-1) === item ? structs.length - 1 : Y.findIndexSS(structs, clock);
  if (!previous.mergeWith(item)) return item;
  structs.splice(at, 1);
  return previous;
}
