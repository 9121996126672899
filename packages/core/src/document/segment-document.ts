// The segments document: the only file that touches Yjs shared types. It writes this session's segments, applies what
// peers send and keeps the index true. It decides nothing: what wins is in rules.ts, what to drop or move in cleaning.ts.
//
//   doc.getMap("channel")             the root
//     "<session>.<number>" -> Y.Map   a segment: key -> [stamp, json] | [stamp]
import * as Y from "yjs";
import { type DocumentRules, documentRules } from "../rules.js";
import type { DeferredRemovals } from "./deferred-removals.js";
import type { PendingEntry, Relocation, Removal } from "./entries.js";
import { EntryStructs, type StructRun } from "./entry-structs.js";
import { EntryIndex } from "./entry-index.js";
import { Holder } from "./holder.js";
import { type KnownSegment, mayFollow, segmentAt } from "./known-structs.js";
import { salvage, type SalvagedEntry } from "./salvage.js";
import { Segment } from "./segment.js";
import { SegmentTable } from "./segment-table.js";
import type { SegmentDocumentOptions } from "./segment-document-options.js";
import { SegmentWriter } from "./segment-writer.js";
import { MARKER_KEY, Signatures } from "./signatures.js";
import { liveKeys } from "./struct-deletions.js";
import { TransactionReader } from "./transaction-reader.js";
import { ROOT } from "./update-format.js";

export type { SegmentDocumentOptions };

export { ROOT };

/** The origin of the transaction that loads what the store kept. */
const LOADED = { name: "loaded" };

export class SegmentDocument {
  readonly doc: Y.Doc;
  readonly index: EntryIndex;
  readonly rules: DocumentRules;
  readonly ownSession: number;
  /** Which replica wrote which session. */
  readonly signatures: Signatures;
  /** Holds the entries that are set and not yet committed; no segment of the document. */
  readonly pendingSegment: Segment;
  /** Reads and writes entries past Yjs; undefined for a document that was given, which others may listen to. */
  readonly structs: EntryStructs | undefined;
  readonly #options: SegmentDocumentOptions;
  readonly #root: Y.Map<unknown>;
  readonly #table: SegmentTable<Y.Map<unknown>>;
  readonly #writer: SegmentWriter;
  readonly #reader: TransactionReader;
  #deletions = 0;

  constructor(options: SegmentDocumentOptions) {
    this.#options = options;
    this.doc = options.doc ?? new Y.Doc();
    this.doc.clientID = options.sessionId;
    this.ownSession = options.sessionId;
    this.rules = options.rules ?? documentRules;
    this.index = new EntryIndex(this.rules, options.onWinner);
    this.pendingSegment = new Segment("", { session: options.sessionId, owned: true, firstClock: 0 });
    this.#table = new SegmentTable(options.sessionId);
    this.#root = this.doc.getMap(ROOT);
    this.signatures = new Signatures((sessionId) => options.onSigned?.(sessionId));
    this.structs = options.doc ? undefined : this.#createStructs();
    this.#writer = this.#createWriter();
    this.#reader = this.#createReader();
    this.#reader.readAll();
    this.doc.on("afterTransaction", (transaction) => this.#afterTransaction(transaction));
  }

  /** The segment that this session writes to now; undefined before its first entry. */
  get current(): Segment | undefined {
    return this.#writer.current;
  }

  /** While a large answer is applied in turns: what leaves the index at its end. */
  get removals(): DeferredRemovals {
    return this.#reader.removals;
  }

  get segments(): IterableIterator<Segment> {
    return this.#table.all;
  }

  /** Whether a session has a segment here. */
  hasSegmentsOf(sessionId: number): boolean {
    return this.#table.hasSession(sessionId);
  }

  /** How often something was deleted, other than by what is written over it. */
  get deletions(): number {
    return this.#deletions;
  }

  /** What this replica has applied. */
  vector(): Map<number, number> {
    const vector = new Map<number, number>();
    for (const session of this.doc.store.clients.keys()) vector.set(session, this.clockOf(session));
    return vector;
  }

  /** The structs of one session that are known. */
  clockOf(session: number): number {
    return Y.getState(this.doc.store, session);
  }

  /** The whole document as one update. */
  encode(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc);
  }

  /**
   * The structs ever written in a segment's time: its own and those of moves and drops it was current for.
   * @param following the next segment of the same session, or undefined for its last
   */
  structsOf(segment: Segment, following: Segment | undefined): number {
    return (following?.firstClock ?? this.clockOf(segment.session)) - segment.firstClock;
  }

  /** Writes pending entries. @returns the update to store and send */
  write(entries: readonly PendingEntry[]): Uint8Array {
    const update = this.#writer.write(entries);
    const segment = this.#writer.current as Segment;
    // What a peer has deleted in the segment the index may still hold.
    const { isDeferring } = this.removals;
    for (const { key, holder, winner, replaces } of entries) {
      this.index.settle(holder, segment, replaces || isDeferring);
      if (winner !== holder || holder.next || holder.json === undefined) this.#options.onHolders(key, winner);
    }
    return update;
  }

  /**
   * Takes own entries out of their segments, and writes those that move to the current one with the same stamps,
   * all in one update; then deletes `emptied` altogether. @returns the update to store and send
   */
  relocate(relocations: readonly Relocation[], emptied?: Segment): Uint8Array {
    // Once its segment is deleted and collected, nothing tells any more what was left in it.
    const leftovers = emptied ? [...this.keysOf(emptied)] : [];
    const removals = relocations.map(({ key, holder: { segment, stamp, json }, moves }): Removal => {
      const moved = moves ? new Holder(this.pendingSegment, stamp, json) : undefined;
      return { key, segment, moved };
    });
    const update = this.#writer.relocate(removals, emptied);
    if (relocations.length > 0 || emptied) this.#deletions++;
    for (const removal of removals) this.#relocated(removal);
    if (emptied) this.#reader.detach(emptied, leftovers);
    return update;
  }

