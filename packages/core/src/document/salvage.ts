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

/** Entries and deletions by the struct they stand in or concern, as "session clock". */
interface Findings {
  readonly entries: Map<string, SalvagedEntry>;
  /** A later entry of a key names the one before it only. */
  readonly keys: Map<string, string>;
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
  const findings: Findings = { entries: new Map(), keys: new Map(), deleted: [] };
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
  for (const id of findings.deleted) findings.entries.delete(nameOf(id));
  return { entries: [...findings.entries.values()], deletions: deletionsOf(findings.deleted, doc) };
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
function readStruct(struct: Y.Item | Y.GC | Y.Skip, doc: Y.Doc, { entries, keys }: Findings): boolean {
  if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentAny)) return true;
  const name = nameOf(struct.id);
  const key = struct.parentSub ?? keyBefore(struct.origin, doc, keys);
  if (key === undefined) return false;
  keys.set(name, key);
  const [stamp, json] = struct.content.arr[0] as [number, string?];
  const isNews = struct.id.clock >= Y.getState(doc.store, struct.id.client);
  if (isNews && key !== "") entries.set(name, { key, stamp, json });
  return true;
}

function keyBefore(origin: Y.ID | null, doc: Y.Doc, keys: Map<string, string>): string | undefined {
  if (!origin) return undefined;
  const known = keys.get(nameOf(origin));
  if (known !== undefined || origin.clock >= Y.getState(doc.store, origin.client)) return known;
  const item = Y.getItem(doc.store, origin) as Y.Item | Y.GC;
  return item instanceof Y.Item ? (item.parentSub ?? undefined) : undefined;
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
