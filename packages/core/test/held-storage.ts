// A store for one channel that answers only when told, and remembers what it was asked.
import type { ChannelStorage, ChorusError, RestoredState, StoredChannel } from "../src/index.js";
import { type LargeUpdate, NOTHING_STORED } from "../src/storage/channel-storage.js";

export class HeldStorage implements ChannelStorage {
  replicaId: string;
  failure: ChorusError | undefined;
  /** Every update that was handed in, oldest first. */
  readonly appended: Uint8Array[] = [];
  /** Every update that is stored. */
  readonly kept = new Set<Uint8Array>();
  /** What the next session would be given. */
  seenStamp = -1;
  readonly met: string[] = [];
  readonly forgotten: string[] = [];
  renounced = 0;
  isClosed = false;
  channel: StoredChannel | undefined;
  readonly #restored: RestoredState;
  readonly #waiting: { update: Uint8Array; stored: () => void }[] = [];
  #holds: boolean;

  constructor(options: Partial<RestoredState> & { replicaId?: string; holds?: boolean } = {}) {
    const { replicaId = "stored", holds = true, ...restored } = options;
    this.replicaId = replicaId;
    this.#holds = holds;
    this.#restored = { ...NOTHING_STORED, ...restored };
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  restore(): RestoredState {
    return this.#restored;
  }

  start(channel: StoredChannel): void {
    this.channel = channel;
  }

  append(update: Uint8Array, stored: () => void): void {
    this.appended.push(update);
    this.seenStamp = Math.max(this.seenStamp, this.channel?.seenStamp() ?? -1);
    this.#waiting.push({ update, stored });
    if (!this.#holds) this.release();
  }

  appendLarge({ assemble }: LargeUpdate, stored: () => void): void {
    this.append(assemble(), stored);
  }

  meet(replicaId: string): void {
    this.met.push(replicaId);
  }

  forget(replicaId: string): void {
    this.forgotten.push(replicaId);
  }

  renounce(): void {
    this.renounced++;
    this.replicaId = `${this.replicaId}-renounced`;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  /** Answers nothing from now on, until it is told to. */
  hold(): void {
    this.#holds = true;
  }

  /** Answers everything, and from now on at once. */
  releaseAll(): void {
    this.#holds = false;
    while (this.waiting > 0) this.release();
  }

  /** Answers the oldest that waits. */
  release(): void {
    const oldest = this.#waiting.shift();
    if (!oldest) throw new Error("nothing waits to be stored");
    this.kept.add(oldest.update);
    oldest.stored();
  }

  /** Refuses from now on, until `recover`. */
  fail(failure: ChorusError): void {
    this.failure = failure;
    this.channel?.failing(failure);
  }

  recover(): void {
    this.failure = undefined;
    this.channel?.recovered();
  }
}

/** A store with this past, which answers at once. */
export function storedAs(
  updates: readonly Uint8Array[],
  sessions: RestoredState["sessions"] = [],
  more: Partial<RestoredState> & { replicaId?: string } = {},
): HeldStorage {
  return new HeldStorage({ updates, sessions, holds: false, ...more });
}
