// The engine's document with a pencil: it notes which writes were committed, under which struct, for the history. It
// changes nothing of what the document does.
import { SegmentDocument, type SegmentDocumentOptions, type StateVector } from "@chorus/core/internal";
import type { History } from "./history.js";

export class RecordingDocument extends SegmentDocument {
  readonly #history: History;
  /** What the writer of a key had applied when it wrote; the commit may come some turns later. */
  readonly #seen = new Map<string, StateVector>();

  constructor(options: SegmentDocumentOptions, history: History) {
    super(options);
    this.#history = history;
  }

  /** The application has written these keys just now. */
  noteWritten(keys: readonly string[]): void {
    if (keys.length === 0) return;
    const seen = this.vector();
    for (const key of keys) this.#seen.set(key, seen);
  }

  override write(entries: Parameters<SegmentDocument["write"]>[0]): Uint8Array {
    const update = super.write(entries);
    // Each entry is one struct, in the order of the list, the last of them the newest of the session.
    const firstClock = this.clockOf(this.ownSession) - entries.length;
    for (const [position, { key, holder }] of entries.entries()) {
      const seen = this.#seen.get(key);
      if (!seen) throw new Error(`a write of ${key} that nobody made`);
      this.#history.record({
        key,
        stamp: holder.stamp,
        json: holder.json,
        sessionId: this.ownSession,
        clock: firstClock + position + 1,
        seen,
      });
    }
    return update;
  }
}
