// Group commit: one batch is being written at a time, for all channels of a store; whatever arrives meanwhile goes into
// the next. Jobs are stored and answered in order. A batch that fails stays first and is tried again; nothing is lost or
// overtakes.
import type { ChorusError } from "../errors.js";
import type { Runtime, Timer } from "../runtime.js";
import type { StoreDatabase, WriteOperation } from "./store-database.js";
import { storeFailure, toError } from "./store-failures.js";

/** Something to be stored. None of its functions may throw. */
export interface WriteJob {
  readonly owner: WriteOwner;
  readonly bytes: number;
  /** It must survive the loss of power, whatever the level. */
  readonly sync?: boolean;
  /** What is to be written, asked for at every attempt, when all jobs before it are stored or in the same batch. */
  operations(): readonly WriteOperation[];
  stored(): void;
}

/** Whose jobs they are: a channel. None of its functions may throw. */
export interface WriteOwner extends MetadataSource {
  /** An attempt has failed. @returns whether its jobs are to be given up */
  attemptFailed(failure: ChorusError): boolean;
  /** The writer has begun to fail. */
  failing(failure: ChorusError): void;
  /** It has stored something again. */
  recovered(): void;
}

/** Keeps something that is written with whatever is written next, and in the same batch. */
export interface MetadataSource {
  /** What has changed and is not stored yet, and whom to tell when it is; undefined when nothing has. */
  changes(): { readonly operations: readonly WriteOperation[]; readonly stored: () => void } | undefined;
}

export interface GroupWriterOptions {
  readonly database: StoreDatabase;
  readonly runtime: Runtime;
  /** Whether batches must survive the loss of power. */
  readonly sync: boolean;
  /** A batch that failed is tried again after this time. */
  readonly retryMs: number;
  /** A batch takes no further job when it has so many bytes. */
  readonly maxBatchBytes: number;
  /** Written with the first batch of whomever. */
  readonly common: MetadataSource;
}

/** A batch takes no more jobs than this: databases take it over in one turn. */
const MAX_BATCH_JOBS = 2_048;

export class GroupWriter {
  readonly #options: GroupWriterOptions;
  readonly #owners = new Set<WriteOwner>();
  #queue: WriteJob[] = [];
  #waitingBytes = 0;
  /** Jobs of the batch that is being written, or has failed. */
  #batch: WriteJob[] = [];
  #state: "idle" | "scheduled" | "writing" | "retrying" | "closed" = "idle";
  #failure: ChorusError | undefined;
  #failures = 0;
  #retry: Timer | undefined;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /** Why the last attempt failed; undefined since one has succeeded. */
  get failure(): ChorusError | undefined {
    return this.#failure;
  }

  /** Attempts that have failed so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Bytes that wait for the next batches. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** From now on this owner hears of failures. */
  join(owner: WriteOwner): void {
    this.#owners.add(owner);
  }

  /** It has no jobs any more, or gives them up. */
  leave(owner: WriteOwner): void {
    this.#owners.delete(owner);
    this.takeBack((job) => job.owner === owner);
    this.#batch = this.#batch.filter((job) => job.owner !== owner);
  }

  add(job: WriteJob): void {
    if (this.#state === "closed") return;
    this.#queue.push(job);
    this.#waitingBytes += job.bytes;
    this.#schedule();
  }

  /** Takes back jobs that wait, but none of a batch that is being written or tried again. */
  takeBack(isMeant: (job: WriteJob) => boolean): void {
    const kept: WriteJob[] = [];
    for (const job of this.#queue) {
      if (isMeant(job)) this.#waitingBytes -= job.bytes;
      else kept.push(job);
    }
    this.#queue = kept;
  }

  /** After a failure: tries again now. */
  hurry(): void {
    if (this.#state === "retrying" && this.#retry) this.#reopen();
  }

  /** No further attempt begins. */
  close(): void {
    this.#state = "closed";
    this.#retry?.cancel();
    this.#queue = [];
    this.#batch = [];
  }

  // At the end of the turn, so that what several channels write in one turn is one batch.
  #schedule(): void {
    if (this.#state !== "idle" || this.#queue.length === 0) return;
    this.#state = "scheduled";
    this.#options.runtime.soon(() => {
      if (this.#state !== "scheduled") return;
      this.#state = "idle";
      this.#next();
    });
  }

  #next(): void {
    let bytes = 0;
    let taken = 0;
    for (const job of this.#queue) {
      if (bytes >= this.#options.maxBatchBytes || taken >= MAX_BATCH_JOBS) break;
      bytes += job.bytes;
      taken++;
    }
    this.#batch = this.#queue.splice(0, taken);
    this.#waitingBytes -= bytes;
    if (taken > 0) this.#attempt();
  }

  #attempt(): void {
    this.#state = "writing";
    const jobs = this.#batch;
    const operations = jobs.flatMap((job) => job.operations());
    const sources = new Set<MetadataSource>(jobs.map((job) => job.owner)).add(this.#options.common);
    const changes = [...sources].flatMap((source) => source.changes() ?? []);
    for (const change of changes) operations.push(...change.operations);
    const sync = this.#options.sync || jobs.some((job) => job.sync);
    this.#ask(
      (done) => {
        if (operations.length > 0) this.#options.database.write(operations, { sync }, done);
        else this.#options.runtime.later(done);
      },
      (error) => {
        if (error) return this.#fail(error);
        for (const { stored } of changes) stored();
        this.#succeed();
      },
    );
  }

  /** What the database throws counts as its answer; a second answer does not, nor one after the end. */
  #ask(question: (done: (error?: Error) => void) => void, answer: (error: Error | undefined) => void): void {
    let answered = false;
    const done = (error?: Error): void => {
      if (answered || this.#state === "closed") return;
      answered = true;
      answer(error ?? undefined);
    };
    try {
      question(done);
    } catch (thrown) {
      this.#options.runtime.soon(() => done(toError(thrown)));
    }
  }

  #succeed(): void {
    const jobs = this.#batch;
    this.#batch = [];
    this.#recover();
    for (const job of jobs) job.stored();
    // Callbacks may have ended it all.
    if (this.#state !== "writing") return;
    this.#state = "idle";
    this.#next();
  }

  #fail(error: Error): void {
    const failure = storeFailure(error);
    const begins = this.#failure === undefined;
    this.#failure = failure;
    this.#failures++;
    this.#state = "retrying";
    this.#retry = this.#options.runtime.after(this.#options.retryMs, () => this.#reopen(), {
      background: true,
    });
    for (const owner of [...this.#owners]) {
      if (owner.attemptFailed(failure)) this.leave(owner);
      else if (begins) owner.failing(failure);
    }
  }

  #reopen(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#ask(
      (done) => this.#options.database.reopen(done),
      (error) => {
        if (error) return this.#fail(error);
        // With nothing left to write this is all that can be known.
        if (this.#batch.length > 0) return this.#attempt();
        this.#state = "writing";
        if (this.#queue.length === 0) this.#recover();
        this.#state = "idle";
        this.#next();
      },
    );
  }

  #recover(): void {
    if (!this.#failure) return;
    this.#failure = undefined;
    for (const owner of [...this.#owners]) owner.recovered();
  }
}
