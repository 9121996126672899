// The order of writing, storing and sending (rules 11 and 12). Writes of one turn, or of a busy writer's next few, become
// one update, large ones slices with turns between; an update is sent only after it is stored. While something of ours is
// being stored writes gather for the next batch, and no diff is cut: it could carry what a crash takes back.
import { ChorusError } from "./errors.js";
import type { Runtime, Timer } from "./runtime.js";
import type { ChannelStorage } from "./storage/channel-storage.js";
import { assembleUpdate } from "./update-assembly.js";

export interface CommitQueueOptions {
  runtime: Runtime;
  storage: Pick<ChannelStorage, "append" | "appendLarge" | "failure"> | undefined;
  /** Writes the next slice of what is pending: its update, or undefined when nothing is pending. Must not throw. */
  commit: () => Uint8Array | undefined;
  /** Entries that wait to be committed. */
  pendingCount: () => number;
  /** A local update is stored and may be sent. */
  onStored: (update: Uint8Array) => void;
}

/** Somebody who waits until so many entries, counted from the beginning, are committed and stored. */
interface CommitWaiter {
  readonly upTo: number;
  /** So many updates, of maintenance too, must be stored as well. */
  readonly submitted: number;
  readonly resolve: () => void;
  readonly reject: (error: ChorusError) => void;
}

/** After a commit this recent, the next waits for a later turn: a busy writer gets larger batches, a calm one no delay. */
const BUSY_MS = 1;

/**
 * After a commit this recent that was also this large, the next is put off for so long, unless somebody waits for it: what
 * a frame costs, and a turn, is shared by more entries. Who writes little at a time has no delay.
 */
const GATHER_MS = 5;
const GATHER_ENTRIES = 50;

/** Somebody who waits until so many updates, ours and those of peers, are stored. */
interface StoredWaiter {
  readonly upTo: number;
  readonly task: () => void;
}

