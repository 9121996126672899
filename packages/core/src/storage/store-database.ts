// What a store needs of a database: a sorted map from texts to bytes with atomic batches. level-database.ts makes one
// of any abstract-level; the simulation has its own, on virtual time.

export type WriteOperation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: string };

/** Keys from `from` on, before `to`, in the order of their UTF-8 bytes; all keys of a store are ASCII. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** A value, undefined when there is none under the key, or why it cannot be read: then the record counts as damaged. */
export type ReadValue = Uint8Array | Error | undefined;

/** What it holds when it is opened must be as safe as a synced write: it is sent to peers as soon as it is read. */
export interface StoreDatabase {
  /** Whether `readNow` works: not in browsers. */
  readonly readsNow: boolean;
  /** The values in the order of the keys. One that cannot be read must not keep the others back. */
  readNow(keys: readonly string[]): readonly ReadValue[];
  /** The same where reading takes turns. */
  read(keys: readonly string[]): Promise<readonly ReadValue[]>;
  /** The keys of a range, in order; only the first so many with `limit`, or more. */
  keys(range: KeyRange, limit?: number): Promise<readonly string[]>;
  /**
   * Does all or nothing, then calls `done` exactly once, never within the call. After an error the batch may or may not
   * be there once the database was opened anew. @param options.sync whether it must survive the loss of power
   */
  write(
    batch: readonly WriteOperation[],
    options: { readonly sync: boolean },
    done: (error?: Error) => void,
  ): void;
  /** Deletes what is in a range, perhaps not at once; a crash may leave some of it. */
  clear(range: KeyRange, done: (error?: Error) => void): void;
  /** After a failed write: makes the database writable again, if it can be, by closing and opening it. */
  reopen(done: (error?: Error) => void): void;
  /** Resolves when the database is free for another process. */
  close(): Promise<void>;
}
