// Keeps table, index and signatures true to the document: reads what a transaction of a peer, or of the store, changed,
// and takes note of what a peer's update has changed past one. It writes nothing, and decides nothing.
import * as Y from "yjs";
import { holderOf } from "./entries.js";
import { DeferredRemovals } from "./deferred-removals.js";
import type { EntryIndex, HoldersListener } from "./entry-index.js";
import { Holder } from "./holder.js";
import { type Segment, sessionOfSegment } from "./segment.js";
import type { SegmentTable } from "./segment-table.js";
import { MARKER_KEY, type Signatures } from "./signatures.js";

export interface TransactionReaderParts {
  readonly root: Y.Map<unknown>;
  readonly table: SegmentTable<Y.Map<unknown>>;
  readonly index: EntryIndex;
  readonly signatures: Signatures;
  readonly onHolders: HoldersListener;
  /** A segment has come. */
  readonly onSegment: (segment: Segment) => void;
  /** What a listener threw where nobody else would catch it. */
  readonly onFailure: (error: unknown) => void;
}

export class TransactionReader {
  /** While a large answer is applied in turns, what goes waits here. */
  readonly removals: DeferredRemovals;
  readonly #parts: TransactionReaderParts;

  constructor(parts: TransactionReaderParts) {
    this.#parts = parts;
    this.removals = new DeferredRemovals({
      holds: (segment, key) => parts.table.mapOf(segment)?.get(key) !== undefined,
      remove: (segment, key) => {
        // Nothing may keep the large answer from coming to its end.
        try {
          this.#remove(segment, key);
        } catch (error) {
          parts.onFailure(error);
        }
      },
      detach: (segment) => parts.table.delete(segment),
    });
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

  /** A struct has come that was made here; nothing is done about a segment. */
  arrived({ parentSub, content, left }: Y.Item): void {
    if (!(content instanceof Holder)) return;
    const { index, signatures, onHolders } = this.#parts;
    const key = parentSub as string;
    if (key === MARKER_KEY) signatures.note(content.segment, content.entry);
    else if (left) onHolders(key, index.put(key, content));
    else onHolders(key, index.add(index.winner(key), key, content));
  }

  /** What a peer has deleted: a segment with these keys, or its entries for them only. */
  left(segment: Segment, keys: readonly string[], isDetached: boolean): void {
    const entries = keys.filter((key) => key !== MARKER_KEY);
    if (this.removals.defer(segment, entries, isDetached)) return;
    if (isDetached) this.detach(segment, entries);
    else for (const key of entries) this.#remove(segment, key);
  }

  #readRoot(id: string, gone: (() => void)[]): void {
    const { root, table } = this.#parts;
    if (root.has(id)) return this.#attach(id);
    const segment = table.withId(id);
    if (!segment) return;
    // A deleted map shows no keys any more, but knows them until it is collected, at the end of the transaction.
    const keys = [...(table.mapOf(segment)?._map.keys() ?? [])].filter((key) => key !== MARKER_KEY);
    if (!this.removals.defer(segment, keys, true)) gone.push(() => this.detach(segment, keys));
  }

  #readEntry(map: Y.Map<unknown>, key: string, gone: (() => void)[]): void {
    const segment = this.#parts.table.segmentOf(map);
    if (!segment) return;
    const item = map._map.get(key);
    if (key === MARKER_KEY) this.#parts.signatures.note(segment, map.get(key));
    else if (item === undefined || item.deleted) {
      if (!this.removals.defer(segment, [key], false)) gone.push(() => this.#remove(segment, key));
    } else this.#put(segment, key, item);
  }

  #attach(id: string): void {
    const { root, table, signatures, onSegment } = this.#parts;
    const map = root.get(id);
    if (!(map instanceof Y.Map) || sessionOfSegment(id) === undefined || table.segmentOf(map)) return;
    const segment = table.add(table.create(id, map._item?.id.clock ?? 0), map);
    onSegment(segment);
    signatures.note(segment, map.get(MARKER_KEY));
    for (const [key, item] of map._map) {
      if (key !== MARKER_KEY && !item.deleted) this.#put(segment, key, item);
    }
  }

  #put(segment: Segment, key: string, item: Y.Item): void {
    const holder = holderOf(segment, item.content.getContent().at(-1));
    if (!holder) return;
    // The same in less memory. What Yjs made of the bytes is garbage now.
    if (item.length === 1) item.content = holder as never;
    this.#parts.onHolders(key, this.#parts.index.put(key, holder));
  }

  #remove(segment: Segment, key: string): void {
    this.#parts.onHolders(key, this.#parts.index.remove(key, segment));
  }
}
