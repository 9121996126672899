// What this replica may drop, and which of its segments to clean next (rules 4, 6 and 7). It keeps the list of keys to
// look at again; it decides from the index, outside any commit, and leaves the writing to the document.
import { MAX_BATCH_UNITS } from "../limits.js";
import { relocate } from "../rules.js";
import type { Relocation } from "./entries.js";
import type { Holder } from "./holder.js";
import type { Ownership } from "./ownership.js";
import type { Segment } from "./segment.js";
import type { SegmentDocument } from "./segment-document.js";

/** How a channel compacts its document; docs/document.md, rule 6, has the measurements behind the defaults. */
export interface CleaningLimits {
  /** A segment is sealed after this many structs at most: deleting it is one cascade that nobody can split. */
  maxSegmentStructs: number;
  /** A segment is sealed no earlier, however few entries in it are live. */
  minSegmentStructs: number;
  /** Entries moved in one update. */
  moveBatch: number;
  /** Entries dropped in one update. */
  dropBatch: number;
  /**
   * When idle, a segment with fewer dead structs than this is left alone. At least 4: cleaning itself leaves two dead
   * structs in the segment it moves to, and would never end.
   */
  minIdleDead: number;
}

export const defaultCleaningLimits: CleaningLimits = {
  maxSegmentStructs: 16_384,
  minSegmentStructs: 4_096,
  moveBatch: 200,
  dropBatch: 2_000,
  minIdleDead: 256,
};

/** A sealed segment is cleaned when its dead structs exceed this many times its live entries. */
const DEAD_PER_LIVE = 4;

export interface CleaningCounts {
  dropped: number;
  moved: number;
  cleanedSegments: number;
  takenOverSegments: number;
}

/** The way through a segment that is being cleaned. */
interface Walk {
  readonly segment: Segment;
  /** The keys left to look at; undefined when all were, and it is to be gone through once more. */
  keys: Iterator<string> | undefined;
}

export class Cleaning {
  readonly counts: CleaningCounts = { dropped: 0, moved: 0, cleanedSegments: 0, takenOverSegments: 0 };
  readonly #document: SegmentDocument;
  readonly #limits: CleaningLimits;
  readonly #dirty = new Set<string>();
  readonly #ownership: Ownership;
  #cleaned: Walk | undefined;

  constructor(document: SegmentDocument, ownership: Ownership, limits: CleaningLimits) {
    this.#document = document;
    this.#ownership = ownership;
    this.#limits = limits;
  }

  /** Keys that may have something to drop. */
  get dirtyKeys(): number {
    return this.#dirty.size;
  }

