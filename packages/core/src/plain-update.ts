// Reads the plainest and by far most frequent update: new segments and entries of one session, one entry for each key,
// in segments that are live, and with them deletions of entries and of whole segments. It checks what the guard checks and takes the entries out
// in the same pass. Of anything else it says nothing: that is for the guard, which knows how to refuse. Changes nothing.
import { readEntry } from "./entry-content.js";
import { ChorusError } from "./errors.js";
import {
  DEFAULT_GUARD_LIMITS,
  type GuardLimits,
  MAP_TYPE,
  MAX_CLOCK,
  readSegmentId,
} from "./update-block.js";
import { UpdateReader } from "./update-reader.js";

/** An entry as it came. `Place` is where the document will put it. */
export interface PlainEntry<Place> {
  readonly place: Place;
  readonly stamp: number;
  /** Undefined for a tombstone. */
  readonly json: string | undefined;
}

/** New structs of one session, all of length 1, and what they bring with them to be deleted. */
export interface PlainUpdate<Target, Place, Deletion> {
  readonly session: number;
  /** The clock of the first. */
  readonly clock: number;
  /** In the order of their clocks: entries, and segments that begin with this update. */
  readonly structs: readonly (PlainEntry<Place> | Target)[];
  readonly deletions: readonly Deletion[];
}

/** Structs that an update deletes, from `clock` on. */
export interface DeletedRun {
  readonly session: number;
  readonly clock: number;
  readonly length: number;
}

/** What the reader asks the document. `Target` is a segment as the document writes to it. */
export interface PlaceFinder<Target, Place, Deletion> {
  readonly ownSession: number;
  /** How many structs of a session are known. */
  clockOf(session: number): number;
  /** The live segment whose struct has this clock; undefined when it is none. */
  liveSegment(session: number, clock: number): Target | undefined;
  /** A segment that begins at this clock; undefined when its id is not the session's, or was used before. */
  newSegment(session: number, clock: number, id: string): Target | undefined;
  /** Where the first entry of a key goes; undefined when the segment has ever held the key. */
  placeOfNew(target: Target, key: string): Place | undefined;
  /** Where an entry goes whose key's history ends at this clock; undefined when it does not, or not in a live segment. */
  placeAfter(session: number, clock: number): Place | undefined;
  /** What deleting these known structs comes to; undefined when it is more than entries and segments not written here. */
  planDeletions(
    runs: readonly DeletedRun[],
    structs: PlainUpdate<Target, Place, Deletion>["structs"],
  ): readonly Deletion[] | undefined;
}

/** The info bytes of a segment, of the first entry of a key in it, and of a later one. */
const SEGMENT = 0x27;
const FIRST = 0x28;
const FOLLOWER = 0xa8;
/** A struct takes at least 2 bytes, a delete range 2, a session's delete ranges 4. */
const STRUCT_BYTES = 2;
const RANGE_BYTES = 2;
const RANGES_BYTES = 4;

/** @returns undefined for an update that is not plain, or that the guard has to judge. Never throws. */
export function readPlainUpdate<Target, Place, Deletion>(
  update: Uint8Array,
  places: PlaceFinder<Target, Place, Deletion>,
  limits: GuardLimits = DEFAULT_GUARD_LIMITS,
): PlainUpdate<Target, Place, Deletion> | undefined {
  try {
    return new PlainReading(update, places, limits).run();
  } catch (error) {
    if (error instanceof ChorusError) return undefined;
    throw error;
  }
}

/** A segment that the update writes to, and the keys that it writes there for the first time. */
interface OpenTarget<Target> {
  readonly target: Target;
  readonly keys: Set<string>;
}

class PlainReading<Target, Place, Deletion> {
  readonly #reader: UpdateReader;
  readonly #places: PlaceFinder<Target, Place, Deletion>;
  readonly #limits: GuardLimits;
  readonly #structs: (PlainEntry<Place> | Target)[] = [];
  readonly #targets = new Map<number, OpenTarget<Target>>();
  /** The clocks that the update follows: each once. */
  readonly #followed = new Set<number>();
  #session = 0;
  /** The clock before the first struct: what comes later is of this update. */
  #known = 0;
  #lastClock = -1;
  #lastTarget: OpenTarget<Target> | undefined;

