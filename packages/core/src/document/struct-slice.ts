// Cuts structs of one session into an update of bounded size, byte for byte as Yjs writes them. Entries, of which a
// document mostly consists, are written here, and everything else by Yjs.
import { length } from "lib0/encoding";
import * as Y from "yjs";
import { EntryBytes } from "./entry-bytes.js";
import { Holder } from "./holder.js";
import { structIndex } from "./struct-index.js";

type Struct = Y.Item | Y.GC;

/** Which structs of a session to cut: the clocks from `from` up to `end`, of which the first is known and not empty. */
export interface StructRange {
  readonly session: number;
  /** All of the session, in the order of their clocks. */
  readonly structs: readonly Struct[];
  readonly from: number;
  readonly end: number;
}

/** An update of about `budgetBytes` (a single entry may exceed it) without deletions, and where it ends. */
export function cutStructs(range: StructRange, budgetBytes: number): { update: Uint8Array; end: number } {
  const { session, structs, from, end } = range;
  const first = structIndex(structs, from);
  const writer = new StructWriter(session);
  let next = first;
  while (next < structs.length) {
    const struct = structs[next] as Struct;
    if (struct.id.clock >= end) break;
    writer.write(struct, next === first ? from - struct.id.clock : 0);
    next++;
    // After every struct: one may carry a value of a mebibyte, and a slice must fit a frame.
    if (writer.length >= budgetBytes) break;
  }
  const last = structs[next - 1] as Struct;
  return { update: writer.finish(from, next - first), end: last.id.clock + last.length };
}

class StructWriter {
  readonly #session: number;
  readonly #bytes: EntryBytes;
  /** What Yjs has written since the last entry. */
  #others: Y.UpdateEncoderV1 | undefined;
  #othersLength = 0;

  constructor(session: number) {
    this.#session = session;
    this.#bytes = new EntryBytes(session);
  }

  get length(): number {
    return this.#bytes.length + this.#othersLength;
  }

  /** @param offset how much of the struct is left out */
  write(struct: Struct, offset: number): void {
    if (this.#writeEntry(struct)) return;
    this.#others ??= new Y.UpdateEncoderV1();
    struct.write(this.#others, offset);
    this.#othersLength = length(this.#others.restEncoder);
  }

  finish(clock: number, structs: number): Uint8Array {
    this.#takeOthers();
    return this.#bytes.finish({ clock, structs });
  }

  /** @returns false for anything but an entry where a segment has its entries */
  #writeEntry(struct: Struct): boolean {
    if (!(struct instanceof Y.Item) || struct.rightOrigin !== null) return false;
    const content: unknown = struct.content;
    if (!(content instanceof Holder)) return false;
    const { origin, parentSub } = struct;
    if (origin !== null) {
      if (origin.client !== this.#session || parentSub === null) return false;
      this.#takeOthers();
      this.#bytes.follower(origin.clock, content);
      return true;
    }
    const segment = (struct.parent as { _item?: Y.Item | null } | null)?._item?.id;
    if (segment?.client !== this.#session || parentSub === null) return false;
    this.#takeOthers();
    this.#bytes.first(segment.clock, parentSub, content);
    return true;
  }

  #takeOthers(): void {
    if (!this.#others) return;
    this.#bytes.append(this.#others.toUint8Array());
    this.#others = undefined;
    this.#othersLength = 0;
  }
}
