// Reads updates that cannot be applied, because a damaged store has lost what came before them: what this replica set
// there, and what it deleted. Changes nothing.
import * as Y from "yjs";
import { encodeDeletions } from "./update-slices.js";

/** An own entry beyond a gap. */
export interface SalvagedEntry {
  readonly key: string;
  readonly stamp: number;
  /** Undefined for a tombstone. */
  readonly json: string | undefined;
}

export interface Salvage {
  readonly entries: readonly SalvagedEntry[];
  /** An update that deletes those own structs that are known and were deleted beyond the gap. */
  readonly deletions: Uint8Array;
}

/** What an entry does not say of itself when it names the one before it only: its key, and its segment's struct. */
interface Place {
  readonly key: string;
  readonly segment: string;
}

/** Entries and deletions by the struct they stand in or concern, as "session clock". */
interface Findings {
  readonly entries: Map<string, SalvagedEntry & Place>;
  readonly places: Map<string, Place>;
  /** The highest stamp that was found for a key, deleted or not. */
  readonly stamps: Map<string, number>;
  readonly deleted: Y.ID[];
}

/**
 * @param updates in the order in which they were stored
 * @param isOwn whether a session is one of this replica; others hand over what is missing themselves
 */
export function salvage(
  updates: readonly Uint8Array[],
  doc: Y.Doc,
  isOwn: (session: number) => boolean,
): Salvage {
  const findings: Findings = { entries: new Map(), places: new Map(), stamps: new Map(), deleted: [] };
  for (const update of updates) {
    const decoded = decodeStored(update);
    if (!decoded) continue;
    const { structs, ds } = decoded;
    const isWhole = structs.every((struct) => !isOwn(struct.id.client) || readStruct(struct, doc, findings));
    // An entry that moves is deleted where it was: without its copy it must stay there.
    if (!isWhole) continue;
    // What an entry overwrites in its segment no delete set names.
    for (const struct of structs) {
      if (struct instanceof Y.Item && struct.origin && isOwn(struct.id.client))
        findings.deleted.push(struct.origin);
    }
    for (const [session, ranges] of ds.clients) {
      if (!isOwn(session)) continue;
      for (const { clock, len } of ranges) {
        for (let i = 0; i < len; i++) findings.deleted.push(Y.createID(session, clock + i));
      }
    }
  }
  return { entries: livingOf(findings), deletions: deletionsOf(findings.deleted, doc) };
}

/**
 * What is not deleted. With a segment, which names nothing in it, goes what a newer own entry covered; anything else had
 * been moved or dropped before, in an update that is lost.
 */
function livingOf({ entries, stamps, deleted }: Findings): SalvagedEntry[] {
  const gone = new Set(deleted.map(nameOf));
  const living: SalvagedEntry[] = [];
  for (const [name, { key, stamp, json, segment }] of entries) {
    const isCovered = stamp < (stamps.get(key) ?? stamp);
    if (!gone.has(name) && !(gone.has(segment) && isCovered)) living.push({ key, stamp, json });
  }
  return living;
}

/** What is in an update; undefined for bytes that are none. */
function decodeStored(update: Uint8Array): ReturnType<typeof Y.decodeUpdate> | undefined {
  try {
    return Y.decodeUpdate(update);
  } catch {
    return undefined;
  }
}

/** @returns false for an entry whose key nothing tells */
function readStruct(struct: Y.Item | Y.GC | Y.Skip, doc: Y.Doc, findings: Findings): boolean {
  if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentAny)) return true;
  const name = nameOf(struct.id);
  const place = placeOf(struct, doc, findings);
  if (place === undefined) return false;
  const { entries, places, stamps } = findings;
  const { key } = place;
  places.set(name, place);
  const [stamp, json] = struct.content.arr[0] as [number, string?];
  if (stamp > (stamps.get(key) ?? -1)) stamps.set(key, stamp);
  const isNews = struct.id.clock >= Y.getState(doc.store, struct.id.client);
  if (isNews && key !== "") entries.set(name, { ...place, stamp, json });
  return true;
}

function placeOf({ parent, parentSub, origin }: Y.Item, doc: Y.Doc, { places }: Findings): Place | undefined {
  if (parentSub !== null) return { key: parentSub, segment: parent instanceof Y.ID ? nameOf(parent) : "" };
  if (!origin) return undefined;
  const found = places.get(nameOf(origin));
  if (found !== undefined || origin.clock >= Y.getState(doc.store, origin.client)) return found;
  const item = Y.getItem(doc.store, origin) as Y.Item | Y.GC;
  if (!(item instanceof Y.Item) || item.parentSub === null) return undefined;
  const begin = (item.parent as unknown as Y.Map<unknown>)._item;
  return { key: item.parentSub, segment: begin ? nameOf(begin.id) : "" };
}

function deletionsOf(deleted: readonly Y.ID[], doc: Y.Doc): Uint8Array {
  const sessions = new Map<number, Set<number>>();
  for (const { client, clock } of deleted) {
    if (clock >= Y.getState(doc.store, client)) continue;
    const clocks = sessions.get(client) ?? new Set();
    sessions.set(client, clocks.add(clock));
  }
  return encodeDeletions(
    [...sessions].map(([session, clocks]) => [
      session,
      [...clocks].sort((a, b) => a - b).map((clock) => ({ clock, len: 1 })),
    ]),
  );
}

function nameOf({ client, clock }: Y.ID): string {
  return `${client} ${clock}`;
}