  constructor(update: Uint8Array, places: PlaceFinder<Target, Place, Deletion>, limits: GuardLimits) {
    this.#reader = new UpdateReader(update);
    this.#places = places;
    this.#limits = limits;
  }

  run(): PlainUpdate<Target, Place, Deletion> | undefined {
    const reader = this.#reader;
    if (reader.varUint() !== 1) return undefined;
    const structs = reader.count(STRUCT_BYTES);
    this.#session = reader.varUint();
    this.#known = reader.varUint();
    if (structs === 0 || this.#session === this.#places.ownSession) return undefined;
    if (this.#known !== this.#places.clockOf(this.#session)) return undefined;
    if (this.#known + structs > MAX_CLOCK) return undefined;
    for (let i = 0; i < structs; i++) if (!this.#struct()) return undefined;
    const deletions = this.#deletions();
    if (deletions === undefined || reader.remaining > 0) return undefined;
    return { session: this.#session, clock: this.#known, structs: this.#structs, deletions };
  }

  #deletions(): readonly Deletion[] | undefined {
    const reader = this.#reader;
    const sessions = reader.count(RANGES_BYTES);
    if (sessions === 0) return [];
    const runs: DeletedRun[] = [];
    const seen = new Set<number>();
    for (let i = 0; i < sessions; i++) {
      const session = reader.varUint();
      if (seen.size === seen.add(session).size) return undefined;
      const known = this.#places.clockOf(session);
      let end = 0;
      for (let left = reader.count(RANGE_BYTES); left > 0; left--) {
        const clock = reader.varUint();
        if (clock < end) return undefined;
        end = clock + reader.length();
        runs.push({ session, clock, length: end - clock });
      }
      if (end === 0 || end > known) return undefined;
    }
    return this.#places.planDeletions(runs, this.#structs);
  }

  /** @returns false for a struct that is not plain */
  #struct(): boolean {
    const info = this.#reader.byte();
    if (info === SEGMENT) return this.#segment();
    const place = info === FOLLOWER ? this.#follower() : info === FIRST ? this.#first() : undefined;
    if (place === undefined) return false;
    const { stamp, json } = readEntry(this.#reader, this.#limits.maxValueBytes);
    this.#structs.push({ place, stamp, json });
    return true;
  }

  #segment(): boolean {
    const reader = this.#reader;
    const id = readSegmentId(reader);
    if (reader.varUint() !== MAP_TYPE) return false;
    const clock = this.#known + this.#structs.length;
    const target = this.#places.newSegment(this.#session, clock, id);
    if (target === undefined) return false;
    this.#targets.set(clock, { target, keys: new Set() });
    this.#structs.push(target);
    return true;
  }

  #first(): Place | undefined {
    const reader = this.#reader;
    if (reader.varUint() !== 0 || reader.varUint() !== this.#session) return undefined;
    const open = this.#targetOf(reader.varUint());
    if (open === undefined) return undefined;
    const key = reader.string(this.#limits.maxKeyBytes);
    const before = open.keys.size;
    return open.keys.add(key).size === before ? undefined : this.#places.placeOfNew(open.target, key);
  }

  #targetOf(clock: number): OpenTarget<Target> | undefined {
    if (clock === this.#lastClock) return this.#lastTarget;
    let open = this.#targets.get(clock);
    if (open === undefined && clock < this.#known) {
      const target = this.#places.liveSegment(this.#session, clock);
      if (target !== undefined) this.#targets.set(clock, (open = { target, keys: new Set() }));
    }
    this.#lastClock = clock;
    this.#lastTarget = open;
    return open;
  }

  #follower(): Place | undefined {
    const reader = this.#reader;
    if (reader.varUint() !== this.#session) return undefined;
    const origin = reader.varUint();
    const before = this.#followed.size;
    if (origin >= this.#known || this.#followed.add(origin).size === before) return undefined;
    return this.#places.placeAfter(this.#session, origin);
  }
}
