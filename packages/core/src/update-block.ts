// One session's part of a Yjs update: its structs, from the first to the last. Checks each against what our documents
// contain, what is known here and what came before it in the same update. It must never look up what is not known.
import type { KnownSegment } from "./document/known-structs.js";
import { checkEntry } from "./entry-content.js";
import type { UpdateReader } from "./update-reader.js";
import { MAP_TYPE, ROOT } from "./document/update-format.js";

/** What the guard asks the document. `clock` is always below `clockOf(client)`. */
export interface GuardContext {
  /** The session of this process; nobody else writes structs of it. */
  readonly ownSession: number;
  /** How many structs of a session are known. */
  clockOf(client: number): number;
  /**
   * The segment whose item has this id; undefined when the struct is known but is no live segment any more (deleted
   * or collected: what is written there is collected too); "invalid" when it is some other struct.
   */
  segmentAt(client: number, clock: number): KnownSegment | undefined | "invalid";
  /** Whether a segment of this id was ever written to the root map, deleted ones too. */
  hasSegment(id: string): boolean;
  /**
   * Whether a new struct may name this one as its origin: it is the end of its key's history (no struct to the right,
   * and its last clock if it is a run of deleted ones), or it is collected. False for a segment's item.
   */
  mayFollow(client: number, clock: number): boolean;
}

/**
 * What peers may send. All replicas of a channel need the same limits: what one lets in and another refuses can never
 * reach the other.
 */
export interface GuardLimits {
  /** The JSON text of one value, bytes of UTF-8. Default 1 MiB. */
  readonly maxValueBytes: number;
  /** A key, bytes of UTF-8. Default 4,096. */
  readonly maxKeyBytes: number;
  /** Sessions in one update. Default 65,536. */
  readonly maxSessions: number;
}

/** The limits of design: a value of 1 MiB, a key of 4 KiB, 65,536 sessions in one update. */
export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  maxValueBytes: 1024 * 1024,
  maxKeyBytes: 4096,
  maxSessions: 65_536,
};

/**
 * No session's clock passes this. A forged run of collected structs may claim any future of a session; without a bound
 * well below 2^53 it would push the clock to where Yjs's own numbers fail. It bounds the clock itself and not the step
 * of one update, so that whatever is let in step by step is let in whole by the next peer. A session that writes a
 * million structs each second stays below it for 8 years.
 */
export const MAX_CLOCK = 2 ** 48;

/** A session has at most 16 digits, a segment's number too. */
const MAX_SEGMENT_ID_BYTES = 33;
const SEGMENT_NUMBER = /^(?:0|[1-9]\d{0,15})$/;

/** The info byte of a struct: its content, and whether it has a key, a right origin (0x40) and an origin. */
const CONTENT = 0x1f;
/** Yjs leaves this bit out when it cuts an update that it has not applied, and ignores it beside an origin. */
const KEYED = 0x20;
const ORIGIN = 0x80;
/** The kinds of content that our documents have. */
const COLLECTED = 0x00;
const DELETED = 0x01;
const TYPE = 0x07;
const ENTRY = 0x08;

/** Reads the id of a child of the root. @throws ChorusError protocol when it is a child of something else */
export function readSegmentId(reader: UpdateReader): string {
  if (reader.varUint() !== 1) reader.refuse("a map that is no child of the root");
  reader.expectText(ROOT);
  return reader.string(MAX_SEGMENT_ID_BYTES);
}

/** A segment that structs of the block name as their parent. */
interface BlockSegment {
  /** What is known here of a segment that is no news. */
  readonly known: KnownSegment | undefined;
  /** What is written to a deleted segment is collected at once and needs no check. */
  readonly deleted: boolean;
  /** The keys that the block writes for the first time. */
  readonly keys: Set<string>;
}

interface Run {
  readonly start: number;
  /** Exclusive. */
  end: number;
  /** The only clock that may be an origin; undefined for a run of collected structs, which may not. */
  readonly last: number | undefined;
}

export class ClientBlock {
  readonly client: number;
  /** How many structs of the session are known here, before the update. */
  readonly known: number;
  /** The clock behind the last struct read. */
  clock: number;
  /** Something is missing between what is known and the block, or it cannot be applied in part. */
  gap: boolean;
  /** Known structs with an origin that came again: Yjs splits and joins runs for each of them. */
  repeated = 0;
  readonly #reader: UpdateReader;
  readonly #context: GuardContext;
  readonly #limits: GuardLimits;
  readonly #segments = new Map<number, BlockSegment>();
  #lastParent = -1;
  #lastSegment: BlockSegment | undefined;
  #segmentIds: Set<string> | undefined;
  #followed: Set<number> | undefined;
  /** New structs of more than one clock, in clock order. */
  readonly #runs: Run[] = [];

  constructor(reader: UpdateReader, context: GuardContext, limits: GuardLimits) {
    this.#reader = reader;
    this.#context = context;
    this.#limits = limits;
    this.client = reader.varUint();
    this.clock = reader.varUint();
    this.known = context.clockOf(this.client);
    this.gap = this.clock > this.known;
  }

