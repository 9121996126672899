// Change events: what a turn wrote or a peer sent, handed to listeners after it, in order, outside every transaction.
import { Emitter } from "./emitter.js";
import { ChorusError, type ErrorCode } from "./errors.js";
import type { Progress } from "./progress.js";
import { parseValue, type JsonValue } from "./value.js";
import { timestampOfStamp } from "./stamp.js";

/** One key that changed. The values are parsed when they are asked for. */
export interface Change {
  readonly key: string;
  /** The value now; undefined after a deletion. */
  readonly value: JsonValue | undefined;
  /** The value before; undefined when there was none. */
  readonly previous: JsonValue | undefined;
  /** When it was written, by the clock of its writer, in milliseconds since 1970. */
  readonly timestampMs: number;
}

/** What changed together: the local writes of one turn, or one update of a peer. */
export interface ChangeBatch {
  readonly origin: "local" | "remote";
  readonly changes: readonly Change[];
}

/** What a channel tells its listeners. */
export interface ChannelEvents {
  change: ChangeBatch;
  error: ChorusError;
  /** The store begins to refuse writes, and says why; or it takes them again. */
  store: { readonly failure: ChorusError | undefined };
  /** How far long work has come: a few times a second at most, and at its end. Short work is not told of. */
  progress: Progress;
}

/** The events of a channel. What a listener throws becomes an error event. */
export class ChannelEmitter extends Emitter<ChannelEvents> {
  #reporting = false;

  constructor() {
    super((cause) => this.#listenerFailed(cause));
  }

  report(code: ErrorCode, message: string, cause: unknown): void {
    this.emit("error", new ChorusError(code, message, { cause }));
  }

  #listenerFailed(cause: unknown): void {
    // A failing error listener must not be told of its own failure for ever.
    if (this.#reporting) return;
    this.#reporting = true;
    this.report("listener-failed", "a listener threw", cause);
    this.#reporting = false;
  }
}

/** A change that keeps the JSON texts and parses one only when asked. */
export class EntryChange implements Change {
  readonly key: string;
  readonly #before: Winner;
  readonly #after: Winner;

  constructor(key: string, before: Winner, after: Winner) {
    this.key = key;
    this.#before = before;
    this.#after = after;
  }

  get value(): JsonValue | undefined {
    return this.#after?.json === undefined ? undefined : parseValue(this.#after.json);
  }

  get previous(): JsonValue | undefined {
    return this.#before?.json === undefined ? undefined : parseValue(this.#before.json);
  }

  get timestampMs(): number {
    return timestampOfStamp(this.#after?.stamp ?? this.#before?.stamp ?? 0);
  }
}

/** What the index knows of a key's winner before or after a change. */
type Winner = { readonly stamp: number; readonly json: string | undefined } | undefined;

export interface ChangeRecorderOptions {
  soon: (task: () => void) => void;
  /** Whether anybody wants changes; without, none are recorded. */
  isWanted: () => boolean;
  deliver: (batch: ChangeBatch) => void;
}

/** Collects changes and delivers them at the end of the turn, batch by batch. */
export class ChangeRecorder {
  #batches: { origin: "local" | "remote"; changes: Change[] }[] = [];
  #origin: "local" | "remote" = "local";
  #opensBatch = false;
  #scheduled = false;
  #closed = false;
  readonly #options: ChangeRecorderOptions;

  constructor(options: ChangeRecorderOptions) {
    this.#options = options;
  }

  /** Runs `work`, which applies updates from outside: the changes it makes are one remote batch. */
  asRemote(work: () => void): void {
    this.#origin = "remote";
    this.#opensBatch = true;
    try {
      work();
    } finally {
      this.#origin = "local";
      this.#opensBatch = false;
    }
  }

  /** The winner of a key changed. A change from no value to no value is none. */
  record(key: string, before: Winner, after: Winner): void {
    if (!this.#options.isWanted()) return;
    if (before?.json === undefined && after?.json === undefined) return;
    const change = new EntryChange(key, before, after);
    const last = this.#batches.at(-1);
    if (last?.origin === this.#origin && !this.#opensBatch) last.changes.push(change);
    else this.#batches.push({ origin: this.#origin, changes: [change] });
    this.#opensBatch = false;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.soon(() => this.#flush());
  }

  /** Nothing is delivered any more. */
  close(): void {
    this.#closed = true;
    this.#batches = [];
  }

  #flush(): void {
    this.#scheduled = false;
    const batches = this.#batches;
    this.#batches = [];
    for (const batch of batches) if (!this.#closed) this.#options.deliver(batch);
  }
}