  /** A key's holders changed. */
  noteHolders(key: string, winner: Holder | undefined): void {
    if (this.#mayDrop(winner)) this.#dirty.add(key);
  }

  /** All keys are looked at again, because what is owned has changed. */
  noteEverything(): void {
    for (const [key, winner] of this.#document.index.entries()) this.noteHolders(key, winner);
  }

  /** Drops up to `limit` entries in one update. @returns the update, or undefined when nothing is to be dropped */
  drop(limit = this.#limits.dropBatch): Uint8Array | undefined {
    const relocations: Relocation[] = [];
    const { index, pendingSegment } = this.#document;
    for (const key of this.#dirty) {
      // What is set and not yet committed covers nothing for the others.
      if (index.find(key, pendingSegment)) continue;
      this.#dirty.delete(key);
      const winner = index.winner(key);
      if (!this.#mayDrop(winner)) continue;
      for (const holder of this.#document.rules.droppable(winner)) {
        relocations.push({ key, holder, moves: false });
      }
      if (relocations.length >= limit) break;
    }
    if (relocations.length === 0) return undefined;
    this.counts.dropped += relocations.length;
    return this.#document.relocate(relocations);
  }

  /** Seals the current segment when it is full, or when idle and mostly dead. */
  sealIfFull(idle: boolean): void {
    const { current } = this.#document;
    if (!current) return;
    const { minSegmentStructs, maxSegmentStructs } = this.#limits;
    const structs = this.#document.structsOf(current, undefined);
    // Larger while more of it is live, so that a live entry is moved at most once for every few that are written.
    const full = Math.min(maxSegmentStructs, Math.max(minSegmentStructs, DEAD_PER_LIVE * current.live));
    if (structs >= full || (idle && this.#isWorthCleaning(structs - current.live, current)))
      this.#document.seal();
  }

  /**
   * Moves one batch of survivors out of a segment that is being cleaned; once nothing is left to move, deletes it.
   * Call it only while nothing is set and uncommitted: what may be left behind depends on what is written above it.
   * @returns the update, or undefined when no segment is worth cleaning
   */
  clean(options: { idle: boolean; batch?: number }): Uint8Array | undefined {
    if (this.#cleaned && !this.#isMovable(this.#cleaned.segment)) this.#cleaned = undefined;
    this.#cleaned ??= this.#begin(options.idle);
    if (!this.#cleaned) return undefined;
    const { segment } = this.#cleaned;
    const relocations = this.#relocations(this.#cleaned, options.batch ?? this.#limits.moveBatch);
    if (relocations.length > 0) {
      for (const { moves } of relocations) this.counts[moves ? "moved" : "dropped"]++;
      return this.#document.relocate(relocations);
    }
    this.#cleaned = undefined;
    this.counts.cleanedSegments++;
    if (segment.session !== this.#document.ownSession) this.counts.takenOverSegments++;
    return this.#document.relocate([], segment);
  }

  /**
   * The next batch. None is left only when one and the same call has gone through the whole segment and found nothing:
   * between two calls more may arrive in it, on keys that were looked at already.
   */
  #relocations(walk: Walk, limit: number): Relocation[] {
    const relocations: Relocation[] = [];
    let size = 0;
    let isWhole = walk.keys === undefined;
    walk.keys ??= this.#keysOf(walk.segment);
    for (;;) {
      const next = walk.keys.next();
      if (next.done) {
        walk.keys = undefined;
        if (isWhole || relocations.length > 0) break;
        isWhole = true;
        walk.keys = this.#keysOf(walk.segment);
        continue;
      }
      for (const relocation of this.#relocationsOf(next.value, walk.segment)) {
        relocations.push(relocation);
        size += relocation.key.length + (relocation.holder.json?.length ?? 0);
      }
      if (relocations.length >= limit || size >= MAX_BATCH_UNITS) break;
    }
    return relocations;
  }

  #relocationsOf(key: string, segment: Segment): Relocation[] {
    const { index, rules } = this.#document;
    const holder = index.find(key, segment);
    // Below an own higher entry it goes freely, whatever happens meanwhile: the cascade that deletes the segment
    // takes it. Anything else is moved or dropped now, because what may be dropped now may not be later.
    if (!holder || holder.covered) return [];
    const { moves, dropped } = relocate(rules, index.winner(key), holder);
    return moves ? [{ key, holder, moves }] : dropped.map((each) => ({ key, holder: each, moves }));
  }

  /** A copy: the map changes while entries move out of it. */
  #keysOf(segment: Segment): Iterator<string> {
    return [...this.#document.keysOf(segment)].values();
  }

  #begin(idle: boolean): Walk | undefined {
    for (const { segment, dead, resting } of this.#sealed()) {
      const due = dead > DEAD_PER_LIVE * segment.live && (resting || segment.live === 0);
      if (!due && !(idle && this.#isWorthCleaning(dead, segment))) continue;
      return { segment, keys: undefined };
    }
    return undefined;
  }

  /** Our sealed segments that may be cleaned, oldest first, with the structs in them that are dead. */
  *#sealed(): IterableIterator<{ segment: Segment; dead: number; resting: boolean }> {
    const bySession = new Map<number, Segment[]>();
    for (const segment of this.#document.segments) {
      if (!this.#isMovable(segment)) continue;
      const segments = bySession.get(segment.session) ?? [];
      bySession.set(segment.session, segments);
      segments.push(segment);
    }
    for (const segments of bySession.values()) {
      segments.sort((a, b) => a.number - b.number);
      for (const [i, segment] of segments.entries()) {
        if (segment === this.#document.current) continue;
        const following = segments[i + 1];
        const dead = this.#document.structsOf(segment, following) - segment.live;
        // The newest sealed one rests until the next is sealed: most of it dies by itself meanwhile, and moving
        // every full segment at once cost 2.5 times as much.
        const resting = following !== undefined && following !== this.#document.current;
        yield { segment, dead, resting: resting || segment.session !== this.#document.ownSession };
      }
    }
  }

  #isMovable(segment: Segment): boolean {
    return this.#ownership.rightTo(segment.session) === "delete";
  }

  #isWorthCleaning(dead: number, segment: Segment): boolean {
    return dead >= this.#limits.minIdleDead && dead > segment.live;
  }

  /**
   * Whether the lowest-first rule can have something to say about a key. An old value under our own newer one, with
   * no other replica involved, is left to the cleaning of its segment, which costs nothing for each entry; unless that
   * segment must stay.
   */
  #mayDrop(winner: Holder | undefined): boolean {
    let own = false;
    let others = false;
    for (let holder: Holder | undefined = winner; holder; holder = holder.next) {
      const { owned, session } = holder.segment;
      if (owned) own = true;
      if (!owned || (session !== this.#document.ownSession && this.#ownership.rightTo(session) === "drop"))
        others = true;
    }
    return own && (winner?.json === undefined || others);
  }
}
