// A database in memory on which things go wrong as planned: writes that fail or hang, values that are damaged, crashes
// that keep only the beginning of what was done. Strict with its user: what its interface forbids throws.
import type { KeyRange, ReadValue, StoreDatabase, WriteOperation } from "../src/index.js";

type Done = (error?: Error) => void;

/** What was done to the data in one atomic step. */
export interface Step {
  readonly operations: readonly WriteOperation[];
  /** It survives the loss of power, and so does all before it. */
  readonly sync: boolean;
  /** Of a range that is being cleared: key by key, so that a crash can leave some. */
  readonly isClearing: boolean;
}

export interface FaultyDatabaseOptions {
  /** Answers come in a later turn of this. Default setImmediate. */
  later?: ((task: () => void) => void) | undefined;
  /** What was done to it in an earlier life. */
  steps?: readonly Step[] | undefined;
  /** False: it can be read in turns only. */
  readsNow?: boolean | undefined;
}

export class FaultyDatabase implements StoreDatabase {
  readonly readsNow: boolean;
  /** All that was done so far: the data are what these make. */
  readonly steps: Step[];
  /** While set, every write and every reopening fails with it. */
  failure: Error | undefined;
  /** While true, writes are not answered, nor done. */
  isHanging = false;
  /** Throws in the call instead of answering, as long as `failure` is set. */
  throwsAtOnce = false;
  /** Answers twice: first as it is, then with an error. */
  answersTwice = false;
  /** The next batch that fails turns out to be there when the database is opened anew. */
  keepsFailed = false;
  /** Keys whose values cannot be read. */
  readonly unreadable = new Set<string>();
  /** Writes and reopenings that were asked for, whatever became of them. */
  writes = 0;
  reopenings = 0;
  /** Keys whose values were asked for. */
  reads = 0;
  isClosed = false;
  readonly #later: (task: () => void) => void;
  readonly #values = new Map<string, Uint8Array>();
  #needsReopening = false;
  #doubtful: Step[] = [];
  #hanging: (() => void)[] = [];
  #underWay = 0;

  constructor(options: FaultyDatabaseOptions = {}) {
    this.#later = options.later ?? ((task) => void setImmediate(task));
    this.readsNow = options.readsNow ?? true;
    this.steps = [...(options.steps ?? [])];
    for (const step of this.steps) this.#apply(step);
  }

  /** The batches that were written, without what was cleared. */
  get batches(): Step[] {
    return this.steps.filter((step) => !step.isClearing);
  }

  /** All keys, sorted. */
  get allKeys(): string[] {
    return [...this.#values.keys()].sort();
  }

  /** The keys that begin so, sorted. */
  keysWith(prefix: string): string[] {
    return this.allKeys.filter((key) => key.startsWith(prefix));
  }

  /** The database as a crash leaves it that keeps only the first so many steps. Default: all of them. */
  crashed(kept = this.steps.length): FaultyDatabase {
    return new FaultyDatabase({
      steps: this.steps.slice(0, kept),
      later: this.#later,
      readsNow: this.readsNow,
    });
  }

  /** As the loss of power leaves it: only what was synced, and all before. */
  withoutPower(): FaultyDatabase {
    return this.crashed(this.steps.findLastIndex((step) => step.sync) + 1);
  }

  value(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  /** Puts something else in the place of a value; undefined loses the record. Not a step: a crash does not undo it. */
  damage(key: string, value?: Uint8Array): void {
    if (!this.#values.has(key)) throw new Error(`there is nothing under ${key}`);
    const operation: WriteOperation = value ? { type: "put", key, value } : { type: "delete", key };
    this.#do({ operations: [operation], sync: true, isClearing: true });
  }

  /** Turns over one bit of a value, by default in its middle. */
  flip(key: string, at?: number): void {
    const value = this.#values.get(key)?.slice() ?? new Uint8Array();
    const index = at ?? value.length >> 1;
    value[index] = (value[index] ?? 0) ^ 1;
    this.damage(key, value);
  }

  /** Answers what hung, and hangs no more. */
  release(): void {
    this.isHanging = false;
    for (const task of this.#hanging.splice(0)) this.#later(task);
  }

  readNow(keys: readonly string[]): ReadValue[] {
    if (!this.readsNow) throw new Error("readNow of a database that reads in turns only");
    return this.#read(keys);
  }

  read(keys: readonly string[]): Promise<ReadValue[]> {
    return new Promise((resolve) => this.#later(() => resolve(this.#read(keys))));
  }

  keys({ from, to }: KeyRange, limit?: number): Promise<string[]> {
    assertAscii([from, to]);
    const found = this.allKeys.filter((key) => key >= from && key < to);
    return new Promise((resolve) => this.#later(() => resolve(found.slice(0, limit))));
  }

  write(batch: readonly WriteOperation[], { sync }: { readonly sync: boolean }, done: Done): void {
    this.writes++;
    if (this.isClosed) throw new Error("write after close");
    if (this.#underWay++ > 0) throw new Error("a second batch while one is being written");
    if (batch.length === 0) throw new Error("an empty batch");
    assertAscii(batch.map(({ key }) => key));
    if (this.throwsAtOnce && this.failure) {
      this.#underWay--;
      throw this.failure;
    }
    // A database has its own copy of what it was given.
    const operations = batch.map((operation) =>
      operation.type === "put" ? { ...operation, value: operation.value.slice() } : operation,
    );
    this.#answer(() => {
      this.#underWay--;
      const step = { operations, sync, isClearing: false };
      const failed =
        this.failure ?? (this.#needsReopening ? new Error("an earlier write failed") : undefined);
      if (failed && this.keepsFailed) this.#doubtful.push(step);
      this.#needsReopening = failed !== undefined;
      if (!failed) this.#do(step);
      done(failed);
      if (this.answersTwice) done(new Error("a second answer"));
    });
  }

  clear(range: KeyRange, done: Done): void {
    assertAscii([range.from, range.to]);
    this.#answer(() => {
      if (this.failure) return done(this.failure);
      for (const key of this.allKeys.filter((key) => key >= range.from && key < range.to)) {
        this.#do({ operations: [{ type: "delete", key }], sync: false, isClearing: true });
      }
      done();
    });
  }

  reopen(done: Done): void {
    this.reopenings++;
    this.#answer(() => {
      if (this.failure) return done(this.failure);
      this.#needsReopening = false;
      for (const step of this.#doubtful.splice(0)) this.#do(step);
      done();
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #read(keys: readonly string[]): ReadValue[] {
    if (this.isClosed) throw new Error("read after close");
    assertAscii(keys);
    this.reads += keys.length;
    return keys.map((key) =>
      this.unreadable.has(key) ? new Error(`${key} is unreadable`) : this.#values.get(key),
    );
  }

  #do(step: Step): void {
    this.steps.push(step);
    this.#apply(step);
  }

  #apply(step: Step): void {
    for (const operation of step.operations) {
      if (operation.type === "put") this.#values.set(operation.key, operation.value);
      else this.#values.delete(operation.key);
    }
  }

  #answer(task: () => void): void {
    this.#later(() => {
      if (this.isHanging) this.#hanging.push(task);
      else task();
    });
  }
}

function assertAscii(keys: readonly string[]): void {
  for (const key of keys) if (!/^[ -~]*$/.test(key)) throw new Error(`not an ASCII key: ${key}`);
}
