// One segment's entry for one key. It stands in the index and is, at the same time, the content of its struct in the
// document: kept once, where an array in an array would cost 120 bytes more for each entry.
import type { HolderView } from "../rules.js";
import type { Segment } from "./segment.js";

/** What a struct's content is written with: an encoder of Yjs. */
interface ContentEncoder {
  writeLen(length: number): void;
  writeAny(value: unknown): void;
}

/** How Yjs numbers a content of JSON-like values (ContentAny), which is what a holder reads as. */
const CONTENT_ANY = 8;

/** `json` undefined is a tombstone. */
export class Holder implements HolderView {
  readonly stamp: number;
  readonly json: string | undefined;
  segment: Segment;
  next: Holder | undefined;
  /** Own, and below a higher own entry of the same key. */
  covered = false;

  constructor(segment: Segment, stamp: number, json: string | undefined) {
    this.segment = segment;
    this.stamp = stamp;
    this.json = json;
    this.next = undefined;
  }

  /** What stands in the document: [stamp, json], a tombstone [stamp]. */
  get entry(): unknown[] {
    return this.json === undefined ? [this.stamp] : [this.stamp, this.json];
  }

  // What follows is what Yjs asks of a content; ContentAny of Yjs is the model.

  getLength(): number {
    return 1;
  }

  getContent(): unknown[] {
    return [this.entry];
  }

  isCountable(): boolean {
    return true;
  }

  /** Asked for by undo managers only. */
  copy(): Holder {
    return new Holder(this.segment, this.stamp, this.json);
  }

  /** One entry is one struct, which can neither be split nor joined. */
  splice(): never {
    throw new Error("an entry cannot be split");
  }

  mergeWith(): boolean {
    return false;
  }

  integrate(): void {}

  delete(): void {}

  gc(): void {}

  write(encoder: ContentEncoder, _offset: number): void {
    encoder.writeLen(1);
    encoder.writeAny(this.entry);
  }

  getRef(): number {
    return CONTENT_ANY;
  }
}
