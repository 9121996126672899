// The guard: one pass over the bytes of an update, before Yjs sees them (docs/document.md, "the guard"). It lets in
// what our documents contain and nothing else: many a well-formed update hangs Yjs or breaks the document for good.
//
// Whatever it lets in, in whatever pieces, the guard of a fresh peer must let in as a whole: else one forged update
// would cut off everybody who joins later. So every check holds for a part of a document as for the whole of it.
import {
  ClientBlock,
  DEFAULT_GUARD_LIMITS,
  type GuardContext,
  type GuardLimits,
  MAX_CLOCK,
} from "./update-block.js";
import { UpdateReader } from "./update-reader.js";
import { BLOCK_BYTES, RANGES_BYTES, RANGE_BYTES, STRUCT_BYTES } from "./document/update-format.js";

export { type GuardContext, type GuardLimits, MAX_CLOCK } from "./update-block.js";

/**
 * An update that brings news may repeat this many known structs that have an origin. For each of them Yjs may split a
 * run of deleted structs and join it again, at a cost that grows with the session: 40,000 took 1.3 s. Above it, asking
 * for a diff is cheaper.
 */
const MAX_REPEATED = 1000;

/** What the guard says of an update that it does not refuse. */
export type Verdict =
  | {
      readonly kind: "accepted";
      /** Session to its clock after the update, for those that it advances. */
      readonly advanced: Map<number, number>;
      /** Whether it deletes anything, known to be deleted or not. */
      readonly deletes: boolean;
    }
  /** Not to be applied: something before it is missing here. The sender is to be asked for a diff. */
  | { readonly kind: "gap" };

/**
 * Checks the bytes of a Yjs update, version 1, against what is known. Changes nothing. An accepted update with nothing
 * advanced and nothing deleted is no news and should not be applied.
 * @param limits default `DEFAULT_GUARD_LIMITS`
 * @throws ChorusError protocol, saying what our documents never contain and where it stands
 */
export function inspectUpdate(
  update: Uint8Array,
  context: GuardContext,
  limits?: Partial<GuardLimits>,
): Verdict {
  const all = limits ? { ...DEFAULT_GUARD_LIMITS, ...limits } : DEFAULT_GUARD_LIMITS;
  return new Inspection(update, context, all).run();
}

class Inspection {
  readonly #reader: UpdateReader;
  readonly #context: GuardContext;
  readonly #limits: GuardLimits;
  /** The clock of each session of the update once it is applied. */
  readonly #clocks = new Map<number, number>();
  readonly #advanced = new Map<number, number>();
  #gap = false;
  #deletes = false;
  #repeated = 0;

  constructor(update: Uint8Array, context: GuardContext, limits: GuardLimits) {
    this.#reader = new UpdateReader(update);
    this.#context = context;
    this.#limits = limits;
  }

  run(): Verdict {
    const blocks = this.#reader.count(BLOCK_BYTES);
    if (blocks > this.#limits.maxSessions)
      this.#reader.refuse(`more than ${this.#limits.maxSessions} sessions`);
    for (let i = 0; i < blocks; i++) this.#block();
    this.#deleteSet();
    if (this.#reader.remaining > 0) this.#reader.refuse("bytes after the end");
    const isNews = this.#advanced.size > 0 || this.#deletes;
    if (this.#gap || (isNews && this.#repeated > MAX_REPEATED)) return { kind: "gap" };
    return { kind: "accepted", advanced: this.#advanced, deletes: this.#deletes };
  }

  #block(): void {
    const structs = this.#reader.count(STRUCT_BYTES);
    if (structs === 0) this.#reader.refuse("a session without structs");
    const block = new ClientBlock(this.#reader, this.#context, this.#limits);
    const { client, known } = block;
    if (this.#clocks.has(client)) this.#reader.refuse("a session twice");
    for (let i = 0; i < structs; i++) block.struct();
    if (block.clock > known) {
      if (client === this.#context.ownSession)
        this.#reader.refuse("structs of this very session, not written by it");
      this.#advanced.set(client, block.clock);
    }
    this.#clocks.set(client, Math.max(block.clock, known));
    this.#gap ||= block.gap;
    this.#repeated += block.repeated;
  }

  #deleteSet(): void {
    const sessions = this.#reader.count(RANGES_BYTES);
    let seen: Set<number> | undefined;
    for (let i = 0; i < sessions; i++) {
      const client = this.#reader.varUint();
      seen ??= new Set();
      if (seen.has(client)) this.#reader.refuse("a session's deletions twice");
      seen.add(client);
      this.#deleteRanges(client);
    }
  }

  /** Ranges ascend and do not touch the same struct twice: Yjs walks each range, so repeated ones multiply. */
  #deleteRanges(client: number): void {
    const reader = this.#reader;
    const ranges = reader.count(RANGE_BYTES);
    if (ranges === 0) reader.refuse("a session without deletions");
    let end = 0;
    for (let i = 0; i < ranges; i++) {
      const start = reader.varUint();
      if (start < end) reader.refuse("delete ranges that overlap or are out of order");
      end = start + reader.length();
    }
    if (end > MAX_CLOCK) reader.refuse(`deletions above ${MAX_CLOCK}`);
    this.#deletes = true;
    if (end <= (this.#clocks.get(client) ?? this.#context.clockOf(client))) return;
    if (client === this.#context.ownSession) reader.refuse("deletions of what this session has not written");
    this.#gap = true;
  }
}
