// A StoreDatabase over any database of the abstract-level family: classic-level, memory-level, browser-level. It knows
// nothing of channels, and throws nothing that its interface does not announce.
import type { KeyRange, ReadValue, StoreDatabase, WriteOperation } from "./store-database.js";
import { toError } from "./store-failures.js";

const ENCODING = { keyEncoding: "utf8", valueEncoding: "view" } as const;

type Encoding = typeof ENCODING;
type KeyEncoding = Pick<Encoding, "keyEncoding">;
interface LevelRange extends KeyEncoding {
  gte: string;
  lt: string;
}
type LevelOperation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

/**
 * A database of the abstract-level family, version 2 or later, open or opening, whatever its own encodings. Written
 * down here, because to name its type would make everybody install that package.
 */
export interface AnyLevel {
  readonly supports: object;
  open(): Promise<void>;
  close(): Promise<void>;
  getSync?(key: string, options: Encoding): Uint8Array | undefined;
  get(key: string, options: Encoding): Promise<Uint8Array | undefined>;
  getMany(keys: string[], options: Encoding): Promise<(Uint8Array | undefined)[]>;
  keys(options: LevelRange & { limit: number }): { all(): Promise<string[]> };
  batch(operations: LevelOperation[], options: Encoding & { sync: boolean }): Promise<void>;
  clear(options: LevelRange): Promise<void>;
}

type Done = (error?: Error) => void;

export class LevelDatabase implements StoreDatabase {
  readonly readsNow: boolean;
  readonly #level: AnyLevel;
  #isClosed = false;

  /** @param level belongs to this from now on: it is closed, and opened anew after a failure */
  constructor(level: AnyLevel) {
    this.#level = level;
    this.readsNow = (level.supports as { getSync?: boolean }).getSync === true;
  }

  readNow(keys: readonly string[]): ReadValue[] {
    return keys.map((key) => {
      try {
        return this.#level.getSync?.(key, ENCODING);
      } catch (thrown) {
        return toError(thrown);
      }
    });
  }

  async read(keys: readonly string[]): Promise<ReadValue[]> {
    try {
      return await this.#level.getMany([...keys], ENCODING);
    } catch {
      // One of them is unreadable: the others are not.
      const values: ReadValue[] = [];
      for (const key of keys) values.push(await this.#level.get(key, ENCODING).catch(toError));
      return values;
    }
  }

  keys({ from, to }: KeyRange, limit = -1): Promise<string[]> {
    return this.#level.keys({ gte: from, lt: to, limit, keyEncoding: "utf8" }).all();
  }

  write(batch: readonly WriteOperation[], { sync }: { readonly sync: boolean }, done: Done): void {
    const operations = batch.map((operation) =>
      operation.type === "put" ? operation : ({ type: "del", key: operation.key } as const),
    );
    // `sync` is an option of classic-level; others take no notice.
    const options = { ...ENCODING, sync };
    answer(() => this.#level.batch(operations, options), done);
  }

  clear({ from, to }: KeyRange, done: Done): void {
    answer(() => this.#level.clear({ gte: from, lt: to, keyEncoding: "utf8" }), done);
  }

  reopen(done: Done): void {
    answer(async () => {
      await this.#level.close();
      // Whoever closed it meanwhile wants it closed.
      if (this.#isClosed) throw new Error("the database was closed");
      await this.#level.open();
    }, done);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#level.close();
  }
}

/** Calls back in a later turn, also when the task throws at once. */
function answer(task: () => Promise<unknown>, done: Done): void {
  const run = async (): Promise<void> => {
    let error: Error | undefined;
    try {
      await task();
    } catch (thrown) {
      error = toError(thrown);
    }
    done(error);
  };
  void run();
}
