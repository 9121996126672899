// Sends an original what it still has to get, one request at a time: the value of now, never an earlier one. What came
// of a request that failed is not known, so its keys stay to be sent, and their values are remembered. What the original
// cannot take never holds up the rest.
import type { Channel, JsonValue } from "@chorus/core";
import { parseKeyText } from "../keys.js";
import type { KeyMap } from "../types.js";
import { tellsKey } from "../wrapping.js";
import type { DirtyKeys } from "./dirty-keys.js";
import type { KnownRows } from "./known-rows.js";
import { ABSENT } from "./original-decision.js";
import { type OriginalEndpoint, OriginalFailure, type ReplyState } from "./original-endpoint.js";
import type { OriginalClock } from "./original-clock.js";
import type { Setbacks } from "./original-setbacks.js";
import { valueHash } from "./value-hash.js";

export interface PushOptions {
  readonly channel: Channel;
  readonly endpoint: OriginalEndpoint;
  readonly known: KnownRows;
  readonly dirty: DirtyKeys;
  readonly clock: OriginalClock;
  readonly setbacks: Setbacks;
  /** Told when a key is set aside for the first time. It must not throw. */
  readonly onAside: () => void;
  /** Whether keys may be removed by one request. */
  readonly canUnsetAll: boolean;
  /**
   * Resolves when what was read of the channel, and what was noted in `known`, is stored, and the link is still open.
   * @throws (rejects) ChorusError store-full, store-failed, channel-closed; OriginalFailure closed
   */
  readonly whenKept: () => Promise<void>;
}

/** The most that one request carries, roughly, in characters of JSON. */
const MAX_CHARACTERS = 1_000_000;
/** So many connections may break with the same key alone, before the others go on without it. */
const MAX_BROKEN = 5;
/** Keys that turn out to need nothing are passed over for so long before others get their turn. */
const MAX_LOOKED_AT = 1_000;

/** One key as it is sent. */
interface Sent {
  readonly key: string;
  readonly keyMap: KeyMap;
  readonly value: JsonValue | undefined;
  readonly hash: number;
  readonly stamp: number;
  /** Number of the key's last write. */
  readonly write: number;
  readonly timeMs: number;
}

/**
 * Sends the next keys, as many as go into one request: not before their values are stored here (rule 12), nor before it is
 * kept that the original may have got them. @returns false when the original takes no writes at all
 * @throws OriginalFailure; ChorusError from `whenKept`: then nothing was sent
 */
export async function pushNext(options: PushOptions): Promise<boolean> {
  const batch = nextBatch(options);
  const [first] = batch;
  if (!first) return true;
  const { channel, known, clock, setbacks } = options;
  // Should the answer get lost they may be there all the same.
  for (const { key, hash } of batch) known.noteSent(key, hash);
  // What was read is waited for, and not what is read after the wait: that may be a later write.
  await options.whenKept();
  const sentMs = channel.runtime.now();
  const keys = batch.map(({ key }) => key);
  const reply = await send(options.endpoint, first, batch).catch((error: unknown) => error);
  if (reply instanceof Error) return failed(reply, keys, options);
  const { version, isRefused } = reply as ReplyState;
  if (isRefused) return false;
  setbacks.arrived(keys);
  clock.wrote(version, sentMs, channel.runtime.now());
  for (const sent of batch) arrived(sent, options);
  return true;
}

/**
 * When it answers to other requests, these keys are what it does not take; when the connection broke, perhaps they are.
 * @throws the same error when nothing can be said of it
 */
async function failed(error: Error, keys: readonly string[], options: PushOptions): Promise<true> {
  if (!(error instanceof OriginalFailure) || error.kind !== "offline") throw error;
  if (error.isGarbage) await options.endpoint.size();
  const [key = "", ...more] = keys;
  if (more.length > 0) options.setbacks.tooMany(keys.length);
  else failedAlone(key, error, options);
  if (!error.isGarbage) throw error;
  return true;
}