  /** Signs the current segment anew. @returns the update to store and send */
  sign(): Uint8Array {
    return this.relocate([]);
  }

  /** A session's segments count as own from now on, or no longer. @returns those that are to be recounted */
  setOwned(sessionId: number, owned: boolean): Segment[] {
    return this.#table.setOwned(sessionId, owned);
  }

  /** The owner of a segment has changed: looks at its keys again. @returns how many they are */
  recount(segment: Segment): number {
    let keys = 0;
    for (const key of this.keysOf(segment)) {
      this.index.recount(key);
      this.#options.onHolders(key, this.index.winner(key));
      keys++;
    }
    return keys;
  }

  /** Writes go to a new segment from now on. */
  seal(): void {
    this.#writer.seal();
  }

  /**
   * Applies a peer's update; the caller has guarded it. @param source becomes the transaction's origin
   * @returns whether anything was deleted by it that was not deleted before
   */
  apply(update: Uint8Array, source: object): boolean {
    const before = this.#deletions;
    Y.applyUpdate(this.doc, update, source);
    return this.#deletions > before;
  }

  /**
   * Applies what `readPlainUpdate` has read of a peer's update. @returns whether anything was deleted by it that was not
   * deleted before, besides what it overwrites
   */
  integrate({ session, structs, deletions, coming }: StructRun): boolean {
    const begun = (coming ? coming.place() : this.structs?.integrate(session, structs)) ?? [];
    const gone = deletions.filter((deletion) => !(deletion.begin ?? deletion.item).deleted);
    const leftovers = gone.map((deletion) => (deletion.begin ? [...liveKeys(deletion.map)] : [deletion.key]));
    this.structs?.delete(gone);
    if (gone.length > 0) this.#deletions++;
    try {
      for (const segment of begun) this.#writer.noteSegment(segment);
      for (const struct of structs) this.#reader.arrived(struct);
      for (const [i, { segment, begin }] of gone.entries())
        this.#reader.left(segment, leftovers[i] ?? [], !!begin);
    } catch (error) {
      this.#options.onFailure(error);
    }
    return gone.length > 0;
  }

  /**
   * Applies what the store kept, in one transaction. @returns whether all of it could be applied; what could not is
   * left out, and is not held back either: Yjs would try it again with every update
   */
  load(updates: Iterable<Uint8Array>): boolean {
    const { store } = this.doc;
    try {
      this.doc.transact(() => {
        for (const update of updates) Y.applyUpdate(this.doc, update, LOADED);
      }, LOADED);
    } catch {
      return false;
    }
    const isWhole = store.pendingStructs === null && store.pendingDs === null;
    store.pendingStructs = null;
    store.pendingDs = null;
    return isWhole;
  }

  /** Own entries in updates that cannot be applied, without those that they delete again. Deletes what they delete. */
  salvage(updates: readonly Uint8Array[], isOwn: (session: number) => boolean): SalvagedEntry[] {
    const { entries, deletions } = salvage(updates, this.doc, isOwn);
    Y.applyUpdate(this.doc, deletions, LOADED);
    return [...entries];
  }

  /** The keys that a segment holds in the document. */
  *keysOf(segment: Segment): IterableIterator<string> {
    const map = this.#table.mapOf(segment);
    for (const key of map?.keys() ?? []) if (key !== MARKER_KEY) yield key;
  }

  // The guard's questions, see known-structs.ts.
  segmentAt(session: number, clock: number): KnownSegment | undefined | "invalid" {
    return segmentAt(this.doc, this.#root, { session, clock });
  }

  hasSegment(id: string): boolean {
    return this.#root._map.has(id);
  }

  mayFollow(session: number, clock: number): boolean {
    return mayFollow(this.doc, this.#root, { session, clock });
  }

  #createStructs(): EntryStructs {
    const { doc, ownSession } = this;
    return new EntryStructs({ doc, root: this.#root, table: this.#table, ownSession });
  }

  #createWriter(): SegmentWriter {
    const { doc, structs, signatures, ownSession } = this;
    const { signature } = this.#options;
    return new SegmentWriter({
      doc,
      root: this.#root,
      table: this.#table,
      structs,
      signatures,
      ownSession,
      signature,
    });
  }

  #createReader(): TransactionReader {
    const { onHolders, onFailure } = this.#options;
    return new TransactionReader({
      root: this.#root,
      table: this.#table,
      index: this.index,
      signatures: this.signatures,
      onHolders,
      onSegment: (segment) => this.#writer.noteSegment(segment),
      onFailure,
    });
  }

  #relocated({ key, segment, moved }: Removal): void {
    // First in, then out: the winner never changes on the way, so nobody is told of a change that is none.
    if (moved) {
      moved.segment = this.#writer.current as Segment;
      this.index.put(key, moved);
    }
    this.#options.onHolders(key, this.index.remove(key, segment));
  }

  #afterTransaction(transaction: Y.Transaction): void {
    if (transaction.deleteSet.clients.size > 0) this.#deletions++;
    if (transaction.origin === this.#writer) return;
    try {
      this.#reader.read(transaction);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}
