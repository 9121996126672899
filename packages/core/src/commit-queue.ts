// The order of writing, storing and sending (rules 11 and 12). Writes of one turn become one transaction, large ones
// slices with turns between; an update is sent only after it is stored, and no further transaction of ours starts
// while one is being stored, so that at any other moment all that the document holds of ours may be shared.
import type { Runtime } from "./runtime.js";

/**
 * Where updates are kept. `stored` is called exactly once for each, in order, when the update will survive what the
 * store promises to survive, or with an error. A callback and not a promise: what is sent is decided in the same turn.
 */
export interface UpdateLog {
  append(update: Uint8Array, stored: (error?: Error) => void): void;
}

export interface CommitQueueOptions {
  runtime: Runtime;
  log: UpdateLog | undefined;
  /** Writes the next slice of what is pending: its update, or undefined when nothing is pending. Must not throw. */
  commit: () => Uint8Array | undefined;
  hasPending: () => boolean;
  /** A local update is stored and may be sent. */
  onStored: (update: Uint8Array) => void;
  onLogFailure: (error: Error) => void;
}

/** After a commit this recent, the next waits for a later turn: a busy writer gets larger batches, a calm one no delay. */
const BUSY_MS = 1;

/** A store that failed is tried again after this time. */
const LOG_RETRY_MS = 1_000;

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #scheduled = false;
  #storing = false;
  #failed = false;
  #closed = false;
  #lastCommit = Number.NEGATIVE_INFINITY;
  #whenShareable: (() => void)[] = [];
  #whenCommitted: (() => void)[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** The store refuses to take updates: nothing may be written until it does again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Nothing of ours is pending, or being stored. */
  get isQuiet(): boolean {
    return !this.#storing && !this.#options.hasPending();
  }

  /** Something is pending: commits it at the end of this turn, or of a later one. */
  schedule(): void {
    if (this.#scheduled || this.#storing) return;
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
    if (this.#closed || this.#storing) return;
    this.#lastCommit = this.#options.runtime.elapsed();
    const update = this.#options.commit();
    if (update) this.submit(update);
    this.#continue();
  }

  /** Stores and sends the update of a local transaction. Only while `isQuiet`. */
  submit(update: Uint8Array): void {
    const { log } = this.#options;
    if (!log) return this.#options.onStored(update);
    this.#storing = true;
    this.#store(log, update);
  }

  /** Stores an update of a peer; it does not wait for ours, nor ours for it. */
  storeRemote(update: Uint8Array, stored: () => void): void {
    const { log, runtime, onLogFailure } = this.#options;
    if (!log) return stored();
    log.append(update, (error) => {
      if (this.#closed) return;
      if (!error) return stored();
      onLogFailure(error);
      runtime.after(LOG_RETRY_MS, () => this.storeRemote(update, stored), { background: true });
    });
  }

  /** Calls back, at once if that holds now, when all that is committed here is stored. */
  whenShareable(task: () => void): void {
    if (this.#storing) this.#whenShareable.push(task);
    else task();
  }

  /** Resolves when all writes so far are committed, stored and handed to the peers' connections. */
  whenCommitted(): Promise<void> {
    if (this.isQuiet) return Promise.resolve();
    return new Promise((resolve) => this.#whenCommitted.push(resolve));
  }

  close(): void {
    this.#closed = true;
    for (const resolve of this.#whenCommitted.splice(0)) resolve();
  }

  #store(log: UpdateLog, update: Uint8Array): void {
    log.append(update, (error) => {
      if (this.#closed) return;
      this.#failed = error !== undefined;
      if (error) {
        this.#options.onLogFailure(error);
        this.#options.runtime.after(LOG_RETRY_MS, () => this.#store(log, update), { background: true });
        return;
      }
      this.#storing = false;
      this.#options.onStored(update);
      for (const task of this.#whenShareable.splice(0)) task();
      this.#continue();
    });
  }

  #continue(): void {
    if (this.#storing) return;
    if (this.#options.hasPending()) this.schedule();
    else for (const resolve of this.#whenCommitted.splice(0)) resolve();
  }
}
