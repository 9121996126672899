// The methods of a channel handle that read and write data, documented. Types only.
import type { Match, Stored, StoredKey } from "./types.js";

/**
 * What a handle does with data. All of it is synchronous. Keys and values are JSON: others are refused with invalid-key
 * or invalid-value, and nothing is written. What is given may be changed later, and what is returned is a copy. Virtual
 * channels pass on what their functions take and return, whatever it is.
 */
export interface DataMethods<Key = unknown, Value = unknown> {
  size(): number;

  /**
   * Writes an entry. `timestamp` (milliseconds) forces its time: nothing is written when the entry there is later.
   * `uuid` and `x` are handed to subscribers. @returns the key map, or undefined when nothing was written
   */
  set(key: Key, value: Value, timestamp?: number, uuid?: string, x?: unknown): StoredKey<Key> | undefined;

  /** `set` without the extras, chainable. */
  push(key: Key, value: Value): this;

  /**
   * Writes rows, each whole, under the fields named by `keyNames`. All rows are checked before any is written; above
   * 2,000 peers may see a part of them for a moment. Of rows with the same key the last stays.
   */
  setAll(
    keyNames: readonly string[],
    rows: readonly Value[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void;

  /** Removes the entries of rows, which need only the key fields. Absent ones are ignored. */
  unsetAll(
    keyNames: readonly string[],
    rows: readonly object[],
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): void;

  /** What is stored under a key: for a value that is no object, `{ key, value }`. */
  get(key: Key | StoredKey<Key>, x?: unknown): Stored<Key, Value> | undefined;

  /**
   * Writes only when what is stored matches: a map of fields it must have, or a function of it. Atomic in this
   * process only. @returns the key map, or undefined when nothing was written: then nobody is notified either
   */
  getSet(
    match: Match<Key, Value>,
    key: Key,
    value: Value,
    timestamp?: number,
    uuid?: string,
    x?: unknown,
  ): StoredKey<Key> | undefined;

  /** Removes an entry; an absent key is fine. */
  unset(key: Key | StoredKey<Key>, timestamp?: number, uuid?: string, x?: unknown): this;

  /** Removes and returns the entry modified last; undefined when empty. Atomic in this process only. */
  pop(): Stored<Key, Value> | undefined;

  /** Removes and returns the entry modified first; undefined when empty. Atomic in this process only. */
  shift(): Stored<Key, Value> | undefined;

  /** All values, the one written longest ago first. */
  getAll(x?: unknown): Stored<Key, Value>[];

  /** All key maps, the one written longest ago first. */
  getKeys(full?: boolean, x?: unknown): StoredKey<Key>[];

  /** The same as `getKeys`, which is sorted by time already. */
  getSortedKeys(full?: boolean, x?: unknown): StoredKey<Key>[];

  /** Calls `visit` with every key map and value as they are now. What it throws is an "error" event; the rest follow. */
  forEach(visit: (key: StoredKey<Key>, value: Stored<Key, Value>) => unknown): this;
}
