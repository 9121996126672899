// Replicas without connections, for tests of the document: what one sends is delivered by hand, in any order.
import { SegmentDocument } from "../src/document/segment-document.js";
import { Channel, type ChannelOptions, type Runtime } from "../src/index.js";

/** A runtime whose turns pass only when told, and whose timers never fire: maintenance is called by the tests. */
export class ManualRuntime implements Runtime {
  wall: number;
  readonly #tasks: (() => void)[] = [];
  #elapsedMs = 0;
  #ids: number;

  /** @param wall the wall clock, in milliseconds, until changed */
  constructor(wall: number, firstId: number) {
    this.wall = wall;
    this.#ids = firstId;
  }

  now = (): number => this.wall;
  elapsed = (): number => this.#elapsedMs;
  soon = (task: () => void): void => void this.#tasks.push(task);
  later = (task: () => void): void => void this.#tasks.push(task);
  after = (): { cancel(): void } => ({ cancel: () => undefined });
  random = (): number => 0.5;
  newId = (): number => this.#ids++;

  /** Runs everything that waits for the end of this turn or for a later one. Before the next is time to rest. */
  turn(): void {
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) task();
    this.#elapsedMs += 10;
  }
}

/** Chance that repeats itself for a seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, and without, `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % bound;
  }

  of<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const left = [...items];
    const shuffled: Item[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.below(left.length), 1));
    return shuffled;
  }
}

/** A seed for this run, printed so that it can be run again: SEED=... repeats it. */
export function freshSeed(what: string): number {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  process.stdout.write(`  seed of ${what}: ${seed}\n`);
  return seed;
}

let nextId = 100;

/** A fresh session id, as the runtimes give them: increasing, so that tests know their order. */
export function freshId(): number {
  return nextId++;
}

export class Replica {
  readonly runtime: ManualRuntime;
  readonly channel: Channel;
  /** The document of the channel, unless the options say how to make it. */
  document: SegmentDocument | undefined;
  /** Every update sent, oldest first. */
  readonly sent: Uint8Array[] = [];

  constructor(options: Partial<ChannelOptions> & { wall?: number; sessionId?: number } = {}) {
    const { wall = 10, sessionId = freshId(), ...rest } = options;
    this.runtime = new ManualRuntime(wall, sessionId);
    this.channel = new Channel({
      name: "test",
      runtime: this.runtime,
      createDocument: (documentOptions) => {
        this.document = new SegmentDocument(documentOptions);
        return this.document;
      },
      ...rest,
    });
    this.channel.replication.onUpdate((update, source) => {
      if (source === undefined) this.sent.push(update);
    });
  }

  get lastSent(): Uint8Array {
    const last = this.sent.at(-1);
    if (!last) throw new Error("nothing was sent");
    return last;
  }

  /** Sets a key and sends it; @returns the update */
  set(key: string, value: unknown, timestampMs?: number): Uint8Array {
    this.channel.set(key, value, timestampMs === undefined ? {} : { timestampMs });
    this.runtime.turn();
    return this.lastSent;
  }

  delete(key: string): Uint8Array {
    this.channel.delete(key);
    this.runtime.turn();
    return this.lastSent;
  }

  /** Drops and cleans until nothing is left to do. */
  sweep(options: { idle: boolean } = { idle: false }): void {
    for (let steps = 0; this.channel.maintain(options); steps++) {
      if (steps > 10_000) throw new Error("maintenance finds no end");
      this.runtime.turn();
    }
  }

  receive(update: Uint8Array): "applied" | "unchanged" | "gap" {
    const result = this.channel.replication.receive(update, this, () => undefined);
    this.runtime.turn();
    return result;
  }

  /** Sends `to` all that it lacks. */
  syncTo(to: Replica): void {
    for (const update of this.diff(to)) {
      if (to.receive(update) === "gap") throw new Error("a diff had a gap");
    }
  }

  diff(to: Replica, budgetBytes = 64 * 1024): Uint8Array[] {
    const cursor = this.channel.replication.openDiff(to.channel.replication.vector());
    const updates: Uint8Array[] = [];
    for (let next = cursor.next(budgetBytes); next; next = cursor.next(budgetBytes)) updates.push(next);
    return updates;
  }

  /** The stamp of what wins a key here, tombstones included. */
  stampOf(key: string): number | undefined {
    return this.document?.index.winner(key)?.stamp;
  }

  content(): Record<string, unknown> {
    return Object.fromEntries(this.channel.entries());
  }

  /** What a store would have kept, to open the next session of this replica with. */
  state(): Uint8Array[] {
    const cursor = this.channel.replication.openDiff(new Map());
    const updates: Uint8Array[] = [];
    for (let next = cursor.next(1 << 20); next; next = cursor.next(1 << 20)) updates.push(next);
    return updates;
  }
}

/** Brings all replicas to rest: everybody syncs with everybody and drops what it may, until nothing changes. */
export function settle(...replicas: Replica[]): Record<string, unknown>[] {
  for (let round = 0; round < 8; round++) {
    for (const from of replicas) for (const to of replicas) if (from !== to) from.syncTo(to);
    for (const replica of replicas) replica.sweep();
  }
  return replicas.map((replica) => replica.content());
}
