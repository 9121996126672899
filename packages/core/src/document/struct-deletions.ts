// Deletes entries and whole segments in the store of structs as a transaction of Yjs would, with what becomes of them
// afterwards: an entry leaves an empty struct, a segment one run of collected structs. Yjs visits each struct of a segment
// several times; here it is one cut. Only for documents that nobody else listens to.
import * as Y from "yjs";
import type { Segment } from "./segment.js";
import type { SegmentTable } from "./segment-table.js";
import { structIndex } from "./struct-index.js";

export type Struct = Y.Item | Y.GC;

/** An entry that is to be deleted. */
export interface EntryDeletion {
  readonly item: Y.Item;
  readonly segment: Segment;
  readonly key: string;
  /** Tells it from a segment. */
  readonly begin?: undefined;
}

/** A segment that is to be deleted, with all that is in it. */
export interface SegmentDeletion {
  /** The struct that made it. */
  readonly begin: Y.Item;
  readonly segment: Segment;
  readonly map: Y.Map<unknown>;
}

export type Deletion = EntryDeletion | SegmentDeletion;

/** Deleted structs of a session, from `clock` on. */
export interface DeletedRun {
  readonly session: number;
  readonly clock: number;
  readonly length: number;
}

/**
 * What deleting these structs, all of them known, comes to; what is deleted already is left out.
 * @returns undefined when it is not made of whole entries and whole segments, or when one is not as our writers make it
 */
export function planDeletions(
  doc: Y.Doc,
  table: SegmentTable<Y.Map<unknown>>,
  runs: readonly DeletedRun[],
): Deletion[] | undefined {
  const deletions: Deletion[] = [];
  const going = new Set<Y.Map<unknown>>();
  for (const { session, clock, length } of runs) {
    const structs = doc.store.clients.get(session);
    if (!structs) return undefined;
    const end = clock + length;
    for (let at = structIndex(structs, clock); at < structs.length; at++) {
      const struct = structs[at] as Struct;
      if (struct.id.clock >= end) break;
      if (struct.deleted || !(struct instanceof Y.Item)) continue;
      const map = struct.parent as unknown as Y.Map<unknown>;
      if (going.has(map)) continue;
      const deletion = planned(struct, table, structs);
      if (!deletion) return undefined;
      if (deletion.begin) going.add(deletion.map);
      deletions.push(deletion);
    }
  }
  return deletions;
}

function planned(item: Y.Item, table: SegmentTable<Y.Map<unknown>>, structs: Struct[]): Deletion | undefined {
  const { content, parentSub: key } = item;
  if (content instanceof Y.ContentType) {
    const map = content.type as unknown as Y.Map<unknown>;
    const segment = table.segmentOf(map);
    return segment && isWhole(map, item, structs) ? { begin: item, segment, map } : undefined;
  }
  const segment = table.segmentOf(item.parent as unknown as Y.Map<unknown>);
  return segment && key !== null ? { item, segment, key } : undefined;
}

/** Whether all structs of a segment stand behind the one that made it, with no other between. */
function isWhole(map: Y.Map<unknown>, begin: Y.Item, structs: Struct[]): boolean {
  let inside = 0;
  for (const latest of map._map.values()) {
    for (let item: Y.Item | null = latest; item !== null; item = item.left) inside += item.length;
  }
  return inside === insideLength(map, structs, structIndex(structs, begin.id.clock) + 1);
}

/** The clocks of the structs from `first` on that are in a segment. */
function insideLength(map: Y.Map<unknown>, structs: Struct[], first: number): number {
  let length = 0;
  for (let at = first; at < structs.length; at++) {
    const struct = structs[at] as Struct;
    if (!(struct instanceof Y.Item) || (struct.parent as unknown) !== map) break;
    length += struct.length;
  }
  return length;
}

/** Deletes and collects an entry's struct; of a key that is deleted again and again in a row one struct is left. */
export function deleteEntry(structs: Struct[], item: Y.Item): Y.Item {
  if (item.deleted) return item;
  item.markDeleted();
  item.content = new Y.ContentDeleted(item.length) as never;
  const previous = item.left;
  const { clock } = item.id;
  if (!previous?.deleted || previous.id.clock + previous.length !== clock) return item;
  const at = structs.at(-1) === item ? structs.length - 1 : structIndex(structs, clock);
  if (!previous.mergeWith(item)) return item;
  // A key is deleted while it is the latest: the merged struct is so now.
  (item.parent as unknown as Y.Map<unknown>)._map.set(item.parentSub as string, previous);
  structs.splice(at, 1);
  return previous;
}

/** Deletes and collects a segment that `planDeletions` has found whole. */
export function deleteSegment(structs: Struct[], { begin, map }: SegmentDeletion): void {
  begin.markDeleted();
  begin.content = new Y.ContentDeleted(1) as never;
  // The map of a collected segment holds nothing that keeps its structs in memory.
  const children = map._map;
  map._map = new Map();
  if (children.size === 0) return;
  const first = structIndex(structs, begin.id.clock) + 1;
  let length = insideLength(map, structs, first);
  let behind = first;
  for (let left = length; left > 0; behind++) left -= (structs[behind] as Struct).length;
  // Only somebody who forges has a collected run right behind a segment: Yjs joins the two.
  const next = structs[behind];
  if (next instanceof Y.GC) {
    length += next.length;
    behind++;
  }
  const id = Y.createID(begin.id.client, begin.id.clock + 1);
  structs.splice(first, behind - first, new Y.GC(id, length));
}

/** The keys of a segment that have an entry. */
export function* liveKeys(map: Y.Map<unknown>): IterableIterator<string> {
  for (const [key, { deleted }] of map._map) if (!deleted) yield key;
}

/** Collects deleted structs, sorted into runs, for the delete set of an update. */
export class DeletedRuns {
  readonly #clocks = new Map<number, number[]>();

  add({ client, clock }: Y.ID): void {
    const clocks = this.#clocks.get(client);
    if (clocks) clocks.push(clock);
    else this.#clocks.set(client, [clock]);
  }

  /** Ascending and disjoint for each session. */
  bySession(): Map<number, DeletedRun[]> {
    const bySession = new Map<number, DeletedRun[]>();
    for (const [session, clocks] of this.#clocks) {
      const runs: { session: number; clock: number; length: number }[] = [];
      for (const clock of clocks.sort((a, b) => a - b)) {
        const last = runs.at(-1);
        if (last && last.clock + last.length === clock) last.length++;
        else runs.push({ session, clock, length: 1 });
      }
      bySession.set(session, runs);
    }
    return bySession;
  }
}
