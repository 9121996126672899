// What survives a crash: the updates a replica has stored, and its sessions. Storing takes a random time;
// what was not stored when the process died is gone, as a whole record, and always the newest records.
import type { UpdateLog } from "@chorus/core";
import type { Random } from "./random.js";
import type { VirtualRuntime } from "./virtual-runtime.js";

export interface DiskSession {
  sessionId: number;
  /** Whether everything this session ever sent is in the log. */
  complete: boolean;
}

export class Disk {
  #hasSnapshot = false;
  /** A snapshot if there is one, then the records since. */
  readonly updates: Uint8Array[] = [];
  readonly sessions: DiskSession[] = [];

  /**
   * The log as one process sees it.
   * @param delayMs the longest time one write takes
   */
  open(runtime: VirtualRuntime, random: Random, delayMs: number): UpdateLog {
    return new VirtualLog(this, { runtime, random, delayMs });
  }

  /** Replaces the records by one that says the same, as a store does whose log has outgrown its content. */
  fold(snapshot: Uint8Array): void {
    this.updates.splice(0, this.updates.length, snapshot);
    this.#hasSnapshot = true;
  }

  /**
   * Loses the newest records, as a power cut does to a log that is not flushed, or a restored backup: all
   * sessions so far may have sent what is gone now.
   */
  tear(records: number): void {
    this.updates.length = Math.max(this.#hasSnapshot ? 1 : 0, this.updates.length - records);
    for (const session of this.sessions) session.complete = false;
  }
}

/**
 * One write at a time; what is appended meanwhile goes into the next, as a store that groups its writes does.
 */
class VirtualLog implements UpdateLog {
  readonly #disk: Disk;
  readonly #options: { runtime: VirtualRuntime; random: Random; delayMs: number };
  #waiting: { record: Uint8Array; stored: () => void }[] = [];
  #writing = false;

  constructor(disk: Disk, options: { runtime: VirtualRuntime; random: Random; delayMs: number }) {
    this.#disk = disk;
    this.#options = options;
  }

  append(update: Uint8Array, stored: (error?: Error) => void): void {
    this.#waiting.push({ record: update.slice(), stored });
    if (!this.#writing) this.#write();
  }

  #write(): void {
    const { runtime, random, delayMs } = this.#options;
    const group = this.#waiting;
    this.#waiting = [];
    this.#writing = true;
    runtime.after(random.next() * delayMs, () => {
      for (const { record } of group) this.#disk.updates.push(record);
      for (const { stored } of group) stored();
      this.#writing = false;
      if (this.#waiting.length > 0) this.#write();
    });
  }
}
