// Numbers the updates of a channel and hands them to the writer, each as a record, or a large one as a record for each of
// its parts, framed and written in turns. The metadata that is written with the first part says that none of them counts,
// and that with the last that all do: a crash between leaves all or nothing. Must never let a later update overtake.
import type { ChannelFolder } from "./channel-folder.js";
import type { LargeUpdate, StoredChannel } from "./channel-storage.js";
import type { GroupWriter, WriteJob, WriteOwner } from "./group-writer.js";
import type { NumberRange } from "./number-ranges.js";
import { attempt } from "./store-failures.js";
import type { ChannelKeys } from "./store-keys.js";
import { frameUpdate } from "./store-records.js";
import { UpdateJob } from "./update-job.js";

/** The log whose updates they are. */
export interface UpdateQueueHost extends WriteOwner {
  /** Undefined before it was started. */
  readonly channel: StoredChannel | undefined;
  /** Why the store takes no writes at the moment. */
  readonly failure: Error | undefined;
  /** Nobody wants to hear any more that something is stored. */
  readonly isClosing: boolean;
  /** An update of this session is about to be stored. */
  enlist(): void;
  /** Changes the metadata: the updates with these numbers do not count; or, because nothing is missing any more, they do. */
  setIncomplete(range: NumberRange, isIncomplete: boolean): void;
}

export interface UpdateQueueOptions {
  readonly host: UpdateQueueHost;
  readonly keys: ChannelKeys;
  readonly folder: ChannelFolder;
  readonly writer: GroupWriter;
  /** Of the first update. */
  readonly nextNumber: number;
  /** See StoreOptions. */
  readonly partBytes: number;
  /** An update was handed to the writer. */
  readonly onQueued: () => void;
}

export class UpdateQueue {
  readonly #options: UpdateQueueOptions;
  #nextNumber: number;

  constructor(options: UpdateQueueOptions) {
    this.#options = options;
    this.#nextNumber = options.nextNumber;
  }

  /** Of the next update. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  append(update: Uint8Array, stored: () => void): void {
    this.#add(stored, (isStored) => {
      const key = this.#options.keys.update(this.#nextNumber++);
      const value = frameUpdate(key, update, this.#seenStamp);
      const record = { bytes: value.length, isPart: false, make: () => ({ key, value }) };
      return [new UpdateJob(this.#options.host, record, isStored)];
    });
  }

  /** What would have to be folded next is not written twice. */
  appendLarge(update: LargeUpdate, stored: () => void): void {
    const { host, folder } = this.#options;
    if (host.channel && !host.failure && folder.wouldFold(bytesOf(update.parts))) folder.require();
    this.#add(stored, (isStored) => this.#partJobs(update, isStored));
  }

  /** Forgets all updates of the host that are not being written: the document is stored in their place. */
  forget(): void {
    const { host, folder, writer } = this.#options;
    const forgotten: WriteJob[] = [];
    writer.takeBack((job) => {
      const isMeant = job.owner === host && job instanceof UpdateJob;
      if (isMeant) forgotten.push(job);
      return isMeant;
    });
    if (forgotten.length === 0) return;
    folder.require();
    // Of the jobs nothing is kept but this, or their bytes would go on filling the memory.
    for (const { stored } of forgotten) folder.owe(stored);
  }

  get #seenStamp(): number {
    return this.#options.host.channel?.seenStamp() ?? -1;
  }

  /** Hands the jobs to the writer that `create` makes, unless the document is stored in their place. */
  #add(stored: () => void, create: (isStored: () => void) => readonly UpdateJob[]): void {
    const { host, folder, writer, onQueued } = this.#options;
    host.enlist();
    const answer = (): void => {
      if (!host.isClosing) attempt(stored);
    };
    if (folder.coversUpdates) return folder.owe(answer);
    const jobs = create(() => {
      answer();
      folder.consider();
    });
    for (const job of jobs) {
      folder.count(job.bytes);
      writer.add(job);
    }
    onQueued();
  }

  #partJobs({ parts, assemble }: LargeUpdate, stored: () => void): UpdateJob[] {
    const { host, keys, partBytes } = this.#options;
    const seenStamp = this.#seenStamp;
    const records = grouped(parts, partBytes);
    const range = { from: this.#nextNumber, to: this.#nextNumber + records.length };
    this.#nextNumber = range.to;
    return records.map((record, index) => {
      const number = range.from + index;
      const isLast = number === range.to - 1;
      const key = keys.update(number);
      const make = (): { key: string; value: Uint8Array } => {
        // Again when a batch is tried again: one with both leaves the end in force.
        if (index === 0 && !isLast) host.setIncomplete(range, true);
        if (isLast && index > 0) host.setIncomplete(range, false);
        return { key, value: frameUpdate(key, assemble(record), seenStamp) };
      };
      return new UpdateJob(
        host,
        { bytes: bytesOf(record), isPart: true, make },
        isLast ? stored : () => undefined,
      );
    });
  }
}

/** Parts that follow each other, so that each group has so many bytes: pieces of parts would be records of a few. */
function grouped(parts: readonly Uint8Array[], bytes: number): Uint8Array[][] {
  const groups: Uint8Array[][] = [];
  let room = 0;
  for (const part of parts) {
    if (room <= 0) {
      groups.push([]);
      room = bytes;
    }
    groups.at(-1)?.push(part);
    room -= part.length;
  }
  return groups;
}

function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
