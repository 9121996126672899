// A channel for the tests of the replication layer: every session has a growing list of items, an update is JSON that
// names the items it brings. It keeps the promises of ChannelReplication and nothing more.
import type {
  AbsorptionWatch,
  ChannelReplication,
  ReceiveResult,
  ReplicatedChannel,
} from "../src/channel-replication.js";
import { ChorusError } from "../src/errors.js";
import type { DiffCursor } from "../src/document/update-slices.js";
import type { AnswerReading } from "../src/read-ahead.js";
import type { Runtime } from "../src/runtime.js";
import type { StateVector } from "../src/state-vector.js";

/** Session, clock of the first item, items. */
type Block = readonly [number, number, readonly string[]];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class FakeChannel implements ReplicatedChannel, ChannelReplication {
  readonly name = "fake";
  replicaId: string;
  /** Whether it plays a channel with a store. */
  durable = false;
  readonly sessionId: number;
  readonly runtime: Runtime;
  readonly replication: ChannelReplication = this;
  isWhole = true;
  readonly progress = { report: () => undefined, end: () => undefined };
  readonly observed: StateVector[] = [];
  /** Why it was asked to renounce its replicaId. */
  readonly renounced: ChorusError[] = [];
  /** With whom a first full sync was completed; undefined for a peer that forgets. */
  readonly synced: (string | undefined)[] = [];
  /** Added to the digest, to play a replica whose content differs silently. */
  corruption = 0;
  /** Items that this replica would rather not share yet: see `whenShareable`. */
  #waiting: (() => void)[] | undefined;
  /** What waits for the store: see `holdStoring`. */
  #storing: (() => void)[] | undefined;
  readonly #items = new Map<number, string[]>();
  readonly #renouncedListeners = new Set<() => void>();
  readonly #listeners = new Set<(update: Uint8Array, source: object | undefined) => void>();

  constructor(runtime: Runtime, replicaId: string, sessionId = runtime.newId()) {
    this.runtime = runtime;
    this.replicaId = replicaId;
    this.sessionId = sessionId;
  }

  /** Writes an item and sends it at once. */
  write(item: string): void {
    const own = this.#list(this.sessionId);
    own.push(item);
    this.#emit(encode([[this.sessionId, own.length - 1, [item]]]), undefined);
  }

  /** All items, in an order that depends on the content alone. */
  content(): string {
    return [...this.#items]
      .flatMap(([session, items]) => items.map((item) => `${session}:${item}`))
      .sort()
      .join();
  }

  get size(): number {
    let size = 0;
    for (const items of this.#items.values()) size += items.length;
    return size;
  }

  /** From now on nothing is shareable, until the returned function is called. */
  holdSharing(): () => void {
    const waiting: (() => void)[] = [];
    this.#waiting = waiting;
    return () => {
      this.#waiting = undefined;
      for (const task of waiting) task();
    };
  }

  /** What comes from now on is not stored until the returned function is called. Called again, a new lot begins. */
  holdStoring(): () => void {
    const storing: (() => void)[] = [];
    this.#storing = storing;
    return () => {
      if (this.#storing === storing) this.#storing = undefined;
      for (const task of storing) task();
    };
  }

  async whenCommitted(): Promise<void> {}

  /** As a channel with a store: another id, once in a session, and a write that tells of it a little later. */
  renounce(reason: ChorusError): boolean {
    this.renounced.push(reason);
    if (!this.durable || this.renounced.length > 1) return false;
    this.rename();
    return true;
  }

  /** It takes another id for reasons of its own. */
  rename(): void {
    this.replicaId = `${this.replicaId}-${this.sessionId}`;
    this.runtime.soon(() => this.write(`signed ${this.replicaId}`));
    for (const listener of this.#renouncedListeners) listener();
  }

  onRenounced(listener: () => void): () => void {
    this.#renouncedListeners.add(listener);
    return () => this.#renouncedListeners.delete(listener);
  }

  vector(): StateVector {
    return new Map([...this.#items].map(([session, items]) => [session, items.length]));
  }

  receive(
    update: Uint8Array | readonly Uint8Array[],
    source: object,
    stored: (advanced: StateVector) => void,
  ): ReceiveResult {
    const parts = update instanceof Uint8Array ? [update] : update;
    const blocks = parts.flatMap(decode);
    const ends = new Map([...this.#items].map(([session, items]) => [session, items.length]));
    for (const [session, from, items] of blocks) {
      if (from > (ends.get(session) ?? 0)) return "gap";
      ends.set(session, from + items.length);
    }
    const advanced = new Map<number, number>();
    for (const [session, from, items] of blocks) {
      const list = this.#list(session);
      const fresh = items.slice(list.length - from);
      list.push(...fresh);
      if (fresh.length > 0) advanced.set(session, list.length);
    }
    if (advanced.size === 0) return "unchanged";
    this.whenStored(() => {
      for (const part of parts) this.#emit(part, source);
      stored(advanced);
    });
    return "applied";
  }

  openReading(): AnswerReading {
    return { continue: () => undefined, end: () => undefined };
  }

  absorb(parts: readonly Uint8Array[], source: object, watch: AbsorptionWatch): void {
    watch.ended(this.receive(parts, source, watch.stored));
  }

  whenWhole(task: () => void): () => void {
    task();
    return () => undefined;
  }

  onUpdate(listener: (update: Uint8Array, source: object | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onForgotten(): () => void {
    return () => undefined;
  }

  whenShareable(task: () => void): () => void {
    if (this.#waiting) this.#waiting.push(task);
    else task();
    return () => {
      this.#waiting = this.#waiting?.filter((other) => other !== task);
    };
  }

  openDiff(vector: StateVector): DiffCursor {
    const at = new Map(vector);
    return {
      next: (budgetBytes) => {
        for (const [session, items] of this.#items) {
          const from = at.get(session) ?? 0;
          if (from >= items.length) continue;
          let end = from;
          for (let bytes = 0; end < items.length && bytes < budgetBytes; end++)
            bytes += items[end]?.length ?? 0;
          at.set(session, end);
          return encode([[session, from, items.slice(from, end)]]);
        }
        return undefined;
      },
    };
  }

  digest(): number {
    let hash = this.corruption;
    for (const character of this.content()) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 45;
    return hash;
  }

  observeVector(vector: StateVector): void {
    this.observed.push(vector);
  }

  whenStored(task: () => void): void {
    if (this.#storing) this.#storing.push(task);
    else task();
  }

  markSynced(replicaId?: string): void {
    this.synced.push(replicaId);
  }

  #list(session: number): string[] {
    const list = this.#items.get(session) ?? [];
    this.#items.set(session, list);
    return list;
  }

  #emit(update: Uint8Array, source: object | undefined): void {
    for (const listener of this.#listeners) listener(update, source);
  }
}

function encode(blocks: readonly Block[]): Uint8Array {
  return encoder.encode(JSON.stringify(blocks));
}

/** Two zero bytes are the empty update, as with Yjs. */
function decode(update: Uint8Array): readonly Block[] {
  if (update.length === 2 && update[0] === 0 && update[1] === 0) return [];
  try {
    return JSON.parse(decoder.decode(update)) as readonly Block[];
  } catch (error) {
    throw new ChorusError("protocol", "garbage", { cause: error });
  }
}
