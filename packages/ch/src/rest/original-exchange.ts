// What one link remembers of its original, and the two things it does with that: a pull and a push. When to do them, and
// what a failure means, is the link's matter.
import { identityOf } from "../peer-urls.js";
import { DirtyKeys } from "./dirty-keys.js";
import { KnownRows } from "./known-rows.js";
import type { OriginalEndpoint, ReplyState } from "./original-endpoint.js";
import type { OriginalHost, Remembered } from "./original-host.js";
import { OriginalMemory } from "./original-memory.js";
import { OriginalPull } from "./original-pull.js";
import { pushNext } from "./original-push.js";
import { Setbacks } from "./original-setbacks.js";

/** Keys that have been deleted, over those that the channel has, before a full comparison is cheaper. */
const MAX_DIRTY = 100_000;
/** Originals without a link of which it is remembered what they held: functions of URLs may give ever new ones. */
const MAX_REMEMBERED = 8;

export interface ExchangeOptions {
  readonly url: string;
  readonly endpoint: () => OriginalEndpoint;
  /** @throws OriginalFailure closed, when the link is */
  readonly assertOpen: () => void;
  /** Told of keys or rows that cannot be stored here. */
  readonly onUnusable: (count: number) => void;
  /** Told when the original does not take a key, and the others go on without it. */
  readonly onAside: () => void;
}

export class OriginalExchange {
  readonly dirty = new DirtyKeys();
  readonly #host: OriginalHost;
  readonly #options: ExchangeOptions;
  readonly #identity: string;
  /** Of an earlier link, if it is not stored. */
  readonly #earlier: Remembered | undefined;
  readonly #known: KnownRows;
  readonly #memory: OriginalMemory;
  readonly #pull = new OriginalPull();
  readonly #setbacks = new Setbacks();
  #isLoaded = false;
  #isTaking = false;
  #overflowed = false;

  constructor(host: OriginalHost, options: ExchangeOptions) {
    const { channel, memories: channels, isDoubtful } = host;
    this.#host = host;
    this.#options = options;
    this.#identity = identityOf(options.url) ?? options.url;
    this.#earlier = host.remembered.get(this.#identity);
    this.#known = this.#earlier?.known ?? new KnownRows((key) => this.#memory.changed(key));
    this.#memory = new OriginalMemory({
      channel,
      channels,
      isDoubtful,
      known: this.#known,
      identity: this.#identity,
      state: () => ({ isComplete: this.#known.isComplete, counter: this.#pull.settledCounter }),
    });
  }

  /** What is kept from earlier processes was given to it. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** What had to be sent was forgotten: the next comparison finds it. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** A call here wrote this key, and this is its value. */
  written(key: string, hash: number): void {
    this.#known.noteHere(key, hash);
    if (this.dirty.size >= MAX_DIRTY + this.#host.channel.size && this.dirty.of(key) === undefined) {
      this.dirty.clear();
      this.#setbacks.clear();
      this.#overflowed = true;
      this.#pull.due();
    } else {
      this.dirty.written(key);
    }
  }

  /** An original wrote this key here: never sent back at once, the next pull compares. */
  writtenByOriginal(key: string, hash: number): void {
    if (this.#isTaking) return;
    this.#known.noteHeard(key, hash);
    this.dirty.remove(key);
    this.#pull.touched(key);
  }

  /** A Chorus peer changed this key, or something: the next pull compares. */
  changedElsewhere(key?: string, hash?: number): void {
    this.#pull.due();
    if (key !== undefined && hash !== undefined) this.#known.noteHere(key, hash);
  }

  /** An original told its value of this key: what is being read of it may be older. */
  heard(key: string, hash: number, isOld: boolean): void {
    this.#known.noteHeard(key, hash);
    if (isOld) this.#known.noteOld(key, hash);
    this.#pull.touched(key);
  }

  /** Every good reply. */
  noted(state: ReplyState, wasUnsetAll: boolean): void {
    const { runtime } = this.#host.channel;
    this.#pull.noted(state, wasUnsetAll, runtime.elapsed());
    this.#pull.clock.replied(state.dateMs, runtime.now());
  }

  /** A request came to nothing. */
  failed(): void {
    this.#pull.failed();
  }

  /** The next pull compares, whatever the original says of itself. */
  due(): void {
    this.#pull.due();
  }

  /** Gets what is kept from earlier processes. @throws as OriginalMemory.load */
  async load(): Promise<void> {
    const state = (await this.#memory.load()) ?? this.#earlier;
    if (state) this.#pull.restore(state.counter);
    this.#isLoaded = true;
    this.#memory.stateChanged();
  }

  /** Rows that the last pull read; 0 when nothing had changed. */
  get rowsRead(): number {
    return this.#pull.rowsRead;
  }

  /** @throws as OriginalPull.run */
  async pull(): Promise<void> {
    const { channel, uuid, writer } = this.#host;
    const { endpoint, assertOpen, onUnusable } = this.#options;
    const hadOverflowed = this.#overflowed;
    this.#overflowed = false;
    const pause = async (): Promise<void> => {
      await new Promise<void>((resolve) => channel.runtime.later(resolve));
      assertOpen();
    };
    const taking = (isTaking: boolean): void => {
      this.#isTaking = isTaking;
    };
    try {
      const parts = { channel, uuid, writer: writer(), endpoint: endpoint(), known: this.#known };
      await this.#pull.run({ ...parts, dirty: this.dirty, pause, taking, onUnusable });
    } catch (error) {
      this.#overflowed ||= hadOverflowed;
      throw error;
    }
    this.#reviewSetbacks();
    this.#memory.stateChanged();
  }

  /** After a comparison: what came to nothing may have arrived all the same, or its time to be tried again has come. */
  #reviewSetbacks(): void {
    const elapsedMs = this.#host.channel.runtime.elapsed();
    for (const key of this.#setbacks.keys()) {
      if (this.dirty.of(key) === undefined) this.#setbacks.forget(key);
      else if (this.#setbacks.isOver(key, elapsedMs)) this.dirty.postpone(key);
    }
  }

  /** @returns false when the original takes no writes at all @throws as pushNext; OriginalFailure closed */
  async push(): Promise<boolean> {
    const { canUnsetAll, clock } = this.#pull;
    const { endpoint, assertOpen, onAside } = this.#options;
    const isTaken = await pushNext({
      channel: this.#host.channel,
      endpoint: endpoint(),
      known: this.#known,
      dirty: this.dirty,
      clock,
      setbacks: this.#setbacks,
      onAside,
      canUnsetAll,
      whenKept: () => this.#memory.whenKept().then(assertOpen),
    });
    assertOpen();
    return isTaken;
  }

  /** Keeps what is remembered, or forgets it for good. Never rejects. */
  close(isForgotten: boolean): Promise<void> {
    const { memories, remembered } = this.#host;
    remembered.delete(this.#identity);
    if (!memories && !isForgotten) {
      remembered.set(this.#identity, { known: this.#known, counter: this.#pull.settledCounter });
      const [oldest = ""] = remembered.keys();
      if (remembered.size > MAX_REMEMBERED) remembered.delete(oldest);
    }
    return this.#memory.close(isForgotten);
  }
}
