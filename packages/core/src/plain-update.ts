// Reads the plainest and by far most frequent update: new segments and entries of one session, one entry for each key,
// in segments that are live, and with them deletions of entries and of whole segments. It checks what the guard checks
// and takes the entries out in the same pass. Of anything else it says nothing: that is for the guard, which knows how
// to refuse. Changes nothing.
import type { DeletedRun } from "./document/struct-deletions.js";
import { type EntryContent, readEntry } from "./entry-content.js";
import { ChorusError } from "./errors.js";
import { DEFAULT_GUARD_LIMITS, type GuardLimits, MAX_CLOCK, readSegmentId } from "./update-block.js";
import { UpdateReader } from "./update-reader.js";
import {
  FIRST,
  FOLLOWER,
  MAP_TYPE,
  RANGES_BYTES,
  RANGE_BYTES,
  SEGMENT,
  STRUCT_BYTES,
} from "./document/update-format.js";

/** New structs of one session, all of length 1, and what they bring with them to be deleted. */
export interface PlainUpdate<Struct, Deletion> {
  readonly session: number;
  /** The clock of the first. */
  readonly clock: number;
  /** In the order of their clocks, made but not yet in their places. */
  readonly structs: readonly Struct[];
  readonly deletions: readonly Deletion[];
}

/** The struct that is being read: its id, and what it says when it is an entry. Used for one after the other. */
export interface ReadStruct extends EntryContent {
  readonly session: number;
  readonly clock: number;
}

/** What the reader asks the document. It makes structs and changes nothing. `Target` is a segment to be written to. */
export interface StructMaker<Target, Struct, Deletion> {
  readonly ownSession: number;
  /** Whether `makeFirst` itself finds a key that one update gives twice. */
  readonly findsTwins?: boolean;
  /** How many structs of a session are known. */
  clockOf(session: number): number;
  /** The live segment whose struct has this clock; undefined when it is none. */
  liveSegment(session: number, clock: number): Target | undefined;
  /** The struct that begins a segment; undefined when the segment's id is not the session's, or was used before. */
  makeSegment(read: ReadStruct, id: string): Struct | undefined;
  /** The segment that such a struct begins. */
  targetOf(struct: Struct): Target;
  /** The first entry of a key in a segment; undefined when that has ever held the key. */
  makeFirst(read: ReadStruct, target: Target, key: string): Struct | undefined;
  /** An entry that follows the known one at `origin`; undefined when that is not the latest of its key in a live segment. */
  makeFollower(read: ReadStruct, origin: number): Struct | undefined;
  /** What deleting these known structs comes to; undefined when it is more than entries and segments not written here. */
  planDeletions(runs: readonly DeletedRun[], structs: readonly Struct[]): readonly Deletion[] | undefined;
}

/** @returns undefined for an update that is not plain, or that the guard has to judge. Never throws. */
export function readPlainUpdate<Target, Struct, Deletion>(
  update: Uint8Array,
  maker: StructMaker<Target, Struct, Deletion>,
  limits: GuardLimits = DEFAULT_GUARD_LIMITS,
): PlainUpdate<Struct, Deletion> | undefined {
  try {
    return new PlainReading(update, maker, limits).run();
  } catch (error) {
    if (error instanceof ChorusError) return undefined;
    throw error;
  }
}

/** A segment that the update writes to, and the keys that it writes there for the first time, if that has to be known. */
interface OpenTarget<Target> {
  readonly target: Target;
  readonly keys: Set<string> | undefined;
}

class PlainReading<Target, Struct, Deletion> {
  readonly #reader: UpdateReader;
  readonly #maker: StructMaker<Target, Struct, Deletion>;
  readonly #limits: GuardLimits;
  readonly #structs: Struct[] = [];
  readonly #targets = new Map<number, OpenTarget<Target>>();
  /** The clocks that the update follows, and the segments that it begins: each once. */
  readonly #followed = new Set<number>();
  readonly #begun = new Set<string>();
  readonly #read = { session: 0, clock: 0, stamp: 0, json: undefined };
  /** The clock before the first struct: what comes later is of this update. */
  #known = 0;
  #lastClock = -1;
  #lastTarget: OpenTarget<Target> | undefined;

