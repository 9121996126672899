// Reads what a store has of one channel, past whatever is damaged or missing. Written once, as a generator that yields
// the keys it wants and gets their values, so that it runs in one turn or in many.
import { type ChannelMetadata, findMetadata } from "./channel-metadata.js";
import type { ReadValue } from "./store-database.js";
import { ChannelKeys, numberOf } from "./store-keys.js";
import { openRecord, openUpdate } from "./store-records.js";

/** All that is there of a channel whose metadata is lost, or older than its log. */
export interface LostChannel {
  /** All slices of all snapshots, in order. */
  readonly slices: readonly string[];
  /** All updates, in order. */
  readonly updates: readonly string[];
}

/** What went wrong in reading, in records. */
export interface Damage {
  metadata: number;
  damaged: number;
  missing: number;
}

export interface ChannelContents {
  /** Undefined when there is none, or none intact. */
  readonly metadata: ChannelMetadata | undefined;
  readonly snapshot: readonly Uint8Array[];
  readonly updates: readonly Uint8Array[];
  /** The highest that stands with the updates, -1 without any. */
  readonly seenStamp: number;
  /** Behind the last update that is there, damaged or not. */
  readonly nextNumber: number;
  /** Behind all snapshots that are there. */
  readonly generation: number;
  readonly damage: Damage;
}

/** Yields keys, and wants their values. */
export type Reading<Result> = Generator<readonly string[], Result, readonly ReadValue[]>;

/** Records that are read at once. */
const CHUNK = 256;

/**
 * A hole in a log that was not closed ends it when so many further numbers are missing: LevelDB drops up to 32 KiB at
 * once, hundreds of small records. To ask for what is not there costs about a microsecond, so this is 4 to 5 ms: too
 * much for each of many channels, so that the clean end notes where the log ends.
 */
const HOLE_RECORDS = 4_096;

/** What there is of a channel that is new. */
const NO_CONTENTS: ChannelContents = {
  metadata: undefined,
  snapshot: [],
  updates: [],
  seenStamp: -1,
  nextNumber: 0,
  generation: 0,
  damage: { metadata: 0, damaged: 0, missing: 0 },
};

/**
 * @param lost all keys of the channel, when its metadata is lost, or salvaged, or says that the log ends before it does:
 * must be given for a channel that has records but no metadata
 * @throws Error when they are needed and not given
 */
export function* readChannel(name: string, lost: LostChannel | undefined): Reading<ChannelContents> {
  const keys = new ChannelKeys(name);
  const { metadata: found, damagedCopies } = findMetadata(keys, yield keys.metadata);
  // The newer metadata is gone, with whatever else stood in its batch.
  const isOutdated =
    found?.endNumber !== undefined && endOf(lost) > Math.max(found.firstNumber, found.endNumber);
  const metadata = isOutdated && found ? { ...found, endNumber: undefined } : found;
  const damage: Damage = { metadata: Math.max(damagedCopies, isOutdated ? 1 : 0), damaged: 0, missing: 0 };
  if (metadata?.isSalvaged || (!metadata && (lost || damagedCopies > 0))) {
    if (!lost) throw new Error(`the metadata of the channel "${name}" cannot be read`);
    return { ...(yield* readLost(lost, damage)), metadata };
  }
  // Its records would have been listed: nobody needs to look for them.
  if (!metadata) return NO_CONTENTS;
  const { slices, generation, firstNumber, endNumber } = metadata;
  const snapshot: Uint8Array[] = [];
  for (let from = 0; from < slices; from += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, slices - from) }, (_, i) =>
      keys.slice(generation, from + i),
    );
    yield* readRecords(chunk, { into: snapshot, damage, missing: true });
  }
  const target = { into: [], damage };
  const nextNumber = yield* endNumber === undefined
    ? readOpenLog(keys, firstNumber, target)
    : readClosedLog(keys, { from: firstNumber, to: endNumber }, target);
  return { metadata, snapshot, ...openUpdates(target.into, damage), nextNumber, generation, damage };
}

interface Target {
  readonly into: Uint8Array[];
  readonly damage: Damage;
}

