// All writes of a run as the parent was told of them, by key, and what has been promised since. It forgets what can never
// be shown again, so that long runs do not grow; it never forgets what somebody may still show.
import { allowed, idOf, judge, type Shown, textOf, type Write } from "./oracle.js";

/** One write as its writer announces it: key, whether it deletes, and the id of what was seen there. Travels as JSON. */
export type Announced = readonly [key: string, isDelete: boolean, saw: string | null];

interface KnownWrite extends Write {
  readonly key: string;
  latestMs: number;
  isPromised: boolean;
}

/** The writes of one writer that are not settled yet. */
interface Writer {
  nextNumber: number;
  acknowledged: number;
  /** Announced, and not reported as done. */
  begun: KnownWrite[];
  /** In order; not acknowledged. */
  open: KnownWrite[];
}

/** So many keys are named in a failed check. */
const MAX_LINES = 10;

export class History {
  readonly #writes = new Map<string, KnownWrite[]>();
  readonly #writers = new Map<string, Writer>();
  #announced = 0;

  get announced(): number {
    return this.#announced;
  }

  get acknowledged(): number {
    return [...this.#writers.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** How many of a writer's writes are promised. */
  acknowledgedBy(writer: string): number {
    return this.#writer(writer).acknowledged;
  }

  /** The number of the writer's next write; numbers go on over restarts. */
  nextNumber(writer: string): number {
    return this.#writer(writer).nextNumber;
  }

  /** The writer is about to make these writes, numbered from `first` on. @throws Error for a gap in the numbers */
  announce(writer: string, { first, earliestMs, writes }: Announcement): void {
    const state = this.#writer(writer);
    if (first !== state.nextNumber)
      throw new Error(`${writer} announced ${first} after ${state.nextNumber - 1}`);
    for (const [key, isDelete, saw] of writes) {
      const number = state.nextNumber++;
      const write: KnownWrite = {
        ...{ key, writer, number, isDelete, earliestMs },
        saw: saw === null ? undefined : idOf(saw),
        latestMs: Number.POSITIVE_INFINITY,
        isPromised: false,
      };
      this.#ofKey(key).push(write);
      state.begun.push(write);
      state.open.push(write);
      this.#announced++;
    }
  }

  /** All that the writer announced so far was made. */
  finish(writer: string, latestMs: number): void {
    const state = this.#writer(writer);
    for (const write of state.begun) write.latestMs = latestMs;
    state.begun = [];
  }

  /** The writer is dead: what it announced was made by now or never will be, and what it has not promised stays so. */
  bury(writer: string, nowMs: number): void {
    this.finish(writer, nowMs);
    this.#writer(writer).open = [];
  }

  /** The writer promises all writes up to this number that it made in this life. */
  acknowledge(writer: string, last: number): void {
    const state = this.#writer(writer);
    const end = state.open.findIndex(({ number }) => number > last);
    const promised = state.open.splice(0, end < 0 ? state.open.length : end);
    for (const write of promised) {
      write.isPromised = true;
      state.acknowledged++;
      this.#forgetBelow(write);
    }
  }

  /** What is wrong with what a replica shows under the keys that begin so, one line for each of the first ten keys. */
  check(content: ReadonlyMap<string, string>, prefix = ""): string[] {
    const failures: string[] = [];
    for (const key of new Set([...this.#writes.keys(), ...content.keys()])) {
      if (!key.startsWith(prefix)) continue;
      const failure = judge(shownBy(content.get(key)), this.#writes.get(key) ?? []);
      if (failure !== undefined && failures.push(`${key} ${failure}`) === MAX_LINES) break;
    }
    return failures;
  }

  /** How many keys have exactly one possible outcome: what the checks are worth. */
  certainKeys(): number {
    return [...this.#writes.values()].filter((writes) => allowed(writes).length === 1).length;
  }

  /** What the same writer made before a promised write, or saw right before it, will never be shown again. */
  #forgetBelow(promised: KnownWrite): void {
    const isGone = ({ writer, number }: KnownWrite): boolean =>
      (writer === promised.writer && number < promised.number) ||
      (writer === promised.saw?.writer && number <= promised.saw.number);
    const writes = this.#ofKey(promised.key);
    if (writes.some(isGone)) {
      this.#writes.set(
        promised.key,
        writes.filter((write) => !isGone(write)),
      );
    }
  }

  #ofKey(key: string): KnownWrite[] {
    const known = this.#writes.get(key);
    if (known) return known;
    const writes: KnownWrite[] = [];
    this.#writes.set(key, writes);
    return writes;
  }

  #writer(name: string): Writer {
    const known = this.#writers.get(name);
    if (known) return known;
    const writer: Writer = { nextNumber: 1, acknowledged: 0, begun: [], open: [] };
    this.#writers.set(name, writer);
    return writer;
  }
}

/** A writer's word that it is about to write. */
export interface Announcement {
  /** The number of the first of the writes. */
  readonly first: number;
  /** The wall clock before them. */
  readonly earliestMs: number;
  readonly writes: readonly Announced[];
}

function shownBy(text: string | undefined): Shown {
  return text === undefined ? undefined : idOf(text);
}

/** The id of a writer's write with this number, as it stands in values. */
export function writeId(writer: string, number: number): string {
  return textOf({ writer, number });
}