export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #scheduled = false;
  /** Entries committed, and those of them that are stored, since the beginning. */
  #committed = 0;
  #stored = 0;
  #closed = false;
  /** Own updates given to the store, and those of them that it has stored, since the beginning. */
  #submitted = 0;
  #submittedStored = 0;
  /** The same of all updates, of peers too. */
  #appended = 0;
  #appendedStored = 0;
  #lastCommit = Number.NEGATIVE_INFINITY;
  /** Entries of the last commit, if it took all that was pending; else 0, since the rest of a large batch must not wait. */
  #lastSize = 0;
  /** Set while the next commit is put off. */
  #gathering: Timer | undefined;
  readonly #whenShareable = new Set<() => void>();
  #whenCommitted: CommitWaiter[] = [];
  #whenStored: StoredWaiter[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** The store refuses to take updates: nothing may be written until it does again. */
  get failed(): boolean {
    return this.#options.storage?.failure !== undefined;
  }

  /** Nothing of ours is pending, or being stored. */
  get isQuiet(): boolean {
    return this.storing === 0 && !this.hasPending;
  }

  get hasPending(): boolean {
    return this.#options.pendingCount() > 0;
  }

  /** Somebody waits until nothing of ours is being stored. */
  get isAwaited(): boolean {
    return this.#whenShareable.size > 0;
  }

  /** Updates of ours on their way into the store. */
  get storing(): number {
    return this.#submitted - this.#submittedStored;
  }

  /** Something is pending: commits it at the end of this turn, or of a later one. */
  schedule(): void {
    if (this.#scheduled || this.storing > 0) return;
    this.#scheduled = true;
    const { runtime } = this.#options;
    if (runtime.elapsed() - this.#lastCommit > BUSY_MS) runtime.soon(this.#run);
    else if (this.#mayGather) this.#gathering = runtime.after(GATHER_MS, this.#run);
    else runtime.later(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.#gathering = undefined;
    this.flush();
  };

  /** A large commit was just made, what is pending came after it, and nobody waits. */
  get #mayGather(): boolean {
    const { pendingCount } = this.#options;
    return (
      this.#lastSize >= GATHER_ENTRIES && pendingCount() < GATHER_ENTRIES && this.#whenCommitted.length === 0
    );
  }

  /** Somebody waits for what is pending. */
  #hasten(): void {
    if (!this.#gathering) return;
    this.#gathering.cancel();
    this.#gathering = undefined;
    this.#options.runtime.later(this.#run);
  }

  /** Commits the next slice of what is pending now, unless something is being stored. */
  flush(): void {
    if (this.storing === 0) this.commit();
  }

  /** Commits the next slice of what is pending, even while something is being stored. */
  commit(): void {
    if (this.#closed) return;
    this.#lastCommit = this.#options.runtime.elapsed();
    const pending = this.#options.pendingCount();
    const update = this.#options.commit();
    const left = this.#options.pendingCount();
    this.#committed += pending - left;
    this.#lastSize = left === 0 ? pending : 0;
    if (update) this.submit(update);
    this.#continue();
  }

  /** Stores and sends an update of this session. */
  submit(update: Uint8Array): void {
    if (!this.#options.storage) return this.#options.onStored(update);
    this.#submitted++;
    const committed = this.#committed;
    this.#append(update, () => {
      this.#submittedStored++;
      this.#stored = Math.max(this.#stored, committed);
      this.#options.onStored(update);
      this.#share();
      this.#continue();
    });
  }

  /** Stores an update of a peer; ours do not wait for it. */
  storeRemote(update: Uint8Array, stored: () => void): void {
    if (this.#options.storage) this.#append(update, stored);
    else stored();
  }

  /** The same for a large update in parts, all of them or none. */
  storeLarge(parts: readonly Uint8Array[], stored: () => void): void {
    const { storage } = this.#options;
    if (!storage) return stored();
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    this.#count(stored, (done) =>
      storage.appendLarge({ bytes, assemble: () => assembleUpdate(parts) }, done),
    );
  }

  /** Calls back, at once if that holds now, when all updates so far are stored: ours and those of peers. */
  whenStored(task: () => void): void {
    if (this.#appendedStored === this.#appended) task();
    else this.#whenStored.push({ upTo: this.#appended, task });
  }

  /** Calls back, at once if that holds now, when all that is committed here is stored. @returns what takes it back */
  whenShareable(task: () => void): () => void {
    const waiting = (): void => task();
    if (this.storing > 0) this.#whenShareable.add(waiting);
    else task();
    return () => {
      this.#whenShareable.delete(waiting);
    };
  }

  /**
   * Resolves when all writes so far are committed, stored and handed to the peers' connections; not only when there is
   * nothing more to write. Rejects with channel-closed when the channel ends before.
   */
  whenCommitted(): Promise<void> {
    if (this.isQuiet) return Promise.resolve();
    this.#hasten();
    // Entries are committed in the order of their keys' first writes, so a count tells when those of now are through.
    const upTo = this.#committed + this.#options.pendingCount();
    const submitted = this.#submitted;
    return new Promise((resolve, reject) => this.#whenCommitted.push({ upTo, submitted, resolve, reject }));
  }

  /** Nothing is committed from now on; what is being stored may still come to an end. */
  stop(): void {
    this.#closed = true;
    this.#gathering?.cancel();
  }

  /** Nothing will be stored any more. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#whenCommitted.splice(0)) {
      reject(new ChorusError("channel-closed", "the channel was closed before its writes were stored"));
    }
  }

  #append(update: Uint8Array, stored: () => void): void {
    this.#count(stored, (done) => this.#options.storage?.append(update, done));
  }

  #count(stored: () => void, append: (done: () => void) => void): void {
    this.#appended++;
    append(() => {
      this.#appendedStored++;
      stored();
      if (this.#whenStored.length === 0) return;
      const due = this.#whenStored.filter(({ upTo }) => upTo <= this.#appendedStored);
      this.#whenStored = this.#whenStored.filter(({ upTo }) => upTo > this.#appendedStored);
      for (const { task } of due) task();
    });
  }

  #share(): void {
    for (const task of this.#whenShareable) {
      // One of them may have committed what was pending: it must not be in a diff for the next before it is stored.
      if (this.storing > 0) return;
      this.#whenShareable.delete(task);
      task();
    }
  }

  #continue(): void {
    if (this.storing === 0) this.#stored = this.#committed;
    const isDone = ({ upTo, submitted }: CommitWaiter): boolean =>
      upTo <= this.#stored && submitted <= this.#submittedStored;
    const done = this.#whenCommitted.filter(isDone);
    if (done.length > 0) this.#whenCommitted = this.#whenCommitted.filter((waiter) => !isDone(waiter));
    for (const { resolve } of done) resolve();
    if (this.hasPending && !this.#closed) this.schedule();
  }
}
