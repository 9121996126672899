// Change events: what a turn wrote or a peer sent, handed to listeners after it, in order, outside every transaction.
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

/** A change that keeps the JSON texts and parses one only when asked. */
export class EntryChange implements Change {
  readonly key: string;
  readonly #after: string | undefined;
  readonly #before: string | undefined;
  readonly #stamp: number;

  constructor(key: string, texts: { before: string | undefined; after: string | undefined }, stamp: number) {
    this.key = key;
    this.#before = texts.before;
    this.#after = texts.after;
    this.#stamp = stamp;
  }

  get value(): JsonValue | undefined {
    return this.#after === undefined ? undefined : parseValue(this.#after);
  }

  get previous(): JsonValue | undefined {
    return this.#before === undefined ? undefined : parseValue(this.#before);
  }

  get timestampMs(): number {
    return timestampOfStamp(this.#stamp);
  }
}

/** Collects changes and delivers them at the end of the turn, batch by batch. */
export class ChangeQueue {
  #batches: { origin: "local" | "remote"; changes: Change[] }[] = [];
  #scheduled = false;
  #closed = false;
  readonly #soon: (task: () => void) => void;
  readonly #deliver: (batch: ChangeBatch) => void;

  constructor(soon: (task: () => void) => void, deliver: (batch: ChangeBatch) => void) {
    this.#soon = soon;
    this.#deliver = deliver;
  }

  /** @param opensBatch true for the first change of a peer's update */
  add(origin: "local" | "remote", change: Change, opensBatch: boolean): void {
    const last = this.#batches.at(-1);
    if (last?.origin === origin && !opensBatch) last.changes.push(change);
    else this.#batches.push({ origin, changes: [change] });
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#soon(() => this.#flush());
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
    for (const batch of batches) if (!this.#closed) this.#deliver(batch);
  }
}
