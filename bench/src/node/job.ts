// A run of writes by one node, described so that it can be told to another process and repeated to know what must come
// out. Must never depend on the clock: the same job writes the same keys and values.
import { numbers, recordOf } from "../records.js";

/** What a node is to write. */
export interface Job {
  /** Its keys are `PREFIX:0` to `PREFIX:KEYS-1`. */
  readonly prefix: string;
  readonly keys: number;
  readonly sets: number;
  /** Keys in turn, or at random with this seed. Default: in turn. */
  readonly seed?: number;
  /** Sets between two yields to the event loop; 0 never yields. Default 0. */
  readonly setsPerTurn?: number;
  /** In place of a yield: a pause of so many milliseconds. */
  readonly pauseMs?: number;
  /** As one `setAll` in place of single sets. */
  readonly atOnce?: boolean;
  /** Number of the first value, so that no two jobs write the same. Default 0. */
  readonly firstSerial?: number;
  /** Keys that other writers write too. */
  readonly shared?: SharedKeys;
  /** Written last: who has it has all. */
  readonly marker?: string;
}

/** So many of a hundred sets go to one of `keys` keys `PREFIX:…` at random. */
export interface SharedKeys {
  readonly prefix: string;
  readonly keys: number;
  readonly percent: number;
}

/** A write of a job; `shared` for a key of several writers. */
export interface Write {
  readonly key: string;
  readonly serial: number;
  readonly shared: boolean;
}

/** All keys of a job, made beforehand so that no figure counts it. */
export interface JobKeys {
  readonly own: readonly string[];
  readonly shared: readonly string[];
}

export function keysOf(job: Job): JobKeys {
  return {
    own: keyNames(job.prefix, job.keys),
    shared: job.shared === undefined ? [] : keyNames(job.shared.prefix, job.shared.keys),
  };
}

/** Chooses the key of each set in turn. */
export class KeyChooser {
  readonly #job: Job;
  readonly #keys: JobKeys;
  readonly #choose: ((bound: number) => number) | undefined;
  /** Whether the key that was chosen last is one of several writers. */
  isShared = false;

  constructor(job: Job, keys: JobKeys) {
    this.#job = job;
    this.#keys = keys;
    const { seed } = job;
    this.#choose = seed === undefined ? undefined : numbers(seed);
  }

  /** The key of the set with this number, from 0; to be asked for one after the other. */
  next(number: number): string {
    const { own, shared } = this.#keys;
    const percent = this.#job.shared?.percent ?? 0;
    this.isShared = percent > 0 && this.#choose !== undefined && this.#choose(100) < percent;
    const names = this.isShared ? shared : own;
    return names[this.#choose === undefined ? number % names.length : this.#choose(names.length)] as string;
  }
}

/** What the keys of one writer hold after its job, its marker included. */
export function contentsAfter(jobs: readonly Job[]): Map<string, unknown> {
  const contents = new Map<string, unknown>();
  for (const job of jobs) {
    const chooser = new KeyChooser(job, keysOf(job));
    const first = job.firstSerial ?? 0;
    for (let i = 0; i < job.sets; i++) contents.set(chooser.next(i), recordOf(first + i));
    if (job.marker !== undefined) contents.set(job.marker, recordOf(first + job.sets));
  }
  return contents;
}

function keyNames(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}:${index}`);
}
