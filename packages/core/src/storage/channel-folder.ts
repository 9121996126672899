// Decides when the log of one channel is folded, and does it: optionally, when the log has outgrown the snapshot, or of
// necessity, when updates were forgotten because a slow disk left too many waiting. Then the document is the only place
// that has them, and whoever waits for them is answered when it is stored.
import type { StoredChannel } from "./channel-storage.js";
import { clearRanges } from "./clearing.js";
import type { FolderOptions, LogSize } from "./folder-host.js";
import { Folding } from "./folding.js";
import { frameRecord } from "./store-records.js";

interface Fold {
  readonly generation: number;
  isRequired: boolean;
  isCancelled: boolean;
  /** The first update that is not in the snapshot, or not surely; and all that was appended before it. */
  firstNumber: number;
  appendedBefore: LogSize;
  folding: Folding | undefined;
  /**
   * Sessions that had nothing left in the document when the walk began. Not at its end: what has deleted the last of one
   * meanwhile may not be stored when the snapshot counts, and who still has a session must know that it is his.
   */
  goneSessions: ReadonlySet<number>;
}

export class ChannelFolder {
  readonly #options: FolderOptions;
  /** All that was ever appended, and what of it is in the snapshot: the rest is the log. */
  #appended: LogSize;
  #folded: LogSize = { bytes: 0, records: 0 };
  #snapshotBytes: number;
  /** The last one that was used, for a fold that came to its end or not. */
  #generation: number;
  #isDamaged: boolean;
  /** The fold whose walk has not come to its end, or has not begun. */
  #fold: Fold | undefined;
  /** The fold whose end waits to be stored. */
  #ending: Fold | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Those who wait for updates that were forgotten. */
  #owed: (() => void)[] = [];
  #cleanUp: "due" | "running" | "done" = "due";
  #whenClean: (() => void)[] = [];
  #whenAtEnd: (() => void) | undefined;
  #isClosed = false;

  constructor(options: FolderOptions) {
    this.#options = options;
    const { generation, snapshotBytes, log, isDamaged } = options.loaded;
    this.#generation = generation;
    this.#snapshotBytes = snapshotBytes;
    this.#appended = log;
    this.#isDamaged = isDamaged;
  }

  /** Updates are not to be written, because the document that is about to be stored has them: `owe` them instead. */
  get coversUpdates(): boolean {
    return this.#fold?.isRequired === true;
  }

  /** Whoever waits for an update that is in the document only. */
  owe(stored: () => void): void {
    this.#owed.push(stored);
  }

  /** Updates were forgotten, and the document that has them was not stored in their place. */
  get owes(): boolean {
    return this.#owed.length > 0;
  }

  /** The end of a fold waits to be stored. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** An update was appended to the log. */
  count(bytes: number): void {
    this.#appended = { bytes: this.#appended.bytes + bytes, records: this.#appended.records + 1 };
  }

