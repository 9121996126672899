// Writes this session's segments: past Yjs's transactions, or in one of them where others may listen to the document, or
// a segment to be deleted is not as our writers make it. It leaves the index alone, which is stale until the caller has
// brought it up to date.
import * as Y from "yjs";
import type { PendingEntry, Removal } from "./entries.js";
import type { EntryStructs, OwnEntry } from "./entry-structs.js";
import type { Segment } from "./segment.js";
import type { SegmentTable } from "./segment-table.js";
import { MARKER_KEY, markerOf, type Signature, type Signatures } from "./signatures.js";
import type { Deletion } from "./struct-deletions.js";

export interface SegmentWriterParts {
  readonly doc: Y.Doc;
  readonly root: Y.Map<unknown>;
  readonly table: SegmentTable<Y.Map<unknown>>;
  /** Undefined: everything is written in transactions. */
  readonly structs: EntryStructs | undefined;
  readonly signatures: Signatures;
  readonly ownSession: number;
  /** How this session signs its segments from now on. */
  readonly signature: () => Signature;
}

/** What one commit writes and deletes. */
interface Commit {
  readonly entries: readonly OwnEntry[];
  readonly deletions: readonly Deletion[];
  /** It may have no entries, and must have a struct nevertheless. */
  readonly needsStruct: boolean;
}

export class SegmentWriter {
  readonly #parts: SegmentWriterParts;
  #current: Segment | undefined;
  #nextNumber = 0;

  constructor(parts: SegmentWriterParts) {
    this.#parts = parts;
  }

  /**
   * The segment that is written to now; undefined before the first entry, after `seal`, and when a peer has deleted it:
   * nobody honest does, but what is written there would be lost.
   */
  get current(): Segment | undefined {
    const map = this.#parts.table.mapOf(this.#current);
    if (!map || map._item?.deleted) this.#current = undefined;
    return this.#current;
  }

  seal(): void {
    this.#current = undefined;
  }

  /** A segment has come, perhaps of this very session: its number is taken. */
  noteSegment({ session, number }: Segment): void {
    if (session === this.#parts.ownSession) this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  /** Writes new entries to the current segment. @returns the update to store and send */
  write(entries: readonly PendingEntry[]): Uint8Array {
    const { structs } = this.#parts;
    if (structs) return this.#writeStructs(structs, entries);
    return this.#transact(() => {
      const map = this.#currentMap();
      for (const { key, holder } of entries) map.set(key, holder.entry);
    });
  }

  /** Moves and drops as `SegmentDocument.relocate` says. @returns the update to store and send */
  relocate(removals: readonly Removal[], emptied?: Segment): Uint8Array {
    const { structs } = this.#parts;
    const emptying = structs && emptied ? structs.planEmptying(emptied) : [];
    if (structs && emptying) return this.#relocateStructs(structs, removals, emptying);
    return this.#relocateInTransaction(removals, emptied);
  }

  #relocateInTransaction(removals: readonly Removal[], emptied: Segment | undefined): Uint8Array {
    const { root, table } = this.#parts;
    return this.#transact(() => {
      const before = this.current;
      const current = this.#currentMap();
      // A segment that is new has its signature for a struct.
      let hasStruct = this.#current !== before;
      for (const { key, segment, moved } of removals) {
        if (moved) current.set(key, moved.entry);
        hasStruct ||= moved !== undefined;
        table.mapOf(segment)?.delete(key);
      }
      if (!hasStruct) this.#sign(current);
      if (emptied) root.delete(emptied.id);
    });
  }

  #relocateStructs(
    structs: EntryStructs,
    removals: readonly Removal[],
    emptying: readonly Deletion[],
  ): Uint8Array {
    const deletions: Deletion[] = [];
    const entries: OwnEntry[] = [];
    for (const { key, segment, moved } of removals) {
      const deletion = structs.planRemoval(segment, key);
      if (deletion) deletions.push(deletion);
      if (moved) entries.push({ key, holder: moved });
    }
    // What is in a segment goes before the segment: afterwards it is no longer there.
    deletions.push(...emptying);
    // A transaction that deletes has a struct: what moves, the signature of a new segment, or this one signed anew.
    return this.#commit(structs, { entries, deletions, needsStruct: true });
  }

  #writeStructs(structs: EntryStructs, entries: readonly PendingEntry[]): Uint8Array {
    return this.#commit(structs, { entries, deletions: [], needsStruct: false });
  }

  #commit(structs: EntryStructs, { entries, deletions, needsStruct }: Commit): Uint8Array {
    const { signatures, signature } = this.#parts;
    const { current } = this;
    const into = current ?? this.#nextId();
    const isSigned = current === undefined || (needsStruct && entries.length === 0);
    const sign = isSigned ? markerOf(signature()) : undefined;
    const { segment, update } = structs.write({ into, entries, sign, deletions });
    this.#current = segment;
    if (sign) signatures.note(segment, sign);
    return update;
  }

  /** Runs `work` in one local transaction. Inside, the index is stale: nothing may be decided there. */
  #transact(work: () => void): Uint8Array {
    const { doc } = this.#parts;
    let encoded: Uint8Array = new Uint8Array();
    const capture = (update: Uint8Array): void => {
      encoded = update;
    };
    // Nothing listens while remote updates are applied: their bytes are stored and relayed as they came.
    doc.on("update", capture);
    try {
      doc.transact(work, this);
    } finally {
      doc.off("update", capture);
    }
    return encoded;
  }

  #currentMap(): Y.Map<unknown> {
    const { doc, root, table, ownSession } = this.#parts;
    const existing = table.mapOf(this.current);
    if (existing) return existing;
    const map = new Y.Map<unknown>();
    const segment = table.create(this.#nextId(), Y.getState(doc.store, ownSession));
    root.set(segment.id, map);
    this.#current = table.add(segment, map);
    this.#sign(map);
    return map;
  }

  #sign(map: Y.Map<unknown>): void {
    const marker = markerOf(this.#parts.signature());
    map.set(MARKER_KEY, marker);
    if (this.#current) this.#parts.signatures.note(this.#current, marker);
  }

  #nextId(): string {
    return `${this.#parts.ownSession}.${this.#nextNumber++}`;
  }
}
