// What the guard asks of the document before an update is let in: what the structs are that the update refers to.
// It reads Yjs's store of structs and changes nothing.
import * as Y from "yjs";

/** The id of a struct, which must be known. */
export interface StructId {
  session: number;
  clock: number;
}

/** The segment of a known struct. `has` also for keys that are overwritten or deleted: ever written there. */
export interface KnownSegment {
  has(key: string): boolean;
}

/** The segment whose struct has this id; undefined for one that is deleted; "invalid" for any other struct. */
export function segmentAt(
  doc: Y.Doc,
  root: Y.Map<unknown>,
  id: StructId,
): KnownSegment | undefined | "invalid" {
  const struct = structAt(doc, id);
  if (!(struct instanceof Y.Item)) return undefined;
  if (struct.parent !== root) return "invalid";
  if (struct.deleted) return undefined;
  const map = struct.content instanceof Y.ContentType ? struct.content.type : undefined;
  // An overwritten or deleted key still has its history in the map: has() would not show it.
  return map instanceof Y.Map ? { has: (key: string) => map._map.has(key) } : "invalid";
}

/** Whether a new struct may have this one as its origin: when it ends the history of its key, or is collected. */
export function mayFollow(doc: Y.Doc, root: Y.Map<unknown>, id: StructId): boolean {
  const struct = structAt(doc, id);
  if (!(struct instanceof Y.Item)) return true;
  return struct.parent !== root && struct.right === null && struct.lastId.clock === id.clock;
}

function structAt(doc: Y.Doc, { session, clock }: StructId): Y.Item | Y.GC {
  return Y.getItem(doc.store, Y.createID(session, clock)) as Y.Item | Y.GC;
}
