// Writes entries of one session as an update, version 1, byte for byte as Yjs would, but for the delete set: what an entry
// overwrites in its segment is deleted by the entry itself, and what is in a segment with it, so neither is named.
import { EntryBytes, type WrittenEntry } from "./entry-bytes.js";
import type { DeletedRun } from "./struct-deletions.js";

const NOTHING: ReadonlyMap<number, readonly DeletedRun[]> = new Map();

export class EntryUpdate {
  readonly #bytes: EntryBytes;
  readonly #clock: number;
  readonly #structs: number;

  /** @param first the clock of the first struct @param structs how many will follow; never 0 */
  constructor(session: number, first: number, structs: number) {
    this.#bytes = new EntryBytes(session);
    this.#clock = first;
    this.#structs = structs;
  }

  /** A segment begins. */
  segment(id: string): void {
    this.#bytes.segment(id);
  }

  /** See `EntryBytes.first`. */
  first(segmentClock: number, key: string, entry: WrittenEntry): void {
    this.#bytes.first(segmentClock, key, entry);
  }

  /** See `EntryBytes.follower`. */
  follower(origin: number, entry: WrittenEntry): void {
    this.#bytes.follower(origin, entry);
  }

  /** The update with what it deletes besides; the writer is of no use any more. */
  finish(deletions: ReadonlyMap<number, readonly DeletedRun[]> = NOTHING): Uint8Array {
    const bytes = this.#bytes;
    bytes.reserve();
    bytes.varUint(deletions.size);
    for (const [session, runs] of deletions) {
      bytes.reserve();
      bytes.varUint(session);
      bytes.varUint(runs.length);
      for (const { clock, length } of runs) {
        bytes.reserve();
        bytes.varUint(clock);
        bytes.varUint(length);
      }
    }
    return bytes.finish({ clock: this.#clock, structs: this.#structs });
  }
}
