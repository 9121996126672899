// Stands between a channel and its storage and tells when the log is being folded into a snapshot. It changes nothing: it
// sees the walk through the document that every fold begins with, and what is stored after it.
import type { ChannelStorage, RestoredState, StoredChannel } from "@chorus/core";

export class FoldWatch implements ChannelStorage {
  readonly #storage: ChannelStorage;
  readonly #tell: (isRunning: boolean) => void;
  #isRunning = false;
  #hasWalked = false;

  /** @param tell called when a fold begins, and when something was stored that came after all of it */
  constructor(storage: ChannelStorage, tell: (isRunning: boolean) => void) {
    this.#storage = storage;
    this.#tell = tell;
  }

  get replicaId(): string {
    return this.#storage.replicaId;
  }

  get failure(): ChannelStorage["failure"] {
    return this.#storage.failure;
  }

  restore(): RestoredState {
    return this.#storage.restore();
  }

  start(channel: StoredChannel): void {
    this.#storage.start({
      sessionId: channel.sessionId,
      openDiff: () => this.#watch(channel.openDiff()),
      openSnapshot: () => this.#watch(channel.openSnapshot()),
      seenStamp: () => channel.seenStamp(),
      hasSegments: (sessionId) => channel.hasSegments(sessionId),
      failing: (failure) => channel.failing(failure),
      recovered: () => channel.recovered(),
    });
  }

  append(update: Uint8Array, stored: () => void): void {
    const isAfterFold = this.#isRunning && this.#hasWalked;
    this.#storage.append(update, () => {
      if (isAfterFold) this.#turn(false);
      stored();
    });
  }

  meet(replicaId: string): void {
    this.#storage.meet(replicaId);
  }

  forget(replicaId: string): void {
    this.#storage.forget(replicaId);
  }

  renounce(): void {
    this.#storage.renounce();
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #watch(cursor: ReturnType<StoredChannel["openDiff"]>): ReturnType<StoredChannel["openDiff"]> {
    this.#hasWalked = false;
    this.#turn(true);
    const next = cursor.next.bind(cursor);
    cursor.next = (targetBytes) => {
      const slice = next(targetBytes);
      if (slice === undefined) this.#hasWalked = true;
      return slice;
    };
    return cursor;
  }

  #turn(isRunning: boolean): void {
    if (this.#isRunning === isRunning) return;
    this.#isRunning = isRunning;
    this.#tell(isRunning);
  }
}
