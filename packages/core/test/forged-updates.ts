// Updates that no channel would write, and what came of them in a document, for tests that compare two ways to apply them.
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import type { SegmentDocument } from "../src/document/segment-document.js";
import type { Chance } from "./replica.js";

const SEGMENT = 0x27;
const FIRST = 0x28;
const FOLLOWER = 0xa8;

type Struct =
  | { readonly info: typeof SEGMENT; readonly id: string }
  | { readonly info: typeof FIRST; readonly parent: number; readonly key: string; readonly stamp: number }
  | { readonly info: typeof FOLLOWER; readonly origin: number; readonly stamp: number };

interface Forged {
  readonly session: number;
  readonly clock: number;
  readonly structs: readonly Struct[];
  /** [session, [clock, length][]] */
  readonly deletions?: readonly (readonly [number, readonly (readonly [number, number])[]])[];
}

/** The bytes of an update of our kind, with whatever it says. */
function encode({ session, clock, structs, deletions = [] }: Forged): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const number of [1, structs.length, session, clock]) encoding.writeVarUint(encoder, number);
  for (const struct of structs) writeStruct(encoder, session, struct);
  encoding.writeVarUint(encoder, deletions.length);
  for (const [deleter, ranges] of deletions) {
    encoding.writeVarUint(encoder, deleter);
    encoding.writeVarUint(encoder, ranges.length);
    for (const range of ranges) for (const number of range) encoding.writeVarUint(encoder, number);
  }
  return encoding.toUint8Array(encoder);
}

function writeStruct(encoder: encoding.Encoder, session: number, struct: Struct): void {
  encoding.writeUint8(encoder, struct.info);
  if (struct.info === SEGMENT) {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, "channel");
    encoding.writeVarString(encoder, struct.id);
    encoding.writeVarUint(encoder, 1);
    return;
  }
  if (struct.info === FIRST) {
    for (const number of [0, session, struct.parent]) encoding.writeVarUint(encoder, number);
    encoding.writeVarString(encoder, struct.key);
  } else for (const number of [session, struct.origin]) encoding.writeVarUint(encoder, number);
  encoding.writeVarUint(encoder, 1);
  const { stamp } = struct;
  encoding.writeAny(
    encoder,
    struct.info === FIRST && struct.key === "" ? [0, '["x"]'] : stamp % 5 ? [stamp, "1"] : [stamp],
  );
}

/** What the index says of every key and segment. */
export function indexOf({ index, segments }: SegmentDocument): unknown {
  return {
    digest: index.digest,
    holders: index.holders,
    size: index.size,
    segments: [...segments]
      .map(({ id, held, covered, firstClock }) => [id, held, covered, firstClock])
      .sort(),
  };
}

/** The next update of a session, given a document that has those before: well formed, and it mostly follows the rules. */
export function forge(
  chance: Chance,
  { doc, session, deletes = true }: { doc: Y.Doc; session: number; deletes?: boolean },
): Uint8Array {
  const known = Y.getState(doc.store, session);
  const other = chance.of([...doc.store.clients.keys(), session]);
  const structs: Struct[] = [];
  for (let left = 1 + chance.below(6); left > 0; left--) {
    const below = known + structs.length;
    const stamp = 1 + chance.below(1000);
    const kind = known === 0 && structs.length === 0 ? 0 : chance.below(8);
    if (kind < 2) structs.push({ info: SEGMENT, id: `${session}.${chance.below(12)}` });
    else if (kind < 5) {
      const begun = structs.flatMap(({ info }, i) => (info === SEGMENT ? [known + i] : []));
      const parents = (doc.store.clients.get(session) ?? []).flatMap((struct) =>
        struct instanceof Y.Item && struct.content instanceof Y.ContentType ? [struct.id.clock] : [],
      );
      const parent = chance.below(8) ? chance.of([...begun, ...parents, 0]) : chance.below(below + 2);
      structs.push({ info: FIRST, parent, key: chance.of(["", "a", "b", "c", "d", "e"]), stamp });
    } else structs.push({ info: FOLLOWER, origin: chance.below(below + 1), stamp });
  }
  const deletions: (readonly [number, (readonly [number, number])[]])[] = [];
  const sessions = new Set(deletes && chance.below(2) ? [session, other] : []);
  for (const deleter of sessions) {
    const ranges: (readonly [number, number])[] = [];
    const end = Y.getState(doc.store, deleter) + (chance.below(10) ? 0 : structs.length);
    for (let at = chance.below(5); at < end && ranges.length < 4; ) {
      const length = Math.min(1 + chance.below(4), Math.max(end - at, 1));
      ranges.push([at, length]);
      at += length + chance.below(6);
    }
    if (ranges.length > 0) deletions.push([deleter, ranges]);
  }
  return encode({ session, clock: known, structs, deletions });
}
