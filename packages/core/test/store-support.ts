// What the tests of the store share: a store on a faulty database and virtual time, and a channel that is a set of
// numbers: what was appended is what must be found again.
import type { DiffCursor } from "../src/document/update-slices.js";
import {
  type ChannelStorage,
  type ChorusError,
  type RestoredState,
  Store,
  type StoredChannel,
} from "../src/index.js";
import type { StoreOptions } from "../src/index.js";
import { type ChannelMetadata, metadataOperations } from "../src/storage/channel-metadata.js";
import { ChannelKeys } from "../src/storage/store-keys.js";
import { FaultyDatabase } from "./faulty-database.js";
import { VirtualRuntime } from "./virtual-runtime.js";

/** A number as an update, padded to a size. */
export function update(number: number, size = 4): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, size));
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** The number that an update stands for. */
export function numberIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** All numbers that a store gives back: slices of snapshots hold many. */
export function numbersOf(state: Pick<RestoredState, "snapshot" | "updates">): number[] {
  const numbers = new Set<number>();
  for (const slice of state.snapshot) {
    // A slice of a session below: its numbers again and again.
    const view = new DataView(slice.buffer, slice.byteOffset, slice.length);
    const first = view.getUint32(0);
    for (let at = 0; at < slice.length && (at === 0 || view.getUint32(at) !== first); at += 4) {
      numbers.add(view.getUint32(at));
    }
  }
  for (const bytes of state.updates) numbers.add(numberIn(bytes));
  return [...numbers].sort((a, b) => a - b);
}

/** One session on a channel's storage. */
export class Session implements StoredChannel {
  readonly sessionId: number;
  readonly storage: ChannelStorage;
  readonly restored: RestoredState;
  /** All numbers of the document. */
  readonly document: Set<number>;
  /** What was called, in order: a number for an update that is stored, or "failing: code", "recovered". */
  readonly events: (number | string)[] = [];
  /** Numbers in a slice of the diff. */
  perSlice = 4;
  stamp = -1;
  segments = new Set<number>();
  diffs = 0;
  diffError: Error | undefined;

  constructor(storage: ChannelStorage, sessionId: number) {
    this.storage = storage;
    this.sessionId = sessionId;
    this.restored = storage.restore();
    this.document = new Set(numbersOf(this.restored));
    storage.start(this);
  }

  /** The numbers whose updates are stored. */
  get stored(): number[] {
    return this.events.filter((event) => typeof event === "number");
  }

  add(number: number, size?: number): void {
    this.document.add(number);
    this.storage.append(update(number, size), () => this.events.push(number));
  }

  addAll(from: number, to: number, size?: number): void {
    for (let number = from; number < to; number++) this.add(number, size);
  }

  whenWhole(task: () => void): void {
    task();
  }

  openSnapshot(): DiffCursor {
    return this.#walk(new Set(this.document));
  }

  openDiff(): DiffCursor {
    return this.#walk(this.document);
  }

  #walk(document: ReadonlySet<number>): DiffCursor {
    if (this.diffError) throw this.diffError;
    this.diffs++;
    const cut = new Set<number>();
    return {
      next: () => {
        const left = [...document].filter((number) => !cut.has(number)).slice(0, this.perSlice);
        if (left.length === 0) return undefined;
        for (const number of left) cut.add(number);
        // A slice that fills a turn, so that folds take many.
        const slice = new Uint8Array(65_536).fill(0);
        const view = new DataView(slice.buffer);
        for (let at = 0; at < slice.length; at += 4)
          view.setUint32(at, left[(at / 4) % left.length] as number);
        return slice;
      },
    };
  }

  seenStamp(): number {
    return this.stamp;
  }

  hasSegments(sessionId: number): boolean {
    return this.segments.has(sessionId);
  }

  failing(failure: ChorusError): void {
    this.events.push(`failing: ${failure.code}`);
  }

  recovered(): void {
    this.events.push("recovered");
  }
}

/** The metadata that a database has of the channel "test". */
export function metadataOf(database: FaultyDatabase): ChannelMetadata {
  return JSON.parse(String.fromCharCode(...(database.value("a/test/")?.subarray(5) ?? [])));
}

/** A copy of a database in which the metadata of the channel "test" are others. */
export function withMetadata(database: FaultyDatabase, change: Partial<ChannelMetadata>): FaultyDatabase {
  const copy = database.crashed();
  const operations = metadataOperations(new ChannelKeys("test"), { ...metadataOf(database), ...change });
  for (const operation of operations)
    if (operation.type === "put") copy.damage(operation.key, operation.value);
  return copy;
}

/** Lets everything happen that can without time passing, promises included. */
export async function settle(runtime: VirtualRuntime): Promise<void> {
  for (let idle = 0; idle < 5; idle++) {
    runtime.settle();
    await new Promise(setImmediate);
  }
}

/** A promise's value, on virtual time. */
export async function resolved<Value>(runtime: VirtualRuntime, promise: Promise<Value>): Promise<Value> {
  let isOver = false;
  promise.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  for (let turns = 0; !isOver; turns++) {
    if (turns > 2_000) throw new Error("a promise that nothing resolves");
    runtime.settle();
    await new Promise(setImmediate);
  }
  return promise;
}

export interface Fixture {
  runtime: VirtualRuntime;
  database: FaultyDatabase;
  store: Store;
  /** Opens a channel and begins a session of it. */
  open: (name?: string, sessionId?: number) => Session;
}

/** A store on a faulty database and virtual time. */
export async function openStore(
  options: StoreOptions & { database?: FaultyDatabase } = {},
): Promise<Fixture> {
  const runtime = new VirtualRuntime(++stores);
  const { database: earlier, ...rest } = options;
  const database = new FaultyDatabase({ later: (task) => runtime.later(task), steps: earlier?.steps });
  for (const key of earlier?.unreadable ?? []) database.unreadable.add(key);
  const store = await resolved(runtime, Store.open(database, { runtime, ...rest }));
  const open = (name = "test", sessionId = ++sessions): Session =>
    new Session(store.openChannel(name), sessionId);
  return { runtime, database, store, open };
}

let sessions = 1_000;
/** No two stores have the same chance. */
let stores = 0;