  /** Reads one struct. @throws ChorusError protocol for one that our documents never contain */
  struct(): void {
    const info = this.#reader.byte();
    const content = info & CONTENT;
    if (info === COLLECTED) this.#collected();
    else if (info === (TYPE | KEYED)) this.#segment(TYPE);
    else if (content !== ENTRY && content !== DELETED) this.#refuseKind(info);
    else if ((info | KEYED) === (content | KEYED | ORIGIN)) this.#follower(content);
    else if (info !== (content | KEYED)) this.#refuseKind(info);
    else if (content === DELETED && this.#isChildOfRoot()) this.#segment(DELETED);
    else this.#first(content);
  }

  #isChildOfRoot(): boolean {
    return this.#reader.bytes[this.#reader.position] === 1;
  }

  #refuseKind(info: number): never {
    return this.#reader.refuse(`a struct of kind ${info}`);
  }

  #isNew(): boolean {
    return this.clock >= this.known && !this.gap;
  }

  #advance(length: number): void {
    const end = this.clock + length;
    if (end > MAX_CLOCK) this.#reader.refuse(`a clock above ${MAX_CLOCK}`);
    this.clock = end;
  }

  #collected(): void {
    const start = Math.max(this.clock, this.known);
    this.#advance(this.#reader.length());
    if (this.clock <= start) return;
    const before = this.#runs.at(-1);
    if (before?.last === undefined && before?.end === start) before.end = this.clock;
    else this.#runs.push({ start, end: this.clock, last: undefined });
  }

  /** A child of the root: a segment, or what a deleted one leaves. */
  #segment(content: number): void {
    const reader = this.#reader;
    const id = readSegmentId(reader);
    const prefix = `${this.client}.`;
    if (!id.startsWith(prefix) || !SEGMENT_NUMBER.test(id.slice(prefix.length))) {
      reader.refuse("a segment id that is not the session's");
    }
    if (reader.varUint() !== (content === TYPE ? MAP_TYPE : 1))
      reader.refuse("a segment that is not one map");
    if (this.#isNew()) {
      this.#segmentIds ??= new Set();
      if (this.#segmentIds.has(id) || (this.known > 0 && this.#context.hasSegment(id))) {
        reader.refuse("a second segment of the same id");
      }
      this.#segmentIds.add(id);
      this.#segments.set(this.clock, { known: undefined, deleted: content === DELETED, keys: new Set() });
    }
    this.#advance(1);
  }

  /** The first struct of a key in a segment. A second one would make Yjs walk the key's whole history. */
  #first(content: number): void {
    const reader = this.#reader;
    if (reader.varUint() !== 0 || reader.varUint() !== this.client)
      reader.refuse("an entry outside a segment");
    const parent = reader.varUint();
    if (parent >= this.clock) reader.refuse("a parent that comes later");
    if (this.#isNew()) {
      const segment = this.#segmentOf(parent);
      const key = reader.string(this.#limits.maxKeyBytes);
      if (!segment.deleted) {
        const before = segment.keys.size;
        segment.keys.add(key);
        if (segment.keys.size === before || segment.known?.has(key))
          reader.refuse("a key's first entry twice");
      }
    } else reader.skipString(this.#limits.maxKeyBytes);
    this.#content(content);
  }

  #segmentOf(parent: number): BlockSegment {
    if (parent === this.#lastParent) return this.#lastSegment as BlockSegment;
    let segment = this.#segments.get(parent);
    if (!segment) {
      const known = parent < this.known ? this.#context.segmentAt(this.client, parent) : "invalid";
      if (known === "invalid") return this.#reader.refuse("a parent that is no segment");
      segment = { known, deleted: known === undefined, keys: new Set() };
      this.#segments.set(parent, segment);
    }
    this.#lastParent = parent;
    this.#lastSegment = segment;
    return segment;
  }

  /** A later struct of a key: it names the one before it, and Yjs takes segment and key from there. */
  #follower(content: number): void {
    const reader = this.#reader;
    if (reader.varUint() !== this.client) reader.refuse("an origin of another session");
    const origin = reader.varUint();
    if (origin >= this.clock) reader.refuse("an origin that comes later");
    if (this.#isNew()) {
      this.#followed ??= new Set();
      if (this.#followed.has(origin) || !this.#isEnd(origin))
        reader.refuse("an origin that is not its key's latest");
      this.#followed.add(origin);
    } else this.repeated++;
    this.#content(content);
  }

  /** Whether nothing follows the struct with this clock yet, as far as `#followed` does not say. */
  #isEnd(origin: number): boolean {
    if (origin < this.known) return this.#context.mayFollow(this.client, origin);
    if (this.#segments.has(origin)) return false;
    let low = 0;
    for (let high = this.#runs.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.end ?? 0) <= origin) low = middle + 1;
      else high = middle;
    }
    const run = this.#runs[low];
    return run === undefined || origin < run.start || origin === run.last;
  }

  #content(content: number): void {
    if (content === ENTRY) {
      checkEntry(this.#reader, this.#limits.maxValueBytes);
      this.#advance(1);
    } else this.#deleted();
  }

  /** A run of deleted entries of one key. */
  #deleted(): void {
    const start = this.clock;
    const length = this.#reader.length();
    this.#advance(length);
    if (start >= this.known) {
      if (length > 1) this.#runs.push({ start, end: this.clock, last: this.clock - 1 });
    } else if (this.clock > this.known) {
      // Yjs would hang the rest of the run behind whatever struct is known before it, of that key or another. A peer
      // that is told what is known here cuts the run there and names its origin.
      this.gap = true;
    }
  }
}