/** Every number before the end was written, so that nothing is missing unnoticed. @returns the next number */
function* readClosedLog(
  keys: ChannelKeys,
  { from, to }: { from: number; to: number },
  target: Target,
): Reading<number> {
  for (let number = from; number < to; number += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, to - number) }, (_, i) => keys.update(number + i));
    yield* readRecords(chunk, { ...target, missing: true });
  }
  return Math.max(from, to);
}

/** Nobody has noted where it ends: behind the last one that is there, as far as can be seen. @returns the next number */
function* readOpenLog(keys: ChannelKeys, firstNumber: number, target: Target): Reading<number> {
  let next = firstNumber;
  let number = firstNumber;
  while (number - next <= HOLE_RECORDS) {
    const chunk = Array.from({ length: CHUNK }, (_, i) => keys.update(number + i));
    const present = yield* readRecords(chunk, { ...target, missing: false });
    for (const index of present) {
      target.damage.missing += number + index - next;
      next = number + index + 1;
    }
    number += CHUNK;
  }
  return next;
}

/** Appends the payloads of intact records. @returns the indexes of those that are there, intact or not */
function* readRecords(keys: readonly string[], target: Target & { missing: boolean }): Reading<number[]> {
  const values = yield keys;
  const present: number[] = [];
  for (const [index, key] of keys.entries()) {
    const record = openRecord(key, values[index]);
    if (record !== "missing") present.push(index);
    if (typeof record !== "string") target.into.push(record);
    else if (record === "damaged") target.damage.damaged++;
    else if (target.missing) target.damage.missing++;
  }
  return present;
}

/** Nothing says which snapshot counts and where the log begins: everything does. Updates may be read more than once. */
function* readLost(lost: LostChannel, damage: Damage): Reading<Omit<ChannelContents, "metadata">> {
  const snapshot: Uint8Array[] = [];
  const records: Uint8Array[] = [];
  const read = function* (keys: readonly string[], into: Uint8Array[]): Reading<void> {
    for (let from = 0; from < keys.length; from += CHUNK) {
      yield* readRecords(keys.slice(from, from + CHUNK), { into, damage, missing: true });
    }
  };
  yield* read(lost.slices, snapshot);
  yield* read(lost.updates, records);
  const nextNumber = endOf(lost);
  const generation = lost.slices.reduce((last, key) => Math.max(last, generationOf(key)), 0);
  damage.metadata = Math.max(damage.metadata, 1);
  return { snapshot, ...openUpdates(records, damage), nextNumber, generation, damage };
}

/** What a payload cannot be read from counts as damaged. */
function openUpdates(
  payloads: readonly Uint8Array[],
  damage: Damage,
): Pick<ChannelContents, "updates" | "seenStamp"> {
  const updates: Uint8Array[] = [];
  let seenStamp = -1;
  for (const payload of payloads) {
    const opened = openUpdate(payload);
    if (!opened) damage.damaged++;
    else {
      updates.push(opened.update);
      seenStamp = Math.max(seenStamp, opened.seenStamp);
    }
  }
  return { updates, seenStamp };
}

/** Behind the last update that is listed. */
function endOf(lost: LostChannel | undefined): number {
  return lost?.updates.reduce((next, key) => Math.max(next, (numberOf(key) || 0) + 1), 0) ?? 0;
}

function generationOf(key: string): number {
  return numberOf(key.slice(0, key.lastIndexOf("/"))) || 0;
}

/** Drives a reading in one turn. What `read` throws comes out. */
export function drive<Result>(
  reading: Reading<Result>,
  read: (keys: readonly string[]) => readonly ReadValue[],
): Result {
  let step = reading.next();
  while (!step.done) step = reading.next(read(step.value));
  return step.value;
}

/** Drives a reading in many turns. */
export async function driveLater<Result>(
  reading: Reading<Result>,
  read: (keys: readonly string[]) => Promise<readonly ReadValue[]>,
): Promise<Result> {
  let step = reading.next();
  while (!step.done) step = reading.next(await read(step.value));
  return step.value;
}
