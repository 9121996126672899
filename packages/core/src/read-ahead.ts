// Reads a large answer ahead: parts of sessions that nothing is known of here are guarded, and their structs made, while
// others are still on their way. It changes nothing, since nothing of an answer may be applied before its last part has
// come (rule 8); what it has read of a part is used when that is applied, if it still fits then.
import { ComingSession } from "./document/coming-session.js";
import type { EntryStructs, StructRun } from "./document/entry-structs.js";
import { ChorusError } from "./errors.js";
import { readPlainUpdate } from "./plain-update.js";
import type { Runtime } from "./runtime.js";
import { readHead } from "./update-plan.js";

/** What was read of a part; `coming` holds more, and is put into its place with the first part. */
interface ComingRun extends StructRun {
  readonly coming: ComingSession;
}

/** An answer whose parts are still coming. */
export interface AnswerReading {
  /** There is more to read, in turns to come. @param parts all that have come so far, in their order */
  continue(parts: readonly Uint8Array[]): void;
  /** No more is read: all have come, or none will. To be called once, or no other answer of the channel is read ahead. */
  end(): void;
}

/** So much of an answer is read ahead: what is made of it takes up to 15 times the memory, and may have to be dropped. */
const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Reading has turns of its own, this short: what it makes is collected in them, which takes longer than they do, and in one
 * with what the inbox does both would be felt.
 */
const TURN_MS = 2;

/** What was read ahead of the answers of one channel, of one at a time: several peers must not fill the memory. */
export class ReadAhead {
  readonly #structs: EntryStructs | undefined;
  readonly #runtime: Runtime;
  readonly #runs = new WeakMap<Uint8Array, ComingRun>();
  #isReading = false;

  /** @param structs undefined for a document into which nothing can be put past Yjs: nothing is read ahead then */
  constructor(structs: EntryStructs | undefined, runtime: Runtime) {
    this.#structs = structs;
    this.#runtime = runtime;
  }

  /** Reads nothing while another answer is being read. */
  open(): AnswerReading {
    const structs = this.#structs;
    if (!structs || this.#isReading) return NO_READING;
    this.#isReading = true;
    const ended = (): void => {
      this.#isReading = false;
    };
    return new Reading({ structs, runtime: this.#runtime, runs: this.#runs, ended });
  }

  /** What was read of a part that is to be applied now; undefined when it was not read, or does not fit any more. */
  runOf(part: Uint8Array): StructRun | undefined {
    const run = this.#runs.get(part);
    return run?.coming.isNext(run.clock) ? run : undefined;
  }
}

interface ReadingOptions {
  readonly structs: EntryStructs;
  readonly runtime: Runtime;
  /** What is read of a part is put here. */
  readonly runs: WeakMap<Uint8Array, ComingRun>;
  readonly ended: () => void;
}

const NO_READING: AnswerReading = { continue: () => undefined, end: () => undefined };

class Reading implements AnswerReading {
  readonly #options: ReadingOptions;
  #parts: readonly Uint8Array[] = [];
  #isScheduled = false;
  /** One at a time, from its first clock: what is put into its place as one is one piece of the answer. */
  #coming: ComingSession | undefined;
  #read = 0;
  #bytes = 0;

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  continue(parts: readonly Uint8Array[]): void {
    this.#parts = parts;
    this.#schedule();
  }

  end(): void {
    this.#parts = [];
    this.#leave();
    this.#options.ended();
  }

  get #hasMore(): boolean {
    return this.#read < this.#parts.length && this.#bytes <= MAX_BYTES;
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#hasMore) return;
    this.#isScheduled = true;
    this.#options.runtime.later(() => {
      this.#isScheduled = false;
      this.#work();
      this.#schedule();
    });
  }

  #work(): void {
    const { runtime } = this.#options;
    const endsAt = runtime.elapsed() + TURN_MS;
    while (this.#hasMore) {
      const part = this.#parts[this.#read++] as Uint8Array;
      this.#bytes += part.length;
      this.#add(part);
      if (runtime.elapsed() >= endsAt) return;
    }
  }

  #add(part: Uint8Array): void {
    const coming = this.#comingOf(part);
    const plain = coming && readPlainUpdate(part, coming);
    if (!coming || !plain) return this.#leave();
    coming.keep();
    this.#options.runs.set(part, { ...plain, coming });
  }

  /** No more is read of the session. */
  #leave(): void {
    this.#coming?.undo();
    this.#coming = undefined;
  }

  /** The session of a part, if it can be read ahead. */
  #comingOf(part: Uint8Array): ComingSession | undefined {
    const session = sessionOf(part);
    if (session === undefined) return undefined;
    if (this.#coming?.session === session) return this.#coming;
    this.#leave();
    const { structs } = this.#options;
    if (structs.clockOf(session) > 0) return undefined;
    this.#coming = new ComingSession(session, structs);
    return this.#coming;
  }
}

/** Undefined for a part without structs, or one that will be refused. */
function sessionOf(part: Uint8Array): number | undefined {
  try {
    return readHead(part)?.session;
  } catch (error) {
    if (error instanceof ChorusError) return undefined;
    throw error;
  }
}
