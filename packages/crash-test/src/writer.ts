// The hand that writes: as its load says, telling every write before making it, and every acknowledgement. It must never
// write what it has not told.
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { Random } from "@chorus/simulation/parts";
import { type Announced, writeId } from "./history.js";
import type { Load, Report } from "./messages.js";

/** A value as the crash test writes it. */
export interface StampedValue {
  /** The id of the write. */
  readonly id: string;
  readonly pad: string;
}

/** A durable map that a writer writes to: a core channel, or a handle of `$ch`. */
export interface DurableMap {
  /** The id of the write that shows under a key. */
  idOf(key: string): string | undefined;
  set(key: string, value: StampedValue): void;
  delete(key: string): void;
  /** Writes all in one call; undefined deletes. */
  batch(entries: readonly (readonly [string, StampedValue | undefined])[]): void;
  /** Resolves when all writes before the call are durable. */
  whenDurable(): Promise<void>;
}

/** Who is told: the test, through a pipe or at once. */
export interface WriterHost {
  readonly tell: (report: Report) => void;
  readonly fail: (error: unknown) => void;
}

/** So many acknowledgements may be outstanding before the writer waits for one. */
const MAX_OUTSTANDING = 4;

export class Writer {
  readonly #map: DurableMap;
  readonly #load: Load;
  readonly #host: WriterHost;
  readonly #random: Random;
  #nextNumber: number;
  #outstanding = new Set<Promise<void>>();
  #stopped = false;
  #ended: Promise<void> | undefined;

  constructor(map: DurableMap, load: Load, host: WriterHost) {
    this.#map = map;
    this.#host = host;
    this.#load = load;
    this.#random = new Random(load.seed);
    this.#nextNumber = load.nextNumber;
  }

  /** Writes until `stop`. */
  start(): void {
    this.#ended = this.#run();
  }

  /** Resolves when everything written is durable. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
    await Promise.all(this.#outstanding);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#burst();
        this.#acknowledge();
      } catch (error) {
        this.#host.fail(error);
        return;
      }
      if (this.#outstanding.size >= MAX_OUTSTANDING) await Promise.race(this.#outstanding);
      if (this.#load.maxPauseMs === 0) await nextTurn();
      else await pause(this.#random.below(this.#load.maxPauseMs + 1));
    }
  }

  #burst(): void {
    const count = 1 + this.#random.below(this.#load.maxBurst);
    if (this.#random.chance(0.5)) this.#writeTogether(new Set(this.#keys(count)));
    else for (const key of this.#keys(count)) this.#writeOne(key);
    this.#host.tell({ kind: "written", latestMs: Date.now() });
  }

  #keys(count: number): string[] {
    return Array.from({ length: count }, () => {
      const { prefix, keys } = this.#random.pick(this.#load.groups);
      return `${prefix}${this.#random.below(keys)}`;
    });
  }

  #writeOne(key: string): void {
    const [first, [announced]] = this.#announce([key]);
    const isDelete = announced?.[1] ?? false;
    if (isDelete) this.#map.delete(key);
    else this.#map.set(key, this.#value(first));
  }

  #writeTogether(keys: ReadonlySet<string>): void {
    const [first, announced] = this.#announce([...keys]);
    this.#map.batch(
      announced.map(([key, isDelete], i) => [key, isDelete ? undefined : this.#value(first + i)]),
    );
  }

  #announce(keys: readonly string[]): [first: number, writes: Announced[]] {
    const first = this.#nextNumber;
    const writes = keys.map((key): Announced => {
      const saw = this.#map.idOf(key) ?? null;
      return [key, saw !== null && this.#random.chance(this.#load.deletes), saw];
    });
    this.#nextNumber += writes.length;
    this.#host.tell({ kind: "announced", first, earliestMs: Date.now(), writes });
    return [first, writes];
  }

  #acknowledge(): void {
    const last = this.#nextNumber - 1;
    const tell = (): void => this.#host.tell({ kind: "acknowledged", last });
    if (this.#load.acknowledgesEarly) tell();
    const waiting = this.#map
      .whenDurable()
      .then(this.#load.acknowledgesEarly ? undefined : tell, this.#host.fail)
      .finally(() => this.#outstanding.delete(waiting));
    this.#outstanding.add(waiting);
  }

  #value(number: number): StampedValue {
    return { id: writeId(this.#load.writer, number), pad: "x".repeat(this.#load.padBytes) };
  }
}
