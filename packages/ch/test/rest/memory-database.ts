// A database in memory for a store on virtual time, which can be made to fail, and to be gone as after a kill.
import { type KeyRange, type ReadValue, type Runtime, Store, type StoreDatabase } from "@chorus/core";
import type { WriteOperation } from "@chorus/core";
import { StoredChannels } from "../../src/stored-channels.js";

type Done = (error?: Error) => void;

export class MemoryDatabase implements StoreDatabase {
  readonly readsNow = true;
  readonly #values: Map<string, Uint8Array>;
  readonly #runtime: Runtime;
  /** While set, every write fails with it. */
  failure: Error | undefined;
  /** How long a write takes. */
  writeMs = 1;
  /** Called after every write. */
  written: () => void = () => undefined;
  #isDead = false;

  constructor(runtime: Runtime, values: Iterable<readonly [string, Uint8Array]> = []) {
    this.#runtime = runtime;
    this.#values = new Map(values);
  }

  /** The process ends without a word. @returns what the next one finds */
  killed(): MemoryDatabase {
    this.#isDead = true;
    return new MemoryDatabase(this.#runtime, this.#values);
  }

  copy(): MemoryDatabase {
    return new MemoryDatabase(this.#runtime, this.#values);
  }

  /** Flips a byte of values, chosen by their keys and, 0 for the last, their places among those of their folder. @returns how many */
  damage(isMeant: (key: string, place: number) => boolean): number {
    const keys = [...this.#values.keys()].sort();
    const folderOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));
    const damaged = keys.filter((key) => {
      const folder = keys.filter((other) => folderOf(other) === folderOf(key));
      return isMeant(key, folder.length - 1 - folder.indexOf(key));
    });
    for (const key of damaged) {
      const value = this.#values.get(key)?.slice() ?? new Uint8Array(1);
      value[value.length - 1] = (value.at(-1) ?? 0) ^ 1;
      this.#values.set(key, value);
    }
    return damaged.length;
  }

  readNow(keys: readonly string[]): ReadValue[] {
    return keys.map((key) => this.#values.get(key));
  }

  async read(keys: readonly string[]): Promise<ReadValue[]> {
    return this.readNow(keys);
  }

  async keys({ from, to }: KeyRange, limit = Number.POSITIVE_INFINITY): Promise<string[]> {
    const keys = [...this.#values.keys()].filter((key) => key >= from && key < to);
    return keys.sort().slice(0, limit);
  }

  write(batch: readonly WriteOperation[], _options: object, done: Done): void {
    // As a disk does it: later, and all or nothing.
    this.#later(this.writeMs, done, () => {
      for (const operation of batch) {
        if (operation.type === "put") this.#values.set(operation.key, operation.value);
        else this.#values.delete(operation.key);
      }
      this.written();
    });
  }

  clear({ from, to }: KeyRange, done: Done): void {
    this.#later(1, done, () => {
      for (const key of [...this.#values.keys()]) if (key >= from && key < to) this.#values.delete(key);
    });
  }

  reopen(done: Done): void {
    this.#later(1, done, () => undefined);
  }

  async close(): Promise<void> {}

  #later(delayMs: number, done: Done, task: () => void): void {
    this.#runtime.after(delayMs, () => {
      if (this.#isDead) return;
      if (this.failure) return done(this.failure);
      task();
      done();
    });
  }
}

/** The channels of a store on this database. */
export async function storedChannels(
  database: MemoryDatabase,
  { runtime, place = "here" }: { runtime: Runtime; place?: string },
): Promise<StoredChannels> {
  const store = await Store.open(database, { runtime, place });
  const ignore = (): void => undefined;
  return new StoredChannels({ store, runtime, onOpened: ignore, onLoss: ignore });
}