  /** Something was stored: removes what nobody needs, and folds if it is time. */
  consider(): void {
    if (this.#isClosed) return;
    this.#clean(() => undefined);
    this.#foldIfDue();
  }

  /** The channel has started: what was damaged is replaced soon. */
  started(): void {
    if (!this.#isDamaged) return;
    this.#options.settings.runtime.later(() => this.#foldIfDue());
  }

  /** Updates were forgotten: whatever happens, the document must be stored. */
  require(): void {
    if (this.#fold?.isRequired) return;
    this.#cancelOptional();
    this.#begin(true);
  }

  /** A write has failed: gives up what need not be. */
  attemptFailed(): void {
    this.#cancelOptional();
    this.#notBefore = this.#options.settings.runtime.elapsed() + this.#options.settings.foldRetryMs;
  }

  /**
   * Calls back when nothing of a fold will be handed to the writer any more, and nothing is being cleared. What is damaged
   * is replaced first, if the disk and the document let it.
   */
  close(done: () => void): void {
    this.#isClosed = true;
    this.#finishRepair();
    this.#cancelOptional();
    const whenClean = (): void => {
      if (this.#cleanUp === "running") this.#whenClean.push(done);
      else done();
    };
    if (this.#fold) this.#whenAtEnd = whenClean;
    else whenClean();
  }

  /** The session ends without: nobody waits any more. */
  giveUp(): void {
    this.#isClosed = true;
    if (this.#fold) this.#fold.isCancelled = true;
    this.#fold?.folding?.cancel();
    this.#fold = undefined;
    this.#owed = [];
  }

  /** With so many bytes more the log would be folded. */
  wouldFold(bytes: number): boolean {
    const logBytes = this.#appended.bytes - this.#folded.bytes + bytes;
    return logBytes > Math.max(this.#options.settings.minFoldBytes, this.#snapshotBytes);
  }

  get #isDue(): boolean {
    const { maxLogRecords } = this.#options.settings;
    const records = this.#appended.records - this.#folded.records;
    return this.#isDamaged || this.wouldFold(0) || records > maxLogRecords;
  }

  /** A process that never runs for long would find the same damage at every start. */
  #finishRepair(): void {
    const { writer, host } = this.#options;
    if (!this.#isDamaged || !host.channel || writer.failure) return;
    if (this.#ending) this.#ending.isRequired = true;
    else this.require();
  }

  #foldIfDue(): void {
    const { writer, host, settings } = this.#options;
    if (this.#fold || this.#ending || this.#isClosed || !host.channel || writer.failure || !this.#isDue)
      return;
    if (settings.runtime.elapsed() >= this.#notBefore) this.#begin(false);
  }

  #cancelOptional(): void {
    for (const fold of [this.#fold, this.#ending]) {
      // Once its end is being written nobody knows whether it is there: it must be written again.
      if (!fold || fold.isRequired) continue;
      fold.isCancelled = true;
      fold.folding?.cancel();
      if (fold === this.#fold) this.#fold = undefined;
      else this.#ending = undefined;
    }
  }

  #begin(isRequired: boolean): void {
    const { host } = this.#options;
    const fold: Fold = {
      generation: ++this.#generation,
      isRequired,
      isCancelled: false,
      firstNumber: host.nextNumber,
      appendedBefore: this.#appended,
      folding: undefined,
      goneSessions: new Set(),
    };
    this.#fold = fold;
    this.#clean(() => this.#walk(fold));
  }

  #walk(fold: Fold): void {
    const { host, settings } = this.#options;
    const { channel } = host;
    if (fold.isCancelled || !channel) return;
    try {
      fold.goneSessions = new Set(host.completeSessions.filter((session) => !channel.hasSegments(session)));
      fold.folding = new Folding({
        runtime: settings.runtime,
        whenWhole: (task) => channel.whenWhole(task),
        // What comes meanwhile is in the log as well, unless it was forgotten: then the walk must follow the document.
        // Otherwise it must not: under a busy writer it would never end.
        cursor: fold.isRequired ? channel.openDiff() : channel.openSnapshot(),
        store: (slice, index, stored) => this.#store(fold, { slice, index, stored }),
        finish: (slices, bytes) => this.#finish(fold, { slices, bytes }),
        fail: () => this.#walkFailed(fold),
      });
    } catch {
      this.#walkFailed(fold);
    }
  }

  /** What the document throws is its own matter; here it only means another time, if there is one. */
  #walkFailed(fold: Fold): void {
    const { runtime, foldRetryMs } = this.#options.settings;
    this.#notBefore = runtime.elapsed() + foldRetryMs;
    if (!fold.isRequired) return this.#cancelOptional();
    if (!this.#isClosed) {
      runtime.after(foldRetryMs, () => this.#walk(fold), { background: true });
      return;
    }
    this.#fold = undefined;
    this.#whenAtEnd?.();
  }

  #store(fold: Fold, part: { slice: Uint8Array; index: number; stored: () => void }): void {
    const { host, keys, writer } = this.#options;
    const key = keys.slice(fold.generation, part.index);
    const value = frameRecord(key, part.slice);
    writer.add({
      owner: host,
      bytes: value.length,
      // Whatever the level: the synced switch to this snapshot must not survive the power without it.
      sync: true,
      operations: () => (fold.isCancelled ? [] : [{ type: "put", key, value }]),
      stored: part.stored,
    });
  }

  /** In the turn in which the walk came to the end: what was appended before is in the snapshot. */
  #finish(fold: Fold, size: { slices: number; bytes: number }): void {
    const { host, writer } = this.#options;
    const channel = host.channel as StoredChannel;
    if (fold.isRequired) {
      fold.firstNumber = host.nextNumber;
      fold.appendedBefore = this.#appended;
    }
    const owed = this.#owed.splice(0);
    const seenStamp = channel.seenStamp();
    let isSwitched = false;
    this.#fold = undefined;
    this.#ending = fold;
    writer.add({
      owner: host,
      bytes: 0,
      sync: true,
      operations: () => {
        if (isSwitched || fold.isCancelled) return [];
        isSwitched = true;
        fold.isRequired = true;
        host.switchTo({
          generation: fold.generation,
          slices: size.slices,
          firstNumber: fold.firstNumber,
          seenStamp,
          goneSessions: fold.goneSessions,
        });
        return [];
      },
      stored: () => {
        if (!fold.isCancelled) this.#switched(fold, size.bytes);
        for (const stored of owed) stored();
      },
    });
    this.#whenAtEnd?.();
  }

  #switched(fold: Fold, bytes: number): void {
    if (this.#ending === fold) this.#ending = undefined;
    this.#isDamaged = false;
    this.#snapshotBytes = bytes;
    this.#folded = fold.appendedBefore;
    if (this.#isClosed) return;
    const { database, keys } = this.#options;
    const ranges = [keys.slicesBefore(fold.generation), keys.updatesBefore(fold.firstNumber)];
    clearRanges(database, ranges, () => undefined);
  }

  /** Once in a session, before its first fold at the latest: clears what a crash has left, then calls back. */
  #clean(task: () => void): void {
    if (this.#cleanUp === "done") return task();
    this.#whenClean.push(task);
    if (this.#cleanUp === "running") return;
    this.#cleanUp = "running";
    clearRanges(this.#options.database, this.#options.host.leftovers(), () => {
      this.#cleanUp = "done";
      for (const waiting of this.#whenClean.splice(0)) waiting();
    });
  }
}
