// A session of which nothing is known here, as far as its structs have been read: they are made, and entries stand in
// the maps of their segments, which nobody has. So all of it can be put into its place at once, or be dropped. It takes
// new segments and first entries only; what follows on something else is not for it.
import type * as Y from "yjs";
import type { EntryStructs, ReadStruct, SegmentTarget } from "./entry-structs.js";
import type { Segment } from "./segment.js";
import type { Deletion } from "./struct-deletions.js";

/** One session of an answer that is read ahead. Makes structs as `StructMaker` says, for one update after the other. */
export class ComingSession {
  readonly session: number;
  /** See `StructMaker`: a key that is given twice is found by `makeFirst`. */
  readonly findsTwins = true;
  readonly #document: EntryStructs;
  /** By clock: all structs have length 1, and the first clock is 0. */
  readonly #structs: Y.Item[] = [];
  /** Those that begin a segment, by clock. */
  readonly #begins = new Map<number, Y.Item>();
  readonly #ids = new Set<string>();
  /** So many structs are kept; the others are of an update that is being read. */
  #kept = 0;
  #isPlaced = false;

  constructor(session: number, document: EntryStructs) {
    this.session = session;
    this.#document = document;
  }

  get ownSession(): number {
    return this.#document.ownSession;
  }

  /** Where the next update begins. */
  clockOf(session: number): number {
    return session === this.session ? this.#structs.length : -1;
  }

  liveSegment(_session: number, clock: number): SegmentTarget | undefined {
    const begin = this.#begins.get(clock);
    return begin && this.targetOf(begin);
  }

  makeSegment(read: ReadStruct, id: string): Y.Item | undefined {
    if (this.#ids.has(id)) return undefined;
    const struct = this.#document.makeSegment(read, id);
    if (!struct) return undefined;
    this.#ids.add(id);
    this.#begins.set(read.clock, struct);
    this.#structs.push(struct);
    return struct;
  }

  targetOf(struct: Y.Item): SegmentTarget {
    return this.#document.targetOf(struct);
  }

  makeFirst(read: ReadStruct, target: SegmentTarget, key: string): Y.Item | undefined {
    const struct = this.#document.makeFirst(read, target, key);
    if (!struct) return undefined;
    target.map._map.set(key, struct);
    this.#structs.push(struct);
    return struct;
  }

  makeFollower(): undefined {
    return undefined;
  }

  planDeletions(): readonly Deletion[] | undefined {
    return undefined;
  }

  /** The update that was read last is one of those that can be put into their places. */
  keep(): void {
    this.#kept = this.#structs.length;
  }

  /** It is not: nothing is left of it. */
  undo(): void {
    for (const struct of this.#structs.splice(this.#kept)) {
      const { parentSub, parent, id } = struct;
      if (this.#begins.delete(id.clock)) this.#ids.delete(parentSub as string);
      else (parent as unknown as Y.Map<unknown>)._map.delete(parentSub as string);
    }
  }

  /** Whether the update that begins with this clock is the next one here. */
  isNext(clock: number): boolean {
    return this.#isPlaced || (clock === 0 && this.#document.clockOf(this.session) === 0);
  }

  /** Puts all that was kept into its place, once. @returns the segments that begin with it */
  place(): Segment[] {
    if (this.#isPlaced) return [];
    this.#isPlaced = true;
    return this.#document.adopt(this.session, this.#structs, this.#begins.values());
  }
}
