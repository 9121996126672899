// The order of writing, storing and sending (rules 11 and 12). Writes of one turn become one transaction, large ones
// slices with turns between; an update is sent only after it is stored. While something of ours is being stored writes
// gather for the next batch, and no diff is cut: it could carry what a crash takes back.
import { ChorusError } from "./errors.js";
import type { Runtime, Timer } from "./runtime.js";

/**
 * Where updates are kept. `stored` is called exactly once for each, in order, when the update will survive what the
 * store promises to survive, or with an error: then the update is appended again later, and what was appended after it
 * must fail too until it is stored. A callback and not a promise: what is sent is decided in the same turn.
 */
export interface UpdateLog {
  append(update: Uint8Array, stored: (error?: Error) => void): void;
}

export interface CommitQueueOptions {
  runtime: Runtime;
  log: UpdateLog | undefined;
  /** Writes the next slice of what is pending: its update, or undefined when nothing is pending. Must not throw. */
  commit: () => Uint8Array | undefined;
  /** Entries that wait to be committed. */
  pendingCount: () => number;
  /** A local update is stored and may be sent. */
  onStored: (update: Uint8Array) => void;
  onLogFailure: (error: Error) => void;
}

/** An update of a peer on its way into the store. */
interface RemoteUpdate {
  readonly update: Uint8Array;
  readonly stored: () => void;
  isStored: boolean;
}

/** Somebody who waits until so many entries, counted from the beginning, are committed and stored. */
interface CommitWaiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: ChorusError) => void;
}

/** After a commit this recent, the next waits for a later turn: a busy writer gets larger batches, a calm one no delay. */
const BUSY_MS = 1;

/** A store that failed is tried again after this time. */
const LOG_RETRY_MS = 1_000;

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #scheduled = false;
  /** Updates of ours that are being stored. */
  #storing = 0;
  /** Entries committed, and those of them that are stored, since the beginning. */
  #committed = 0;
  #stored = 0;
  #failed = false;
  #closed = false;
  #lastCommit = Number.NEGATIVE_INFINITY;
  #whenShareable: (() => void)[] = [];
  #whenCommitted: CommitWaiter[] = [];
  readonly #retries = new Set<Timer>();
  /** Not acknowledged yet, oldest first. */
  readonly #remote: RemoteUpdate[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** The store refuses to take updates: nothing may be written until it does again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Nothing of ours is pending, or being stored. */
  get isQuiet(): boolean {
    return this.#storing === 0 && !this.hasPending;
  }

  get hasPending(): boolean {
    return this.#options.pendingCount() > 0;
  }

  /** Updates of ours on their way into the store. */
  get storing(): number {
    return this.#storing;
  }

  /** Something is pending: commits it at the end of this turn, or of a later one. */
  schedule(): void {
    if (this.#scheduled || this.#storing > 0) return;
    this.#scheduled = true;
    const { runtime } = this.#options;
    const run = (): void => {
      this.#scheduled = false;
      this.flush();
    };
    if (runtime.elapsed() - this.#lastCommit > BUSY_MS) runtime.soon(run);
    else runtime.later(run);
  }

  /** Commits the next slice of what is pending now, unless something is being stored. */
  flush(): void {
    if (this.#storing === 0) this.commit();
  }

  /** Commits the next slice of what is pending, even while something is being stored. */
  commit(): void {
    if (this.#closed) return;
    this.#lastCommit = this.#options.runtime.elapsed();
    const pending = this.#options.pendingCount();
    const update = this.#options.commit();
    this.#committed += pending - this.#options.pendingCount();
    if (update) this.submit(update);
    this.#continue();
  }

  /** Stores and sends the update of a local transaction. */
  submit(update: Uint8Array): void {
    const { log } = this.#options;
    if (!log) return this.#options.onStored(update);
    this.#storing++;
    this.#store(log, { update, committed: this.#committed });
  }

  /** Stores an update of a peer; it does not wait for ours, nor ours for it, but for those of peers before it. */
  storeRemote(update: Uint8Array, stored: () => void): void {
    const { log } = this.#options;
    if (!log) return stored();
    const remote = { update, stored, isStored: false };
    this.#remote.push(remote);
    this.#storeRemote(log, remote);
  }

  /** Calls back, at once if that holds now, when all that is committed here is stored. */
  whenShareable(task: () => void): void {
    if (this.#storing > 0) this.#whenShareable.push(task);
    else task();
  }

  /**
   * Resolves when all writes so far are committed, stored and handed to the peers' connections; not only when there is
   * nothing more to write. Rejects with channel-closed when the channel ends before.
   */
  whenCommitted(): Promise<void> {
    if (this.isQuiet) return Promise.resolve();
    // Entries are committed in the order of their keys' first writes, so a count tells when those of now are through.
    const upTo = this.#committed + this.#options.pendingCount();
    return new Promise((resolve, reject) => this.#whenCommitted.push({ upTo, resolve, reject }));
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#retries) timer.cancel();
    for (const { reject } of this.#whenCommitted.splice(0)) {
      reject(new ChorusError("channel-closed", "the channel was closed before its writes were stored"));
    }
  }

  #store(log: UpdateLog, batch: { update: Uint8Array; committed: number }): void {
    this.#append(log, batch.update, (error) => {
      this.#failed = error !== undefined;
      if (error) return this.#retry(error, () => this.#store(log, batch));
      this.#storing--;
      this.#stored = Math.max(this.#stored, batch.committed);
      this.#options.onStored(batch.update);
      if (this.#storing === 0) for (const task of this.#whenShareable.splice(0)) task();
      this.#continue();
    });
  }

  #storeRemote(log: UpdateLog, remote: RemoteUpdate): void {
    this.#append(log, remote.update, (error) => {
      if (error) return this.#retry(error, () => this.#storeRemote(log, remote));
      remote.isStored = true;
      // An acknowledged clock covers all before it, so none may overtake one that the store refused at first.
      while (this.#remote[0]?.isStored) this.#remote.shift()?.stored();
    });
  }

  /** What the log throws counts as its answer; a second answer and one after the end do not. */
  #append(log: UpdateLog, update: Uint8Array, answer: (error: Error | undefined) => void): void {
    let answered = false;
    const stored = (error?: Error): void => {
      if (answered || this.#closed) return;
      answered = true;
      answer(error ?? undefined);
    };
    try {
      log.append(update, stored);
    } catch (error) {
      stored(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #retry(error: Error, task: () => void): void {
    this.#options.onLogFailure(error);
    const run = (): void => {
      this.#retries.delete(timer);
      task();
    };
    const timer = this.#options.runtime.after(LOG_RETRY_MS, run, { background: true });
    this.#retries.add(timer);
  }

  #continue(): void {
    if (this.#storing === 0) this.#stored = this.#committed;
    const done = this.#whenCommitted.filter(({ upTo }) => upTo <= this.#stored);
    if (done.length > 0) this.#whenCommitted = this.#whenCommitted.filter(({ upTo }) => upTo > this.#stored);
    for (const { resolve } of done) resolve();
    if (this.hasPending) this.schedule();
  }
}
