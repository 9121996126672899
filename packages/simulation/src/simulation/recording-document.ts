// The engine's document with a pencil: it notes which writes were committed, under which struct, for the
// history. It changes nothing of what the document does.
import { SegmentDocument, type SegmentDocumentOptions, type StateVector } from "@chorus/core/internal";
import type * as Y from "yjs";
import { type History, identityOf, type Write } from "./history.js";

/** Where a document's writes are noted. */
export interface Recorder {
  readonly history: History;
  /** The documents of all replicas as they are now, or were when their process died. */
  readonly documents: () => Iterable<RecordingDocument>;
  /** Receives what is dropped and moved, for the event log. */
  readonly trace?: ((line: string) => void) | undefined;
}

export class RecordingDocument extends SegmentDocument {
  readonly #recorder: Recorder;
  /**
   * What the writer of a key had applied, and had not seen of it, when it wrote; the commit may come turns
   * later.
   */
  readonly #seen = new Map<string, Pick<Write, "seen" | "hidden">>();

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
    const vector = this.vector();
    for (const key of keys) this.#seen.set(key, { seen: vector, hidden: this.#hiddenEntries(key, vector) });
  }

  override write(entries: Parameters<SegmentDocument["write"]>[0]): Uint8Array {
    const update = super.write(entries);
    // Each entry is one struct, in the order of the list, the last of them the newest of the session.
    const firstClock = this.clockOf(this.ownSession) - entries.length;
    for (const [position, { key, holder }] of entries.entries()) {
      this.#recorder.history.record({
        ...this.#madeWith(key, holder),
        key,
        stamp: holder.stamp,
        json: holder.json,
        sessionId: this.ownSession,
        clock: firstClock + position + 1,
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

  /** The tombstones that nothing needs once all replicas have met, and the superseded entries of one that is gone. */
  heldInVain(goneReplicaId: string): string[] {
    const held: string[] = [];
    for (const [key, winner] of this.index.entries()) {
      if (winner.json === undefined) held.push(`the deletion of ${key} at ${winner.stamp}`);
      for (let holder = winner.next; holder; holder = holder.next) {
        if (this.signatures.of(holder.segment.session)?.[0] === goneReplicaId)
          held.push(`${key} at ${holder.stamp} in ${holder.segment.id}`);
      }
    }
    return held;
  }

  /** What the writer knew; of an earlier session's write, which was salvaged from a damaged store, what that knew. */
  #madeWith(key: string, holder: Pick<Write, "stamp" | "json">): Pick<Write, "seen" | "hidden"> {
    const made = this.#seen.get(key) ?? this.#recorder.history.find(key, holder);
    if (!made) throw new Error(`a write of ${key} that nobody made`);
    return { seen: made.seen, hidden: made.hidden };
  }

  /**
   * What this replica cannot see although it may know the write: an entry that was moved, of which the
   * collected original has arrived, with a part of an answer, and the copy has not.
   */
  #hiddenEntries(key: string, vector: StateVector): ReadonlySet<string> {
    const hidden = new Set<string>();
    for (const document of this.#recorder.documents()) {
      if (document === this) continue;
      for (const { identity, session, clock } of document.#entriesOf(key)) {
        if ((vector.get(session) ?? 0) <= clock) hidden.add(identity);
      }
    }
    if (hidden.size > 0) for (const { identity } of this.#entriesOf(key)) hidden.delete(identity);
    return hidden;
  }

  /** The entries of a key in the document, each with the struct it is in. */
  *#entriesOf(key: string): Generator<{ identity: string; session: number; clock: number }> {
    const root = this.doc.getMap<Y.Map<unknown>>("channel");
    for (let holder = this.index.winner(key); holder; holder = holder.next) {
      const id = root.get(holder.segment.id)?._map.get(key)?.id;
      if (id) yield { identity: identityOf(holder), session: id.client, clock: id.clock };
    }
  }
}
