// Writes structs of one session into bytes as Yjs would, to the byte: new entries, and those that a diff is cut from. All
// writers use one buffer, so each must be through before the next begins, and what it wrote is copied out.
import { utf8TextEncoder } from "lib0/string";
import type { DeletedRun } from "./struct-deletions.js";
import {
  ANY_ARRAY,
  ANY_FLOAT32,
  ANY_FLOAT64,
  ANY_INTEGER,
  ANY_STRING,
  FIRST,
  FOLLOWER,
  MAP_TYPE,
  MAX_ANY_INTEGER,
  ROOT,
  SEGMENT,
} from "./update-format.js";

/** A session's id may take 8 bytes, a clock 7, and with tags and lengths an entry has fewer than this besides its texts. */
const ENTRY_BYTES = 64;
/** Bytes of UTF-8 for one UTF-16 code unit, at most. */
const BYTES_PER_UNIT = 3;
/** Up to this many code units are copied here; calling the platform's encoder costs more. */
const SHORT_TEXT_UNITS = 64;

/** Used by one update after the other, and copied out of: most updates are small. */
let scratch = new Uint8Array(16 * 1024);
let view = new DataView(scratch.buffer);
/** A scratch above this is given back after use. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024;

/** The parts of an entry that are written. */
export interface WrittenEntry {
  readonly stamp: number;
  readonly json: string | undefined;
}

/** What was written, and what it deletes besides. */
interface WrittenUpdate {
  readonly clock: number;
  readonly structs: number;
  readonly deletions?: ReadonlyMap<number, readonly DeletedRun[]> | undefined;
}

const NOTHING: ReadonlyMap<number, readonly DeletedRun[]> = new Map();

/** An update's head stands before the structs and is written last; it takes fewer bytes than this. */
const HEAD_BYTES = 32;

/** Structs of one session that follow each other, as an update. */
export class EntryBytes {
  /** The session's id as it stands before every reference. */
  readonly #session: Uint8Array;
  #position = 0;

  constructor(session: number) {
    this.varUint(session);
    this.#session = scratch.slice(0, this.#position);
    this.#position = HEAD_BYTES;
  }

  /** How many bytes the structs take so far. */
  get length(): number {
    return this.#position - HEAD_BYTES;
  }

  /** A segment begins. */
  segment(id: string): void {
    this.reserve(id);
    scratch[this.#position++] = SEGMENT;
    this.varUint(1);
    this.#text(ROOT);
    this.#text(id);
    this.varUint(MAP_TYPE);
  }

  /** The first entry of a key in a segment, whose struct has this clock. */
  first(segmentClock: number, key: string, entry: WrittenEntry): void {
    this.reserve(key, entry.json);
    scratch[this.#position++] = FIRST;
    this.varUint(0);
    this.#sessionId();
    this.varUint(segmentClock);
    this.#text(key);
    this.#content(entry);
  }

  /** An entry of a key whose history ends at this clock. */
  follower(origin: number, entry: WrittenEntry): void {
    this.reserve("", entry.json);
    scratch[this.#position++] = FOLLOWER;
    this.#sessionId();
    this.varUint(origin);
    this.#content(entry);
  }

  /** Structs that Yjs has written. */
  append(structs: Uint8Array): void {
    this.#grow(structs.length);
    scratch.set(structs, this.#position);
    this.#position += structs.length;
  }

  /** A whole number that is not negative. There must be room, which every struct leaves. */
  varUint(number: number): void {
    let rest = number;
    for (; rest > 127; rest = Math.floor(rest / 128)) scratch[this.#position++] = (rest & 127) | 128;
    scratch[this.#position++] = rest;
  }

  /** Makes room for an entry with these texts, or for a few numbers. */
  reserve(key = "", json = ""): void {
    this.#grow((key.length + json.length) * BYTES_PER_UNIT);
  }

  /**
   * The update with the deletions, which are empty by default: what an entry overwrites in its segment is deleted by the
   * entry itself, and what is in a segment with it, so neither is named. The writer is of no use any more.
   * @param structs how many were written; never 0. The first has the clock `clock`
   */
  finish({ clock, structs, deletions = NOTHING }: WrittenUpdate): Uint8Array {
    this.#deletions(deletions);
    const end = this.#position;
    this.#position = 0;
    this.varUint(1);
    this.varUint(structs);
    this.#sessionId();
    this.varUint(clock);
    const from = HEAD_BYTES - this.#position;
    scratch.copyWithin(from, 0, this.#position);
    const update = scratch.slice(from, end);
    if (scratch.length > MAX_KEPT_BYTES) replaceScratch(16 * 1024);
    return update;
  }

  #deletions(deletions: ReadonlyMap<number, readonly DeletedRun[]>): void {
    this.reserve();
    this.varUint(deletions.size);
    for (const [session, runs] of deletions) {
      this.reserve();
      this.varUint(session);
      this.varUint(runs.length);
      for (const { clock, length } of runs) {
        this.reserve();
        this.varUint(clock);
        this.varUint(length);
      }
    }
  }

  #grow(bytes: number): void {
    const needed = this.#position + ENTRY_BYTES + bytes;
    if (needed > scratch.length) replaceScratch(needed * 2);
  }

  #sessionId(): void {
    const session = this.#session;
    for (let i = 0; i < session.length; i++) scratch[this.#position++] = session[i] as number;
  }

  #content({ stamp, json }: WrittenEntry): void {
    scratch[this.#position++] = 1;
    scratch[this.#position++] = ANY_ARRAY;
    scratch[this.#position++] = json === undefined ? 1 : 2;
    this.#stamp(stamp);
    if (json === undefined) return;
    scratch[this.#position++] = ANY_STRING;
    this.#text(json);
  }

  /** A number as lib0 writes it: the guard takes no other form. */
  #stamp(stamp: number): void {
    if (stamp <= MAX_ANY_INTEGER) {
      scratch[this.#position++] = ANY_INTEGER;
      // lib0's signed form: six bits and the mark of more in the first byte.
      scratch[this.#position++] = (stamp & 0x3f) | (stamp > 0x3f ? 0x80 : 0);
      if (stamp > 0x3f) this.varUint(Math.floor(stamp / 64));
    } else if (Math.fround(stamp) === stamp) {
      scratch[this.#position++] = ANY_FLOAT32;
      view.setFloat32(this.#position, stamp);
      this.#position += 4;
    } else {
      scratch[this.#position++] = ANY_FLOAT64;
      view.setFloat64(this.#position, stamp);
      this.#position += 8;
    }
  }

  #text(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT_UNITS) {
      const bytes = scratch;
      const lengthAt = this.#position;
      let at = lengthAt + 1;
      let seen = 0;
      for (let i = 0; i < length; i++) {
        const unit = text.charCodeAt(i);
        seen |= unit;
        bytes[at++] = unit;
      }
      if (seen < 0x80) {
        bytes[lengthAt] = length;
        this.#position = at;
        return;
      }
    }
    // Where the text ends is known only afterwards; its length stands before it and takes a few bytes.
    const from = this.#position + 5;
    const { written } = utf8TextEncoder.encodeInto(text, scratch.subarray(from));
    this.varUint(written);
    scratch.copyWithin(this.#position, from, from + written);
    this.#position += written;
  }
}

function replaceScratch(bytes: number): void {
  const larger = new Uint8Array(bytes);
  larger.set(scratch.subarray(0, Math.min(scratch.length, bytes)));
  scratch = larger;
  view = new DataView(larger.buffer);
}