function failedAlone(key: string, { isGarbage }: OriginalFailure, options: PushOptions): void {
  const { channel, dirty, onAside, setbacks } = options;
  const failures = setbacks.failed(key, channel.runtime.elapsed());
  // A connection may break for other reasons, but hardly behind good answers again and again.
  const enough = isGarbage ? 1 : MAX_BROKEN;
  if (failures === enough) onAside();
  if (failures >= enough) dirty.setAside(key);
  else dirty.postpone(key);
}

function send(endpoint: OriginalEndpoint, first: Sent, batch: readonly Sent[]): Promise<ReplyState> {
  const { keyMap, value } = first;
  if (batch.length === 1) {
    return value === undefined
      ? endpoint.unset(keyMap, first.timeMs)
      : endpoint.set(keyMap, value, first.timeMs);
  }
  const fields = Object.keys(keyMap);
  const timeMs = batch.reduce((latest, sent) => Math.max(latest, sent.timeMs), 0);
  if (value === undefined)
    return endpoint.unsetAll(
      fields,
      batch.map((sent) => sent.keyMap),
      timeMs,
    );
  return endpoint.setAll(
    fields,
    batch.map((sent) => sent.value as JsonValue),
    timeMs,
  );
}

/** The original has it; something later may be here already. */
function arrived({ key, hash, stamp, write }: Sent, { channel, known, dirty }: PushOptions): void {
  known.agreed(key, hash, stamp);
  if (channel.stampOf(key) !== stamp) known.noteHere(key, valueHash(channel.get(key)));
  dirty.remove(key, write);
}

/** The first keys to send, in their order, that can go together. Keys that need nothing are dropped. */
function nextBatch(options: PushOptions): Sent[] {
  const { dirty } = options;
  const batch: Sent[] = [];
  let characters = 0;
  let lookedAt = 0;
  for (const key of [...firstOf(dirty.sendable(), MAX_LOOKED_AT)]) {
    const sent = sentOf(key, options);
    if (sent === undefined) {
      dirty.remove(key);
      continue;
    }
    const [first] = batch;
    if (first && !goTogether(first, sent)) break;
    batch.push(sent);
    if (sent.value !== undefined) characters += JSON.stringify(sent.value).length;
    if (++lookedAt >= options.setbacks.mostRows || characters > MAX_CHARACTERS || !canShare(sent, options))
      break;
  }
  return batch;
}

/** Undefined when the original has it already. */
function sentOf(key: string, { channel, known, dirty }: PushOptions): Sent | undefined {
  const value = channel.get(key);
  const hash = valueHash(value);
  const stamp = channel.stampOf(key);
  const before = known.of(key);
  if (before?.hash === hash && (hash === ABSENT || before.stamp === stamp)) return undefined;
  // A deletion has no time of its own that could be asked for.
  const timeMs = channel.timestampOf(key) ?? channel.runtime.now();
  return { key, keyMap: parseKeyText(key), value, hash, stamp, write: dirty.of(key) ?? 0, timeMs };
}

/** Whether both can be rows of one request: the same kind, the same fields, and both tell their own key. */
function goTogether(one: Sent, other: Sent): boolean {
  const fields = Object.keys(one.keyMap);
  if ((one.value === undefined) !== (other.value === undefined)) return false;
  if (JSON.stringify(fields) !== JSON.stringify(Object.keys(other.keyMap))) return false;
  if (fields.length === 0) return false;
  if (one.value === undefined) return true;
  return tellsKey(one.key, one.value, fields) && tellsKey(other.key, other.value, fields);
}

function canShare(sent: Sent, { canUnsetAll }: PushOptions): boolean {
  return sent.value === undefined ? canUnsetAll && goTogether(sent, sent) : goTogether(sent, sent);
}

function* firstOf<Item>(items: Iterable<Item>, count: number): IterableIterator<Item> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}
