// Stands between a channel and its storage and tells when the log is being folded into a snapshot. It changes nothing: it
// sees the walk through the document that every fold begins with, and what is stored after it.
import type { ChannelStorage, DiffCursor, StoredChannel } from "@chorus/core";
import { PassingStorage } from "@chorus/simulation/parts";

export class FoldWatch extends PassingStorage {
  readonly #tell: (isRunning: boolean) => void;
  #isRunning = false;
  #hasWalked = false;

  /** @param tell called when a fold begins, and when something was stored that came after all of it */
  constructor(storage: ChannelStorage, tell: (isRunning: boolean) => void) {
    super(storage);
    this.#tell = tell;
  }

  override start(channel: StoredChannel): void {
    this.sound.start({
      sessionId: channel.sessionId,
      openDiff: () => this.#watch(channel.openDiff()),
      openSnapshot: () => this.#watch(channel.openSnapshot()),
      whenWhole: (task) => channel.whenWhole(task),
      seenStamp: () => channel.seenStamp(),
      hasSegments: (sessionId) => channel.hasSegments(sessionId),
      failing: (failure) => channel.failing(failure),
      recovered: () => channel.recovered(),
    });
  }

  override append(update: Uint8Array, stored: () => void): void {
    const isAfterFold = this.#isRunning && this.#hasWalked;
    this.sound.append(update, () => {
      if (isAfterFold) this.#turn(false);
      stored();
    });
  }

  #watch(cursor: DiffCursor): DiffCursor {
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
