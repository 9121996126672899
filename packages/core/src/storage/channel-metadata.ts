// What a store keeps of a channel beside its updates, and its text form. Two equal copies are written with every change,
// in one batch: they differ only when one was damaged.
import { decodeUtf8, encodeUtf8 } from "lib0/string";
import type { ReadValue, WriteOperation } from "./store-database.js";
import type { ChannelKeys } from "./store-keys.js";
import { frameRecord, openRecord, type ReadRecord } from "./store-records.js";

/** How safe what a session wrote was: see StoreOptions.level. */
export type StoreLevel = "sync" | "os";

export interface SessionRecord {
  readonly sessionId: number;
  readonly level: StoreLevel;
  /** It has been closed, with everything stored. */
  readonly isEnded: boolean;
  /** Something of the store was damaged since: nobody knows what is lacking. */
  readonly isTorn: boolean;
}

/** Whether the store holds all that a session ever sent. */
export function isComplete({ level, isEnded, isTorn }: SessionRecord): boolean {
  return !isTorn && (isEnded || level === "sync");
}

export interface ChannelMetadata {
  /** Rises with every change; the higher of two copies counts. */
  readonly version: number;
  /** See StoreOptions.place. */
  readonly place: string | undefined;
  readonly replicaId: string;
  /** The newest last. */
  readonly formerReplicaIds: readonly string[];
  readonly sessions: readonly SessionRecord[];
  /** Which snapshot counts, and how many slices it has; 0 and 0 before the first. */
  readonly generation: number;
  readonly slices: number;
  /** The first update of the log that counts. */
  readonly firstNumber: number;
  /** Behind the last update of the log, since the log was closed cleanly; undefined while it may grow. */
  readonly endNumber?: number | undefined;
  readonly seenStamp: number;
  /** The newest last. */
  readonly acquaintances: readonly string[];
  /** Earlier metadata was lost: until the next fold all slices and all updates that are there count. */
  readonly isSalvaged: boolean;
}

/** What is written of a channel that has nothing yet. */
export function newMetadata(replicaId: string, place: string | undefined): ChannelMetadata {
  return {
    version: 0,
    place,
    replicaId,
    formerReplicaIds: [],
    sessions: [],
    generation: 0,
    slices: 0,
    firstNumber: 0,
    seenStamp: -1,
    acquaintances: [],
    isSalvaged: false,
  };
}

/** The same replica under a new id: it owns nothing of what was. */
export function renamed(metadata: ChannelMetadata, replicaId: string): ChannelMetadata {
  const formerReplicaIds = [...metadata.formerReplicaIds, metadata.replicaId].slice(-MAX_FORMER);
  return { ...metadata, replicaId, formerReplicaIds, sessions: [] };
}

/** The sessions when this one has been closed. */
export function ended(
  sessions: readonly SessionRecord[],
  sessionId: number | undefined,
): readonly SessionRecord[] {
  return sessions.map((session) =>
    session.sessionId === sessionId ? { ...session, isEnded: true } : session,
  );
}

/** Former ids are for the curious only. */
const MAX_FORMER = 100;

export function metadataOperations(keys: ChannelKeys, metadata: ChannelMetadata): WriteOperation[] {
  const payload = encodeUtf8(JSON.stringify(metadata));
  return keys.metadata.map((key) => ({ type: "put", key, value: frameRecord(key, payload) }));
}

/** What the copies of the metadata say together. */
export interface FoundMetadata {
  readonly metadata: ChannelMetadata | undefined;
  /** Copies that are unreadable, missing beside the other, or older than it. */
  readonly damagedCopies: number;
}

export function findMetadata(keys: ChannelKeys, values: readonly ReadValue[]): FoundMetadata {
  const copies = keys.metadata.map((key, index) => decode(openRecord(key, values[index])));
  const intact = copies.filter((copy) => typeof copy === "object");
  const metadata = intact.reduce<ChannelMetadata | undefined>(
    (best, copy) => (best && best.version >= copy.version ? best : copy),
    undefined,
  );
  const isAlone = !metadata && copies.every((copy) => copy === "missing");
  const equal = intact.filter((copy) => copy.version === metadata?.version).length;
  return { metadata, damagedCopies: isAlone ? 0 : copies.length - equal };
}

function decode(record: ReadRecord): ChannelMetadata | "missing" | "damaged" {
  if (typeof record === "string") return record;
  try {
    const value = JSON.parse(decodeUtf8(record));
    return isMetadata(value) ? value : "damaged";
  } catch {
    return "damaged";
  }
}

function isMetadata(value: ChannelMetadata): boolean {
  return (
    [value.version, value.generation, value.slices, value.firstNumber].every(isCount) &&
    (value.endNumber === undefined || isCount(value.endNumber)) &&
    Number.isSafeInteger(value.seenStamp) &&
    typeof value.replicaId === "string" &&
    (value.place === undefined || typeof value.place === "string") &&
    areTexts(value.formerReplicaIds) &&
    areTexts(value.acquaintances) &&
    Array.isArray(value.sessions) &&
    value.sessions.every(({ sessionId, level }) => isCount(sessionId) && (level === "sync" || level === "os"))
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === "string");
}
