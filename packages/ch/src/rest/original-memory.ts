// When it is kept what is known of one original: soon after a change, before anything is sent there, and at the end. One
// thing at a time; what the store refuses is kept when it takes it again. What is written and what is believed is the
// matter of original-memory-channel.ts.
import { type Channel, ChorusError, type Timer } from "@chorus/core";
import type { KnownRows } from "./known-rows.js";
import { MemoryChannel, type MemoryState } from "./original-memory-channel.js";

/** Where memories are kept. */
export interface MemoryChannels {
  /** The channel for the original of this identity (a URL without credentials). @throws ChorusError as StoredChannels.open */
  open(identity: string): Channel;
  /** Whether there ever was one. */
  has(identity: string): boolean;
  /** It is not used any more: stored, and closed some time later. */
  park(channel: Channel): void;
}

export interface OriginalMemoryOptions {
  /** What it is about. */
  readonly channel: Channel;
  readonly known: KnownRows;
  /** Undefined: nothing is kept. */
  readonly channels: MemoryChannels | undefined;
  readonly identity: string;
  /** Whether the store has found something wrong with the channel. */
  readonly isDoubtful: () => boolean;
  readonly state: () => MemoryState;
}

/**
 * From a change to when it is kept, and from when the store has refused it to the next time, in milliseconds. A process
 * that is killed in between loses what an original told it last; what is sent there is kept before.
 */
const KEEP_MS = 10;
const RETRY_MS = 5_000;
/** Keeping takes at most this part of the time, unless somebody waits for it. */
const KEEP_SHARE = 20;
/** What is thrown while an earlier link is not done with the memory. */
const STILL_OPEN: ReadonlySet<string> = new Set(["closed", "store-locked"]);

export class OriginalMemory {
  readonly #options: OriginalMemoryOptions;
  /** Keys whose rows are to be kept. */
  readonly #changed = new Set<string>();
  /** Undefined: not loaded, or nothing can be kept. */
  #channel: Channel | undefined;
  #memory: MemoryChannel | undefined;
  #isOff: boolean;
  #timer: Timer | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: OriginalMemoryOptions) {
    this.#options = options;
    this.#isOff = options.channels === undefined || !options.channel.durable;
  }

  /** The row of this key has changed, or is just being changed. */
  changed(key: string): void {
    if (this.#isOff) return;
    this.#changed.add(key);
    this.#keepSoon(KEEP_MS);
  }

  /** The state may have changed. */
  stateChanged(): void {
    if (this.#isDue) this.#keepSoon(KEEP_MS);
  }

  /**
   * Gives the rows what was kept. @returns the state that was kept; undefined for a first contact
   * @throws (rejects) ChorusError store-full, store-failed while the store takes no writes, closed, store-locked while an
   * earlier link is not done with it: then it is to be tried again; channel-closed
   */
  load(): Promise<MemoryState | undefined> {
    return this.#inTurn(async () => {
      const { channels, identity, channel, known, isDoubtful } = this.#options;
      if (this.#isOff || !channels || this.#isClosed) return undefined;
      await channel.whenDurable();
      try {
        this.#channel = channels.open(identity);
      } catch (error) {
        if (error instanceof ChorusError && STILL_OPEN.has(error.code)) throw error;
        // Not when it is the store as a whole that fails.
        await channel.whenDurable();
        this.#isOff = true;
        this.#changed.clear();
        return undefined;
      }
      this.#memory = new MemoryChannel({ memory: this.#channel, channel, known });
      return this.#memory.load(isDoubtful);
    });
  }

  /**
   * Resolves when all that is here, and all that was known of the original until now, is stored; at once without a store.
   * @throws (rejects) ChorusError store-full, store-failed: it is kept as soon as the store takes it; channel-closed
   */
  async whenKept(): Promise<void> {
    const { channel, state } = this.#options;
    if (!channel.durable) return;
    await this.#inTurn(() => this.#memory?.keep(this.#changed, state()) ?? channel.whenDurable());
  }

  /** Keeps what is left, or removes everything. Resolves when that is done, or cannot be; never rejects. */
  async close(isForgotten: boolean): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    await (isForgotten ? this.#inTurn(() => this.#clear()) : this.whenKept()).catch(() => undefined);
    if (this.#channel) this.#options.channels?.park(this.#channel);
  }

  async #clear(): Promise<void> {
    const { channels, identity, channel, known } = this.#options;
    if (this.#isOff || !channels?.has(identity)) return;
    this.#channel ??= channels.open(identity);
    await new MemoryChannel({ memory: this.#channel, channel, known }).clear();
  }

  get #isDue(): boolean {
    return (
      this.#memory !== undefined && (this.#changed.size > 0 || this.#memory.isChanged(this.#options.state()))
    );
  }

  #keepSoon(delayMs: number): void {
    if (this.#timer || this.#isClosed) return;
    const { runtime } = this.#options.channel;
    this.#timer = runtime.after(delayMs, () => void this.#keepNow(), { background: true });
  }

  /** Never rejects. */
  async #keepNow(): Promise<void> {
    const { runtime } = this.#options.channel;
    const began = runtime.elapsed();
    const pauseMs = await this.whenKept().then(
      () => Math.max(KEEP_MS, KEEP_SHARE * (runtime.elapsed() - began)),
      () => RETRY_MS,
    );
    this.#timer = undefined;
    if (this.#isDue) this.#keepSoon(pauseMs);
  }

  /** Runs tasks one after the other, whatever becomes of each. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
