// The data of a replicated channel: wrapping, key equality, orders, returns and notifications as in the original's "simple"
// type. Synchronous throughout; knows nothing of registries, links or sockets.
import type { Channel, JsonValue } from "@chorus/core";
import { stampOfTimestamp } from "@chorus/core/internal";
import type { CallDetails, EntryData, RowsCheck } from "./channel-data.js";
import { keyText, parseKeyText, wrapKey } from "./keys.js";
import { checkMatch, matches } from "./matching.js";
import type { ModificationOrder } from "./modification-order.js";
import type { Row } from "./row-keys.js";
import type { Notification } from "./subscribers.js";
import type { KeyMap, Operation } from "./types.js";
import { checkFieldNames, checkRows, pickKey, snapshot, tellsKey, wrapValue } from "./wrapping.js";

/** What the data of a replicated channel is made of. */
export interface ReplicatedDataParts {
  readonly channel: Channel;
  readonly order: ModificationOrder;
  /**
   * Told of every call that was carried out: the keys it changed, each as often as it did, and what subscribers get,
   * made when there are any.
   */
  readonly wrote: (
    keys: readonly string[],
    notification: () => Notification,
    origin: CallDetails["origin"],
  ) => void;
}

/** The data methods of `$ch` on one channel of core. */
export class ReplicatedData implements EntryData {
  readonly #channel: Channel;
  readonly #order: ModificationOrder;
  readonly #wrote: ReplicatedDataParts["wrote"];

  constructor({ channel, order, wrote }: ReplicatedDataParts) {
    this.#channel = channel;
    this.#order = order;
    this.#wrote = wrote;
  }

  get size(): number {
    return this.#channel.size;
  }

  get(key: unknown): JsonValue | undefined {
    return this.#channel.get(keyText(wrapKey(key)));
  }