  constructor(update: Uint8Array, maker: StructMaker<Target, Struct, Deletion>, limits: GuardLimits) {
    this.#reader = new UpdateReader(update);
    this.#maker = maker;
    this.#limits = limits;
  }

  run(): PlainUpdate<Struct, Deletion> | undefined {
    const reader = this.#reader;
    if (reader.varUint() !== 1) return undefined;
    const count = reader.count(STRUCT_BYTES);
    const session = reader.varUint();
    this.#known = reader.varUint();
    if (count === 0 || session === this.#maker.ownSession) return undefined;
    if (this.#known !== this.#maker.clockOf(session) || this.#known + count > MAX_CLOCK) return undefined;
    this.#read.session = session;
    for (let i = 0; i < count; i++) {
      this.#read.clock = this.#known + i;
      const struct = this.#struct();
      if (struct === undefined) return undefined;
      this.#structs.push(struct);
    }
    const deletions = this.#deletions();
    if (deletions === undefined || reader.remaining > 0) return undefined;
    return { session, clock: this.#known, structs: this.#structs, deletions };
  }

  /** @returns undefined for a struct that is not plain */
  #struct(): Struct | undefined {
    const info = this.#reader.byte();
    if (info === FOLLOWER) return this.#follower();
    if (info === FIRST) return this.#first();
    return info === SEGMENT ? this.#segment() : undefined;
  }

  #segment(): Struct | undefined {
    const id = readSegmentId(this.#reader);
    const before = this.#begun.size;
    if (this.#reader.varUint() !== MAP_TYPE || this.#begun.add(id).size === before) return undefined;
    const struct = this.#maker.makeSegment(this.#read, id);
    if (struct === undefined) return undefined;
    this.#targets.set(this.#read.clock, this.#open(this.#maker.targetOf(struct)));
    return struct;
  }

  #first(): Struct | undefined {
    const reader = this.#reader;
    if (reader.varUint() !== 0 || reader.varUint() !== this.#read.session) return undefined;
    const open = this.#targetAt(reader.varUint());
    if (open === undefined) return undefined;
    const key = reader.string(this.#limits.maxKeyBytes);
    const { keys } = open;
    const before = keys?.size;
    if (keys?.add(key) && keys.size === before) return undefined;
    readEntry(reader, this.#limits.maxValueBytes, this.#read);
    return this.#maker.makeFirst(this.#read, open.target, key);
  }

  #open(target: Target): OpenTarget<Target> {
    return { target, keys: this.#maker.findsTwins ? undefined : new Set() };
  }

  #targetAt(clock: number): OpenTarget<Target> | undefined {
    if (clock === this.#lastClock) return this.#lastTarget;
    let open = this.#targets.get(clock);
    if (open === undefined && clock < this.#known) {
      const target = this.#maker.liveSegment(this.#read.session, clock);
      if (target !== undefined) {
        open = this.#open(target);
        this.#targets.set(clock, open);
      }
    }
    this.#lastClock = clock;
    this.#lastTarget = open;
    return open;
  }

  #follower(): Struct | undefined {
    const reader = this.#reader;
    if (reader.varUint() !== this.#read.session) return undefined;
    const origin = reader.varUint();
    const before = this.#followed.size;
    if (origin >= this.#known || this.#followed.add(origin).size === before) return undefined;
    readEntry(reader, this.#limits.maxValueBytes, this.#read);
    return this.#maker.makeFollower(this.#read, origin);
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
      const known = session === this.#read.session ? this.#known : this.#maker.clockOf(session);
      let end = 0;
      for (let left = reader.count(RANGE_BYTES); left > 0; left--) {
        const clock = reader.varUint();
        if (clock < end) return undefined;
        end = clock + reader.length();
        runs.push({ session, clock, length: end - clock });
      }
      if (end === 0 || end > known) return undefined;
    }
    return this.#maker.planDeletions(runs, this.#structs);
  }
}
