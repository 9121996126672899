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

/** An update of a peer on its way into the store. */
interface RemoteUpdate {
  readonly update: Uint8Array;
  readonly stored: () => void;
  isStored: boolean;
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
    return !this.#storing && !this.#options.hasPending();
  }

  /** An update of ours is on its way into the store; nothing of ours is committed meanwhile. */
  get isStoring(): boolean {
    return this.#storing;
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
    this.#append(log, update, (error) => {
      this.#failed = error !== undefined;
      if (error) return this.#retry(error, () => this.#store(log, update));
      this.#storing = false;
      this.#options.onStored(update);
      for (const task of this.#whenShareable.splice(0)) task();
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
    this.#options.runtime.after(LOG_RETRY_MS, task, { background: true });
  }

  #continue(): void {
    if (this.#storing) return;
    if (this.#options.hasPending()) this.schedule();
    else for (const resolve of this.#whenCommitted.splice(0)) resolve();
  }
}