  set(key: unknown, value: unknown, details: CallDetails): KeyMap | undefined {
    const text = keyText(wrapKey(key));
    if (!this.#channel.set(text, wrapValue(key, value), writeOptions(details))) return undefined;
    this.#tell("set", { keys: [text], key, value, details });
    return parseKeyText(text);
  }

  setMatching(
    [match, key, value]: [match: unknown, key: unknown, value: unknown],
    details: CallDetails,
  ): KeyMap | undefined {
    checkMatch(match);
    writeOptions(details);
    const present = this.get(key);
    if (present === undefined || !matches(present, match)) return undefined;
    return this.set(key, value, details);
  }

  unset(key: unknown, details: CallDetails): void {
    const text = keyText(wrapKey(key));
    const removed = this.#channel.delete(text, writeOptions(details));
    // Still there: a forced timestamp did not win.
    if (!removed && this.#channel.has(text)) return;
    this.#tell("unset", { keys: removed ? [text] : [], key, value: undefined, details });
  }

  /** All rows are checked before any is written. */
  setRows(names: unknown, values: unknown, details: CallDetails): void {
    const { fields, rows } = rowsOf(names, values);
    const entries = rows.map(({ key, row }) => [key, row] as const);
    const wrote = this.#channel.update(entries, writeOptions(details));
    const told = wrote === rows.length ? rows : rows.filter(({ key }) => this.#holds(key, details));
    if (told.length === 0) return;
    this.#tell("setall", { keys: keysOf(told), key: fields, value: told.map(({ row }) => row), details });
  }

  unsetRows(names: unknown, values: unknown, details: CallDetails): void {
    const { fields, rows } = rowsOf(names, values);
    const present = new Set(keysOf(rows).filter((key) => this.#channel.has(key)));
    this.#channel.update(
      rows.map(({ key }) => [key, undefined] as const),
      writeOptions(details),
    );
    const told = rows.filter(({ key }) => !this.#channel.has(key));
    if (told.length === 0) return;
    // Of the rows only the key fields were checked, so only they are handed on.
    const value = told.map(({ keyMap }) => keyMap);
    const keys = [...present].filter((key) => !this.#channel.has(key));
    this.#tell("unsetall", { keys, key: fields, value, details });
  }

  checkRows(names: unknown, values: unknown, { op, timestamp }: RowsCheck): string[] {
    const { rows } = rowsOf(names, values);
    const entries = rows.map(({ key, row }) => [key, op === "set" ? row : undefined] as const);
    this.#channel.check(entries, writeOptions({ timestamp }));
    return keysOf(rows);
  }

  keyTexts(): string[] {
    return [...this.#channel.keys("any")];
  }

  take(end: "first" | "last"): JsonValue | undefined {
    return this.takeEntry(end)?.value;
  }

  takeEntry(end: "first" | "last"): { key: KeyMap; value: JsonValue | undefined } | undefined {
    const text = end === "first" ? this.#order.oldest() : this.#order.newest();
    if (text === undefined) return undefined;
    const value = this.#channel.get(text);
    this.#channel.delete(text);
    this.#tell("unset", { keys: [text], key: parseKeyText(text), value: undefined, details: {} });
    return { key: parseKeyText(text), value };
  }

  /** Key maps, the one written longest ago first. */
  keys(): KeyMap[] {
    return Array.from(this.#channel.keys("stamp"), parseKeyText);
  }

  /** The same as `keys`, which are sorted by time already. */
  sortedKeys(): KeyMap[] {
    return this.keys();
  }

  /** Values, the one written longest ago first. */
  values(): JsonValue[] {
    return Array.from(this.#channel.entries("stamp"), ([, value]) => value);
  }

  /** Visits the entries as they are now, the one written longest ago first. */
  forEach(visit: (key: unknown, value: unknown) => unknown): void {
    for (const [text, value] of [...this.#channel.entries("stamp")]) visit(parseKeyText(text), value);
  }

  /** What a new subscriber gets: every entry as a "set", with its time. */
  replay(): Notification[] {
    return Array.from(this.#channel.entries("stamp"), ([text, value]) => ({
      op: "set" as const,
      key: () => parseKeyText(text),
      value: () => value,
      timestamp: this.#channel.timestampOf(text),
      uuid: undefined,
      x: undefined,
    }));
  }

  /**
   * Tells of rows that were written: of those that tell their key in these fields in one call, of the others one by one.
   */
  tellRows(
    fields: readonly string[],
    { rows, timestamp }: { rows: readonly Row[]; timestamp?: number },
  ): void {
    const isTold = ({ key, row }: Row): boolean => tellsKey(key, row, fields);
    const together = rows.filter(isTold);
    const details = timestamp === undefined ? {} : { timestamp };
    if (together.length > 0) {
      const value = together.map(({ row }) => row);
      this.#tell("setall", { keys: keysOf(together), key: fields, value, details });
    }
    for (const row of rows) {
      if (isTold(row)) continue;
      this.#tell("set", { keys: [row.key], key: row.keyMap, value: row.row, details });
    }
  }

  /** Whether a row's entry is the one just written: with a forced timestamp a later one may have stayed. */
  #holds(key: string, { timestamp }: CallDetails): boolean {
    return timestamp === undefined || timestamp === null || this.#channel.timestampOf(key) === timestamp;
  }

  #tell(op: Operation, { keys, key, value, details }: Told): void {
    const notification = (): Notification => ({
      op,
      key: snapshot(key),
      value: snapshot(value),
      timestamp: details.timestamp ?? this.#channel.runtime.now(),
      uuid: details.uuid,
      x: details.x,
    });
    this.#wrote(keys, notification, details.origin);
  }
}

interface Told {
  readonly keys: readonly string[];
  readonly key: unknown;
  readonly value: unknown;
  readonly details: CallDetails;
}

function keysOf(rows: readonly Row[]): string[] {
  return rows.map(({ key }) => key);
}

function rowsOf(names: unknown, values: unknown): { fields: readonly string[]; rows: Row[] } {
  const fields = checkFieldNames(names);
  const rows = checkRows(values).map((row) => {
    const keyMap = pickKey(row, fields);
    return { key: keyText(keyMap), keyMap, row };
  });
  return { fields, rows };
}

/** @throws ChorusError invalid-timestamp, also where nothing would be written */
function writeOptions({ timestamp }: CallDetails): { timestampMs?: number } {
  if (timestamp === undefined || timestamp === null) return {};
  stampOfTimestamp(timestamp);
  return { timestampMs: timestamp };
}
