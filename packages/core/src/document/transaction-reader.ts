// Keeps table, index and signatures true to the document: reads what a transaction of a peer, or of the store, changed.
// It writes nothing, and decides nothing.
import * as Y from "yjs";
import { holderOf } from "./entries.js";
import type { EntryIndex } from "./entry-index.js";
import { type Segment, sessionOfSegment } from "./segment.js";
import type { SegmentTable } from "./segment-table.js";
import { MARKER_KEY, type Signatures } from "./signatures.js";

export interface TransactionReaderParts {
  readonly root: Y.Map<unknown>;
  readonly table: SegmentTable<Y.Map<unknown>>;
  readonly index: EntryIndex;
  readonly signatures: Signatures;
  /** A key's holders have changed. */
  readonly onHolders: (key: string) => void;
  /** A segment has come. */
  readonly onSegment: (segment: Segment) => void;
}

export class TransactionReader {
  readonly #parts: TransactionReaderParts;

  constructor(parts: TransactionReaderParts) {
    this.#parts = parts;
  }

  /** Reads what the document holds already. */
  readAll(): void {
    for (const id of this.#parts.root.keys()) this.#attach(id);
  }

  /** Brings the index up to date: first with all that came, then with all that went. */
  read(transaction: Y.Transaction): void {
    const gone: (() => void)[] = [];
    for (const [type, keys] of transaction.changed) {
      for (const key of keys) {
        if (key === null) continue;
        const map = type as unknown as Y.Map<unknown>;
        if (map === this.#parts.root) this.#readRoot(key, gone);
        else this.#readEntry(map, key, gone);
      }
    }
    for (const remove of gone) remove();
  }

  /** A segment is gone from the document, with these keys. */
  detach(segment: Segment, keys: readonly string[]): void {
    this.#parts.table.delete(segment);
    for (const key of keys) if (key !== MARKER_KEY) this.#remove(segment, key);
  }

  #readRoot(id: string, gone: (() => void)[]): void {
    const { root, table } = this.#parts;
    if (root.has(id)) return this.#attach(id);
    const segment = table.withId(id);
    if (!segment) return;
    // A deleted map shows no keys any more, but knows them until it is collected, at the end of the transaction.
    const keys = [...(table.mapOf(segment)?._map.keys() ?? [])];
    gone.push(() => this.detach(segment, keys));
  }

  #readEntry(map: Y.Map<unknown>, key: string, gone: (() => void)[]): void {
    const segment = this.#parts.table.segmentOf(map);
    if (!segment) return;
    const entry = map.get(key);
    if (key === MARKER_KEY) this.#parts.signatures.note(segment, entry);
    else if (entry === undefined) gone.push(() => this.#remove(segment, key));
    else this.#put(segment, key, entry);
  }

  #attach(id: string): void {
    const { root, table, signatures, onSegment } = this.#parts;
    const map = root.get(id);
    if (!(map instanceof Y.Map) || sessionOfSegment(id) === undefined || table.segmentOf(map)) return;
    const segment = table.add(id, map, map._item?.id.clock ?? 0);
    onSegment(segment);
    for (const [key, entry] of map.entries()) {
      if (key === MARKER_KEY) signatures.note(segment, entry);
      else this.#put(segment, key, entry);
    }
  }

  #put(segment: Segment, key: string, entry: unknown): void {
    const holder = holderOf(segment, entry);
    if (!holder) return;
    this.#parts.index.put(key, holder);
    this.#parts.onHolders(key);
  }

  #remove(segment: Segment, key: string): void {
    this.#parts.index.remove(key, segment);
    this.#parts.onHolders(key);
  }
}
