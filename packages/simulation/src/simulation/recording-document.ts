// The engine's document with a pencil: it notes which writes were committed, under which struct, for the
// history. It changes nothing of what the document does.
import { SegmentDocument, type SegmentDocumentOptions, type StateVector } from "@chorus/core/internal";
import type * as Y from "yjs";
import { type History, identityOf, type Place, type Write } from "./history.js";

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
  /** What earlier sessions wrote behind a gap of a damaged store, and this one may write anew. */
  #salvaged: readonly Write[] = [];

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
      const place = { sessionId: this.ownSession, clock: firstClock + position + 1 };
      const { stamp, json } = holder;
      this.#recorder.history.record({ ...this.#madeWith(key, holder, place), key, stamp, json, ...place });
    }
    return update;
  }

  override salvage(
    ...parameters: Parameters<SegmentDocument["salvage"]>
  ): ReturnType<SegmentDocument["salvage"]> {
    const entries = super.salvage(...parameters);
    const [, isOwn] = parameters;
    this.#salvaged = entries.flatMap((entry) => this.#recorder.history.find(entry, isOwn) ?? []);
    return entries;
  }

  override relocate(...parameters: Parameters<SegmentDocument["relocate"]>): Uint8Array {
    this.#traceRelocation(...parameters);
    const { history } = this.#recorder;
    const moved: { key: string; identity: string }[] = [];
    for (const { key, holder, moves } of parameters[0]) {
      const place = moves ? this.#placeOf(key, holder.segment) : undefined;
      if (place) moved.push({ key, identity: history.identityAt(place) });
    }
    const update = super.relocate(...parameters);
    for (const { key, identity } of moved) {
      const place = this.#placeOf(key, this.current);
      if (place) history.noteCopy(identity, place);
    }
    return update;
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

  #traceRelocation(...[relocations, emptied]: Parameters<SegmentDocument["relocate"]>): void {
    const { trace } = this.#recorder;
    if (!trace) return;
    for (const { key, holder, moves } of relocations) {
      const entry = `${key} = ${holder.json ?? "deletion"} of ${holder.segment.id}`;
      trace(`${this.ownSession} ${moves ? "moves" : "drops"} ${entry}`);
    }
    if (!emptied) return;
    const left = [...this.keysOf(emptied)].join(" ");
    trace(`${this.ownSession} deletes segment ${emptied.id} with ${left || "nothing"}`);
  }

  /** What the writer knew; of an earlier session's write, which was salvaged from a damaged store, what that knew. */
  #madeWith(
    key: string,
    holder: Pick<Write, "stamp" | "json">,
    place: Place,
  ): Pick<Write, "identity" | "seen" | "hidden"> {
    const seen = this.#seen.get(key);
    if (seen) return { ...seen, identity: identityOf(place) };
    const isMeant = (write: Write): boolean =>
      write.key === key && write.stamp === holder.stamp && write.json === holder.json;
    const made = this.#salvaged.find(isMeant);
    if (!made) throw new Error(`a write of ${key} that nobody made`);
    return { identity: made.identity, seen: made.seen, hidden: made.hidden };
  }

  /**
   * What this replica cannot see although it may know the write: an entry that was moved, of which the
   * collected original has arrived, with a part of an answer, and the copy has not.
   */
  #hiddenEntries(key: string, vector: StateVector): ReadonlySet<string> {
    const hidden = new Set<string>();
    for (const document of this.#recorder.documents()) {
      if (document === this) continue;
      for (const { identity, place } of document.#entriesOf(key)) {
        if ((vector.get(place.sessionId) ?? 0) < place.clock) hidden.add(identity);
      }
    }
    if (hidden.size > 0) for (const { identity } of this.#entriesOf(key)) hidden.delete(identity);
    return hidden;
  }

  /** The writes whose entries the document holds for a key, each with the place where it stands. */
  *#entriesOf(key: string): Generator<{ identity: string; place: Place }> {
    for (let holder = this.index.winner(key); holder; holder = holder.next) {
      const place = this.#placeOf(key, holder.segment);
      if (place) yield { identity: this.#recorder.history.identityAt(place), place };
    }
  }

  /** Where the entry of a segment for a key stands; undefined for what is not committed. */
  #placeOf(key: string, segment: { readonly id: string } | undefined): Place | undefined {
    const root = this.doc.getMap<Y.Map<unknown>>("channel");
    const id = segment && root.get(segment.id)?._map.get(key)?.id;
    return id && { sessionId: id.client, clock: id.clock + 1 };
  }
}
