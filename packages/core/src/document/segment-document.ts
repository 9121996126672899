// The segments document: the only file that touches Yjs shared types. It writes this session's segments, applies what
// peers send and keeps the index true. It decides nothing: what wins is in rules.ts, what to drop or move in cleaning.ts.
//
//   doc.getMap("channel")             the root
//     "<session>.<number>" -> Y.Map   a segment: key -> [stamp, json] | [stamp]
import * as Y from "yjs";
import { type DocumentRules, documentRules } from "../rules.js";
import { entryOf, holderOf, type PendingEntry, type Relocation } from "./entries.js";
import { EntryIndex, Holder, type WinnerListener } from "./entry-index.js";
import { type KnownSegment, mayFollow, segmentAt } from "./known-structs.js";
import { Segment, segmentNumber, sessionOfSegment } from "./segment.js";

/** The name of the root map in the Y.Doc. */
export const ROOT = "channel";

/** The key of the entry that gives a deleting transaction a struct of its own (rule 5); no user key is empty. */
const MARKER_KEY = "";
const MARKER_ENTRY = [0];

/** The origin of the transaction that loads what the store kept. */
const LOADED = { name: "loaded" };

export interface SegmentDocumentOptions {
  /** This session's id: 53 bits, fresh, never used before by anybody. */
  sessionId: number;
  onWinner: WinnerListener;
  /** A key's holders changed by what a peer wrote, or by a move; it may have something to drop now. */
  onHolders: (key: string) => void;
  /** Something that a handler of Yjs threw; it must not reach Yjs, which would be left unusable. */
  onFailure: (error: unknown) => void;
  /** Default: a new document, garbage collected. */
  doc?: Y.Doc;
  /** Earlier sessions of this replica, whose segments it owns. */
  earlierSessions?: readonly number[];
  /** Default: the rules. The simulation plants faults here. */
  rules?: DocumentRules;
}

export class SegmentDocument {
  readonly doc: Y.Doc;
  readonly index: EntryIndex;
  readonly rules: DocumentRules;
  readonly ownSession: number;
  /** Holds the entries that are set and not yet committed; no segment of the document. */
  readonly pendingSegment: Segment;
  readonly #options: SegmentDocumentOptions;
  readonly #root: Y.Map<unknown>;
  readonly #owned: Set<number>;
  readonly #segments = new Map<Y.Map<unknown>, Segment>();
  readonly #maps = new Map<Segment, Y.Map<unknown>>();
  #current: Segment | undefined;
  #nextNumber = 0;
  #deletions = 0;

