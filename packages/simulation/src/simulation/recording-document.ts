// The engine's document with a pencil: it notes which writes were committed, under which struct, for the history. It
// changes nothing of what the document does.
import { SegmentDocument, type SegmentDocumentOptions, type StateVector } from "@chorus/core/internal";
import type { History } from "./history.js";

/** Where a document's writes are noted. */
export interface Recorder {
  readonly history: History;
  /** Receives what is dropped and moved, for the event log. */
  readonly trace?: ((line: string) => void) | undefined;
}

export class RecordingDocument extends SegmentDocument {
  readonly #recorder: Recorder;
  /** What the writer of a key had applied when it wrote; the commit may come some turns later. */
  readonly #seen = new Map<string, StateVector>();

  constructor(options: SegmentDocumentOptions, recorder: Recorder) {
    super(options);
    this.#recorder = recorder;
  }

  /** Whether Yjs holds anything back because something before it is missing; never, behind the guard. */
  get holdsBack(): boolean {
    return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null;
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
      this.#recorder.history.record({
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

  override relocate(...parameters: Parameters<SegmentDocument["relocate"]>): Uint8Array {
    const [relocations, emptied] = parameters;
    for (const { key, holder, moves } of this.#recorder.trace ? relocations : []) {
      const entry = `${key} = ${holder.json ?? "deletion"} of ${holder.segment.id}`;
      this.#recorder.trace?.(`${this.ownSession} ${moves ? "moves" : "drops"} ${entry}`);
    }
    const left = emptied && [...this.keysOf(emptied)].join(" ");
    if (emptied)
      this.#recorder.trace?.(`${this.ownSession} deletes segment ${emptied.id} with ${left || "nothing"}`);
    return super.relocate(...parameters);
  }
}
