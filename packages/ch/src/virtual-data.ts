// The data of a virtual channel: wraps and checks what a call brings, lets the type carry it out, and tells the subscribers.
// It knows no type. Unlike a replicated channel it takes and gives values that are no JSON.
import {
  assertKey,
  assertValueSize,
  encodeValue,
  MAX_KEY_BYTES,
  MAX_VALUE_BYTES,
  stampOfTimestamp,
} from "@chorus/core/internal";
import type { CallDetails, Entry, EntryData, RowsCheck } from "./channel-data.js";
import { entriesOf } from "./channel-types/entries-of.js";
import type { Kind } from "./channel-types/kind.js";
import { keyText, wrapKey } from "./keys.js";
import { checkMatch } from "./matching.js";
import type { Notification } from "./subscribers.js";
import type { Operation } from "./types.js";
import { checkFieldNames, checkRows, pickKey, wrapValue } from "./wrapping.js";

/** What the data of a virtual channel works with. */
export interface VirtualDataOptions {
  /** Told of every call that was carried out. */
  readonly told: (notification: () => Notification) => void;
  /** Milliseconds by the clock here. */
  readonly now: () => number;
}

/** The data methods of `$ch` on one channel of a virtual type. */
export class VirtualData implements EntryData {
  readonly #kind: Kind;
  readonly #options: VirtualDataOptions;

  constructor(kind: Kind, options: VirtualDataOptions) {
    this.#kind = kind;
    this.#options = options;
  }

  get size(): number {
    return this.#kind.size;
  }

  get(key: unknown, x?: unknown): unknown {
    return this.#kind.get(wrapKey(key), x);
  }

  set(key: unknown, value: unknown, details: CallDetails): unknown {
    const result = this.#kind.set(wrapKey(key), wrapValue(key, value), details);
    this.#tell("set", { key, value, details });
    return result;
  }

  setMatching(
    [match, key, value]: [match: unknown, key: unknown, value: unknown],
    details: CallDetails,
  ): unknown {
    checkMatch(match);
    const result = this.#kind.setMatching([match, wrapKey(key), wrapValue(key, value)], details);
    const results: unknown[] = Array.isArray(result) ? result : [result];
    if (results.some((one) => one !== undefined)) this.#tell("set", { key, value, details });
    return result;
  }

  unset(key: unknown, details: CallDetails): void {
    this.#kind.unset(wrapKey(key), details);
    this.#tell("unset", { key, value: undefined, details });
  }

  setRows(names: unknown, values: unknown, details: CallDetails): void {
    const [fields, rows] = [checkFieldNames(names), checkRows(values)];
    if (rows.length === 0) return;
    this.#kind.setRows(fields, rows, details);
    this.#tell("setall", { key: fields, value: rows, details });
  }

  unsetRows(names: unknown, values: unknown, details: CallDetails): void {
    const [fields, rows] = [checkFieldNames(names), checkRows(values)];
    if (rows.length === 0) return;
    this.#kind.unsetRows(fields, rows, details);
    this.#tell("unsetall", { key: fields, value: rows, details });
  }

  checkRows(names: unknown, values: unknown, { op, timestamp }: RowsCheck): string[] {
    const fields = checkFieldNames(names);
    if (timestamp !== undefined && timestamp !== null) stampOfTimestamp(timestamp);
    return checkRows(values).map((row) => {
      const key = keyText(pickKey(row, fields));
      assertKey(key, MAX_KEY_BYTES);
      if (op === "set") assertValueSize(encodeValue(row), MAX_VALUE_BYTES);
      return key;
    });
  }

  keyTexts(): string[] {
    return this.keys().map((key) => keyText(wrapKey(key)));
  }

  take(end: "first" | "last"): unknown {
    return this.takeEntry(end)?.value;
  }

  takeEntry(end: "first" | "last"): Entry | undefined {
    const entry = this.#kind.takeEntry(end);
    if (entry && entry.key !== undefined) {
      this.#tell("unset", { key: entry.key, value: undefined, details: {} });
    }
    return entry;
  }

  keys(full?: unknown, x?: unknown): unknown[] {
    return this.#kind.keys(full, x);
  }

  sortedKeys(full?: unknown, x?: unknown): unknown[] {
    return this.#kind.sortedKeys(full, x);
  }

  values(x?: unknown): unknown[] {
    return this.#kind.values(x);
  }

  forEach(visit: (key: unknown, value: unknown) => unknown): void {
    this.#kind.forEach(visit);
  }

  /** What a new subscriber gets: every entry as a "set". */
  replay(): Notification[] {
    return entriesOf(this.#kind).map(([key, value]) => notificationOf("set", { key, value, details: {} }));
  }

  #tell(op: Operation, told: Told): void {
    const timestamp = told.details.timestamp ?? this.#options.now();
    this.#options.told(() => notificationOf(op, told, timestamp));
  }
}

interface Told {
  readonly key: unknown;
  readonly value: unknown;
  readonly details: CallDetails;
}

function notificationOf(op: Operation, { key, value, details }: Told, timestamp?: number): Notification {
  const { uuid, x } = details;
  return { op, key: copies(key), value: copies(value), timestamp, uuid, x };
}

/** Fresh copies of what it is now; what cannot be copied, such as a function, is handed on as it is. */
function copies(data: unknown): () => unknown {
  if (typeof data !== "object" || data === null) return () => data;
  const copy = copyOf(data);
  return () => copyOf(copy);
}

function copyOf(data: unknown): unknown {
  try {
    return structuredClone(data);
  } catch {
    return data;
  }
}
