// Compares what an original holds with what the channel holds, key by key in short turns, writes here what is later
// there, and notes what the original lacks. Every key is decided against what is here at that moment, and written in
// the same turn. It sends nothing.
import type { Channel, JsonValue } from "@chorus/core";
import { STAMPS_PER_MS } from "@chorus/core/internal";
import { TURN_MS } from "../turns.js";
import type { DirtyKeys } from "./dirty-keys.js";
import type { KnownRows } from "./known-rows.js";
import { ABSENT, decide, type Known } from "./original-decision.js";
import type { Contents } from "./original-reading.js";
import { type OriginalWriter, type TakenRow, writeTaken } from "./original-writing.js";
import { usableHash, valueHash } from "./value-hash.js";

export interface CompareOptions {
  readonly channel: Channel;
  readonly known: KnownRows;
  readonly dirty: DirtyKeys;
  readonly contents: Contents;
  /** By our clock, when the original last changed, at the latest. */
  readonly timeMs: number;
  /** Number of the last write before the pull: later ones are sent anyway. */
  readonly writesBefore: number;
  /** Keys that an original wrote here while it was read: what was read of them may be old. */
  readonly touched: ReadonlySet<string>;
  readonly isRestarted: boolean;
  readonly writer: OriginalWriter;
  readonly uuid: string;
  /** Ends the turn; throws when the link has been closed meanwhile. */
  readonly pause: () => Promise<void>;
}

export interface CompareOutcome {
  /** Keys or rows that cannot be stored here. */
  readonly unusable: number;
  /** Whether every key was decided, or waits to be seen again. */
  readonly isComplete: boolean;
}

/** What was decided to be written here. */
interface Taken extends TakenRow {
  readonly hash: number;
}

/** How many keys are compared between two looks at the clock. */
const KEYS_PER_LOOK = 16;
/** What is written here at once. */
const MAX_TAKEN = 200;

/** @throws OriginalFailure closed, from `pause`; ChorusError store-full, store-failed, channel-closed */
export async function compare(options: CompareOptions): Promise<CompareOutcome> {
  const comparison = new Comparison(options);
  const { contents, channel, known, dirty } = options;
  known.beginPull();
  await comparison.each(contents.rows, ([key, value]) => comparison.look(key, value));
  const isThere = (key: string): boolean => contents.rows.has(key) || contents.skipped.has(key);
  const lookForAbsent = (key: string): void => {
    if (!isThere(key)) comparison.look(key, undefined);
  };
  await comparison.each(channel.keys("any"), lookForAbsent);
  await comparison.each([...known.keys()], lookForAbsent);
  // What both sides have lost since it was held back is in neither list, and would be waited for for ever.
  await comparison.each([...dirty.held()], lookForAbsent);
  known.endPull();
  return comparison.outcome();
}

class Comparison {
  readonly #options: CompareOptions;
  #taken: Taken[] = [];
  #unusable: number;
  #isComplete: boolean;

  constructor(options: CompareOptions) {
    this.#options = options;
    this.#unusable = options.contents.unusable;
    this.#isComplete = options.contents.skipped.size === 0;
  }

  outcome(): CompareOutcome {
    return { unusable: this.#unusable, isComplete: this.#isComplete };
  }

  /** Runs `task` for all, in turns; at the end of each everything that was decided is written. */
  async each<Item>(items: Iterable<Item>, task: (item: Item) => void): Promise<void> {
    const { runtime } = this.#options.channel;
    let end = runtime.elapsed() + TURN_MS;
    let count = 0;
    for (const item of items) {
      task(item);
      if (this.#taken.length >= MAX_TAKEN) this.#write();
      if (++count % KEYS_PER_LOOK !== 0 || runtime.elapsed() < end) continue;
      this.#write();
      await this.#options.pause();
      end = runtime.elapsed() + TURN_MS;
    }
    this.#write();
    await this.#options.pause();
  }

  look(key: string, value: JsonValue | undefined): void {
    const { dirty, touched, writesBefore } = this.#options;
    const isWrittenSince = (dirty.of(key) ?? 0) > writesBefore;
    if (touched.has(key)) {
      this.#isComplete = false;
      // What is there may be later than what is still to be sent: nothing goes before it was looked at again.
      if (!isWrittenSince) dirty.hold(key);
      return;
    }
    // Written here since the pull began: it is on its way there.
    if (isWrittenSince) return;
    if (this.#isBogus(key)) return;
    const hash = usableHash(value);
    if (hash === undefined) this.#unusable++;
    else this.#decide(key, value, hash);
  }

  #decide(key: string, value: JsonValue | undefined, there: number): void {
    const { channel, known, dirty, isRestarted, timeMs } = this.#options;
    const here = valueHash(channel.get(key));
    const stamp = channel.stampOf(key);
    if (there === here) {
      known.agreed(key, there, stamp);
      dirty.remove(key);
      return;
    }
    const sighting = known.sight(key, there, timeMs);
    const { sights } = sighting;
    const wasHere = known.wasHere(key, there);
    const isOurs = dirty.of(key) !== undefined;
    const before = known.of(key);
    const isFromBefore = this.#isFromBefore(key, before);
    const isOld = known.isOld(key, there);
    const state = { there, here, stamp, isFromBefore, known: before, wasHere, isOld, sights, isOurs };
    const decision = decide({ ...state, isRestarted });
    if (decision === "wait") {
      dirty.hold(key);
    } else if (decision === "push") {
      this.#owe(key, there);
    } else {
      const least = decision === "take" ? Math.floor(stamp / STAMPS_PER_MS) + 1 : 1;
      this.#taken.push({ key, value, hash: there, timeMs: Math.max(sighting.timeMs, least) });
    }
  }

  #isFromBefore(key: string, known: Known | undefined): boolean {
    const timeMs = this.#options.channel.timestampOf(key);
    return timeMs !== undefined && known !== undefined && (timeMs + 1) * STAMPS_PER_MS <= known.stamp;
  }

  /** A row without key fields is what an original makes of keys of different shapes when it peers. */
  #isBogus(key: string): boolean {
    const { channel, known } = this.#options;
    return key === "{}" && channel.stampOf(key) < 0 && (known.of(key)?.hash ?? ABSENT) === ABSENT;
  }

  #owe(key: string, there: number): void {
    this.#options.known.superseded(key, there);
    this.#options.dirty.owed(key);
  }

  /** Writes what was decided, and looks whether it won. */
  #write(): void {
    const taken = this.#taken;
    if (taken.length === 0) return;
    this.#taken = [];
    const { channel, known, dirty, writer, uuid } = this.#options;
    const refused = new Set(writeTaken(writer, taken, uuid));
    this.#unusable += refused.size;
    for (const { key, hash } of taken) {
      if (refused.has(key)) continue;
      if (valueHash(channel.get(key)) !== hash) {
        this.#owe(key, hash);
        continue;
      }
      known.agreed(key, hash, channel.stampOf(key));
      dirty.remove(key);
    }
  }
}
