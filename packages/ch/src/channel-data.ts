// What every type of channel can do with data. The handle, the REST server and the types that are made of other channels
// talk to this only; nothing here may know of replication, links or sockets. Types only.

/** What set, unset and the others take after their data, in the original's words. */
export interface CallDetails {
  /** Forced timestamp in milliseconds: a replicated channel writes nothing when the entry there is later. */
  readonly timestamp?: number | undefined;
  /** Passed through to subscribers. */
  readonly uuid?: string | undefined;
  /** Passed through to subscribers, and to the functions of virtual channels. */
  readonly x?: unknown;
  /** It came from an original OpenAF peer: links to originals must not push it straight back. */
  readonly origin?: "rest" | undefined;
}

/** What `checkRows` is to check rows for. */
export interface RowsCheck {
  readonly op: "set" | "unset";
  /** As in CallDetails. */
  readonly timestamp?: number | undefined;
}

/** The data of one channel. All calls are synchronous; what is refused is thrown before anything was changed. */
export interface ChannelData {
  readonly size: number;
  /** What is stored under a key; undefined when it is missing. */
  get(key: unknown, x?: unknown): unknown;
  /** Writes an entry. @returns what `$ch.set` returns: a replicated channel its key map, or undefined when it lost */
  set(key: unknown, value: unknown, details: CallDetails): unknown;
  /** Writes an entry when what is stored matches. @returns as `set`; undefined when nothing was written */
  setMatching(call: [match: unknown, key: unknown, value: unknown], details: CallDetails): unknown;
  /** Removes one entry; an absent key is fine. */
  unset(key: unknown, details: CallDetails): void;
  /** Writes rows, whole, under the fields of these names. */
  setRows(fields: unknown, rows: unknown, details: CallDetails): void;
  /** Removes the entries of rows, which need only the key fields; absent ones are ignored. */
  unsetRows(fields: unknown, rows: unknown, details: CallDetails): void;
  /**
   * Refuses what setRows, or with "unset" unsetRows, would refuse of these rows, and does nothing else. What is behind a
   * virtual channel is not asked: its rows must be such as a replicated channel takes.
   * @returns the texts of their keys, in their order
   */
  checkRows(fields: unknown, rows: unknown, details: RowsCheck): string[];
  /** The texts of all keys, in any order. */
  keyTexts(): string[];
  /** Removes and returns the value that was modified first (shift) or last (pop); undefined when empty. */
  take(end: "first" | "last"): unknown;
  keys(full?: unknown, x?: unknown): unknown[];
  sortedKeys(full?: unknown, x?: unknown): unknown[];
  values(x?: unknown): unknown[];
  /** Calls `visit` with every key and value; what it throws is thrown on. */
  forEach(visit: (key: unknown, value: unknown) => unknown): void;
}

/** A key as the channel shows it, and its value. */
export interface Entry {
  readonly key: unknown;
  readonly value: unknown;
}

/** The data of a channel with what channels made of others need besides. */
export interface EntryData extends ChannelData {
  /** `take` that tells the key too. */
  takeEntry(end: "first" | "last"): Entry | undefined;
}
