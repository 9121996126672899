// A StoreDatabase on virtual time: one process's view of a simulated disk. Batches are stored one after the other, each
// after a random time; after a failed one nothing is stored until the database was opened anew, as with LevelDB.
import type { KeyRange, StoreDatabase } from "@chorus/core";
import type { Batch, Disk } from "./disk.js";
import type { Random } from "./random.js";
import type { VirtualRuntime } from "./virtual-runtime.js";

export interface VirtualDatabaseOptions {
  /** Of the process: when that is killed, nothing is answered any more. */
  runtime: VirtualRuntime;
  random: Random;
  /** The longest time that one batch takes. */
  writeMs: number;
  /** Told of what is worth counting. */
  count: (name: "batches" | "folds" | "failedWrites") => void;
}

type Done = (error?: Error) => void;

interface Write {
  readonly sync: boolean;
  readonly isFold: boolean;
  readonly done: Done;
}

/** A store keeps its snapshots there. Only to count how often it makes one. */
const SNAPSHOTS = "s/";

/** A disk that hangs is asked again after this time. */
const HANGING_MS = 20;

/** A range is cleared in batches of so many keys, so that a crash can leave the rest. */
const CLEARED_KEYS = 3;

export class VirtualDatabase implements StoreDatabase {
  readonly readsNow = true;
  readonly #disk: Disk;
  readonly #options: VirtualDatabaseOptions;
  readonly #queue: Write[] = [];
  #working = false;
  /** A write has failed: all do until the database is opened anew. */
  #failed = false;
  /** Ranges that are being cleared. */
  #clearing = 0;
  #closed: (() => void) | undefined;

  constructor(disk: Disk, options: VirtualDatabaseOptions) {
    if (disk.isLocked) throw new Error(`the disk at ${disk.place} is in use`);
    disk.isLocked = true;
    disk.open(options.random);
    disk.recovered();
    this.#disk = disk;
    this.#options = options;
  }

  readNow(keys: readonly string[]): (Uint8Array | undefined)[] {
    return keys.map((key) => this.#disk.read(key));
  }

  read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(this.readNow(keys));
  }

  keys(range: KeyRange, limit?: number): Promise<string[]> {
    return Promise.resolve(this.#disk.keysOf(range).slice(0, limit));
  }

  write(batch: Batch, { sync }: { readonly sync: boolean }, done: Done): void {
    if (this.#closed) throw new Error("a batch is written after the database was closed");
    this.#write(batch, sync, done);
  }

  #write(batch: Batch, sync: boolean, done: Done): void {
    // A database has its own copy of what it was given.
    const copied = batch.map((operation) =>
      operation.type === "put" ? { ...operation, value: operation.value.slice() } : operation,
    );
    this.#disk.begin(copied);
    const isFold = batch.some(({ type, key }) => type === "put" && key.startsWith(SNAPSHOTS));
    this.#queue.push({ sync, isFold, done });
    if (!this.#working) this.#work();
  }

  clear(range: KeyRange, done: Done): void {
    this.#clearing++;
    const next = (error?: Error): void => {
      const keys = this.#disk.keysOf(range).slice(0, CLEARED_KEYS);
      if (!error && keys.length > 0) return this.#write(keys.map(deletionOf), false, next);
      this.#clearing--;
      done(error);
      this.#closeIfIdle();
    };
    this.#later(() => next());
  }

  reopen(done: Done): void {
    this.#later(() => {
      if (this.#disk.trouble === "hanging") return this.reopen(done);
      const error = this.#error();
      if (error) return done(error);
      this.#failed = false;
      this.#disk.open(this.#options.random);
      done();
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closed = () => {
        this.#disk.isLocked = false;
        resolve();
      };
      this.#later(() => this.#closeIfIdle());
    });
  }

  /** What was begun comes to an end first. */
  #closeIfIdle(): void {
    if (!this.#working && this.#queue.length === 0 && this.#clearing === 0) this.#closed?.();
  }

  #work(): void {
    this.#working = true;
    this.#later(() => this.#finish());
  }

  #finish(): void {
    if (this.#disk.trouble === "hanging") {
      this.#options.runtime.after(HANGING_MS, () => this.#finish());
      return;
    }
    const { sync, isFold, done } = this.#queue.shift() as Write;
    const error = this.#error() ?? (this.#failed ? new Error("an earlier write failed") : undefined);
    if (error) {
      this.#failed = true;
      this.#disk.fail();
    } else {
      this.#disk.complete(sync);
    }
    this.#options.count(error ? "failedWrites" : "batches");
    if (!error && isFold) this.#options.count("folds");
    this.#working = false;
    // What comes next may be given in the answer.
    done(error);
    if (this.#working) return;
    if (this.#queue.length > 0) this.#work();
    else this.#closeIfIdle();
  }

  /** What LevelDB says. */
  #error(): Error | undefined {
    const { trouble } = this.#disk;
    if (trouble === "full") return new Error("IO error: 000007.log: No space left on device");
    return trouble === "broken" ? new Error("IO error: 000007.log: Input/output error") : undefined;
  }

  #later(task: () => void): void {
    const { runtime, random, writeMs } = this.#options;
    runtime.after(random.next() * writeMs, task);
  }
}

function deletionOf(key: string): Batch[number] {
  return { type: "delete", key };
}