  constructor(options: SegmentDocumentOptions) {
    this.#options = options;
    this.doc = options.doc ?? new Y.Doc();
    this.doc.clientID = options.sessionId;
    this.ownSession = options.sessionId;
    this.rules = options.rules ?? documentRules;
    this.index = new EntryIndex(this.rules, options.onWinner);
    this.pendingSegment = new Segment("", { session: options.sessionId, owned: true, firstClock: 0 });
    this.#owned = new Set([options.sessionId, ...(options.earlierSessions ?? [])]);
    this.#root = this.doc.getMap(ROOT);
    for (const id of this.#root.keys()) this.#attach(id);
    this.doc.on("afterTransaction", (transaction) => this.#afterTransaction(transaction));
  }

  /** The segment that this session writes to now; undefined before its first entry. */
  get current(): Segment | undefined {
    return this.#current;
  }

  get segments(): IterableIterator<Segment> {
    return this.#maps.keys();
  }

  /** Transactions that deleted something. */
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

  /** Writes pending entries in one transaction. @returns the update to store and send */
  write(entries: readonly PendingEntry[]): Uint8Array {
    const update = this.#transact(() => {
      const map = this.#currentMap();
      for (const { key, holder } of entries) map.set(key, entryOf(holder));
    });
    for (const { key, holder } of entries) {
      const wins = this.index.settle(key, holder, this.#current as Segment);
      if (!wins || holder.next || holder.json === undefined) this.#options.onHolders(key);
    }
    return update;
  }

  /**
   * Takes own entries out of their segments, and writes those that move to the current one with the same stamps,
   * all in one transaction; then deletes `emptied` altogether. @returns the update to store and send
   */
  relocate(relocations: readonly Relocation[], emptied?: Segment): Uint8Array {
    // Once its segment is deleted and collected, nothing tells any more what was left in it.
    const leftovers = emptied ? [...this.keysOf(emptied)] : [];
    const update = this.#transact(() => {
      const current = this.#currentMap();
      let moved = false;
      for (const { key, holder, moves } of relocations) {
        if (moves) current.set(key, entryOf(holder));
        moved ||= moves;
        this.#maps.get(holder.segment)?.delete(key);
      }
      if (!moved) current.set(MARKER_KEY, MARKER_ENTRY);
      if (emptied) this.#root.delete(emptied.id);
    });
    for (const relocation of relocations) this.#relocated(relocation);
    if (emptied) this.#detach(emptied, leftovers);
    return update;
  }

  /** Writes go to a new segment from now on. */
  seal(): void {
    this.#current = undefined;
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

  /** Applies what the store kept, in one transaction. */
  load(updates: Iterable<Uint8Array>): void {
    this.doc.transact(() => {
      for (const update of updates) Y.applyUpdate(this.doc, update, LOADED);
    }, LOADED);
  }

  /** The keys that a segment holds in the document. */
  *keysOf(segment: Segment): IterableIterator<string> {
    const map = this.#maps.get(segment);
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

  /** Runs `work` in one local transaction. Inside, the index is stale: nothing may be decided there. */
  #transact(work: () => void): Uint8Array {
    let encoded: Uint8Array = new Uint8Array();
    const capture = (update: Uint8Array): void => {
      encoded = update;
    };
    // Nothing listens while remote updates are applied: their bytes are stored and relayed as they came.
    this.doc.on("update", capture);
    try {
      this.doc.transact(work, this);
    } finally {
      this.doc.off("update", capture);
    }
    return encoded;
  }

  #currentMap(): Y.Map<unknown> {
    const existing = this.#current && this.#maps.get(this.#current);
    if (existing) return existing;
    const id = `${this.ownSession}.${this.#nextNumber++}`;
    const map = new Y.Map<unknown>();
    const firstClock = this.clockOf(this.ownSession);
    this.#root.set(id, map);
    this.#current = this.#register(id, map, firstClock);
    return map;
  }

  #relocated({ key, holder, moves }: Relocation): void {
    const from = holder.segment;
    // First in, then out: the winner never changes on the way, so nobody is told of a change that is none.
    if (moves) this.index.put(key, new Holder(this.#current as Segment, holder.stamp, holder.json));
    this.index.remove(key, from);
    this.#options.onHolders(key);
  }

  #afterTransaction(transaction: Y.Transaction): void {
    if (transaction.deleteSet.clients.size > 0) this.#deletions++;
    if (transaction.origin === this) return;
    try {
      this.#absorb(transaction);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** Brings the index up to date with what a peer, or the store, changed: first all that came, then all that went. */
  #absorb(transaction: Y.Transaction): void {
    const gone: (() => void)[] = [];
    for (const [type, keys] of transaction.changed) {
      for (const key of keys) {
        if (key === null) continue;
        const map = type as unknown as Y.Map<unknown>;
        if (map === this.#root) this.#absorbRoot(key, gone);
        else this.#absorbEntry(map, key, gone);
      }
    }
    for (const remove of gone) remove();
  }

  #absorbRoot(id: string, gone: (() => void)[]): void {
    if (this.#root.has(id)) return this.#attach(id);
    for (const segment of this.#maps.keys()) {
      if (segment.id !== id) continue;
      // A deleted map shows no keys any more, but knows them until it is collected, at the end of the transaction.
      const keys = [...(this.#maps.get(segment)?._map.keys() ?? [])];
      gone.push(() => this.#detach(segment, keys));
    }
  }

  #absorbEntry(map: Y.Map<unknown>, key: string, gone: (() => void)[]): void {
    const segment = this.#segments.get(map);
    if (!segment || key === MARKER_KEY) return;
    const entry = map.get(key);
    if (entry === undefined) {
      gone.push(() => {
        this.index.remove(key, segment);
        this.#options.onHolders(key);
      });
    } else this.#put(segment, key, entry);
  }

  #attach(id: string): void {
    const map = this.#root.get(id);
    const session = sessionOfSegment(id);
    if (!(map instanceof Y.Map) || session === undefined || this.#segments.has(map)) return;
    const segment = this.#register(id, map, map._item?.id.clock ?? 0);
    for (const [key, entry] of map.entries()) if (key !== MARKER_KEY) this.#put(segment, key, entry);
  }

  #detach(segment: Segment, keys: readonly string[]): void {
    const map = this.#maps.get(segment);
    this.#maps.delete(segment);
    if (map) this.#segments.delete(map);
    for (const key of keys) {
      if (key === MARKER_KEY) continue;
      this.index.remove(key, segment);
      this.#options.onHolders(key);
    }
  }

  #register(id: string, map: Y.Map<unknown>, firstClock: number): Segment {
    const session = sessionOfSegment(id) ?? 0;
    const segment = new Segment(id, { session, owned: this.#owned.has(session), firstClock });
    this.#segments.set(map, segment);
    this.#maps.set(segment, map);
    if (session === this.ownSession) this.#nextNumber = Math.max(this.#nextNumber, segmentNumber(id) + 1);
    return segment;
  }

  #put(segment: Segment, key: string, entry: unknown): void {
    const holder = holderOf(segment, entry);
    if (!holder) return;
    this.index.put(key, holder);
    this.#options.onHolders(key);
  }
}
