// What is remembered about one original: which values it is known to hold, which values were here meanwhile, what it was
// seen to hold and is waited for, and which keys it still has to get. Hashes and stamps only, never values; bounded by
// the size of the two channels. It decides nothing and talks to nobody; where it is kept over restarts is not its matter.
import { ABSENT, type Known, SUPERSEDED } from "./original-decision.js";

/** Deleted keys that are remembered one by one; the oldest are forgotten, and then a time decides. */
const MAX_GONE = 100_000;
/** Keys whose former values are remembered, and how many of each. */
const MAX_PAST_KEYS = 100_000;
const MAX_PAST_VALUES = 32;
/** For so many pulls a value that an original spread when it peered is expected to turn up at others. */
const OLD_PULLS = 8;

/** Something that the original holds and that is to be seen twice. */
interface Suspect {
  readonly hash: number;
  /** When it was written, at the latest, by our clock. */
  readonly timeMs: number;
  sights: number;
  lastPull: number;
}

/** What is remembered of one key, to be kept; what is waited for is not part of it. */
export interface KnownRow {
  /** Undefined: the key was never compared. */
  readonly known: Known | undefined;
  /** Hashes of values that were here since, and of those that originals told. */
  readonly past: readonly number[];
  readonly heard: readonly number[];
}

export class KnownRows {
  /** Values that the original holds. */
  readonly #held = new Map<string, Known>();
  /** Keys it is known not to hold, with the stamp of the deletion here. */
  readonly #gone = new Map<string, number>();
  /** Hashes of values that were written here or by Chorus peers since the key was last equal. */
  readonly #past = new Map<string, number[]>();
  /** Keys of which the first value in `#past` was sent to the original; whether it arrived is not known. */
  readonly #sent = new Set<string>();
  /** The same of values that originals told, or that were taken from another one. */
  readonly #heard = new Map<string, number[]>();
  /** Hashes of values that an original had kept from before, and spread when it peered; with the pull before that. */
  readonly #old = new Map<string, { readonly hash: number; readonly pull: number }[]>();
  readonly #suspects = new Map<string, Suspect>();
  /** Everything there was compared once: a key that is not known is not there. */
  #isComplete = false;
  #pull = 0;
  readonly #changed: (key: string) => void;

  /** @param changed told of every key whose row has changed, before the change or after it */
  constructor(changed: (key: string) => void = () => undefined) {
    this.#changed = changed;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether something is to be seen again. */
  get hasSuspects(): boolean {
    return this.#suspects.size > 0;
  }

  /** Keys that the original is known to hold. */
  keys(): IterableIterator<string> {
    return this.#held.keys();
  }

  get size(): number {
    return this.#held.size;
  }

  /** All keys that have a row. */
  allKeys(): Set<string> {
    const keys = new Set<string>();
    for (const map of [this.#held, this.#gone, this.#past, this.#heard]) {
      for (const key of map.keys()) keys.add(key);
    }
    return keys;
  }

  rowOf(key: string): KnownRow {
    const goneStamp = this.#gone.get(key);
    const gone = goneStamp === undefined ? undefined : { hash: ABSENT, stamp: goneStamp };
    const known = this.#held.get(key) ?? gone;
    return { known, past: this.#past.get(key) ?? [], heard: this.#heard.get(key) ?? [] };
  }

  /** A row that was kept. What was noted before this counts as later. */
  restore(key: string, { known, past, heard }: KnownRow): void {
    if (known?.hash === ABSENT) this.#gone.set(key, known.stamp);
    else if (known) this.#held.set(key, known);
    restoreNotes(this.#past, key, past);
    // It may have been sent.
    if (past.length > 0) this.#sent.add(key);
    restoreNotes(this.#heard, key, heard);
  }

  /** All rows of an earlier process were restored, and everything had been compared. */
  restoreComplete(): void {
    this.#isComplete = true;
  }

  of(key: string): Known | undefined {
    const held = this.#held.get(key);
    if (held) return held;
    const stamp = this.#gone.get(key);
    if (stamp !== undefined) return { hash: ABSENT, stamp };
    return this.#isComplete ? { hash: ABSENT, stamp: -1 } : undefined;
  }

  /** Both hold this now; `stamp` is that of the key here. */
  agreed(key: string, hash: number, stamp: number): void {
    const hadNotes = [this.#past.delete(key), this.#heard.delete(key)].includes(true);
    this.#sent.delete(key);
    this.#suspects.delete(key);
    const before = this.of(key);
    // At every pull most keys are as they were.
    if (hadNotes || before?.hash !== hash || before.stamp !== stamp) this.#remember(key, hash, stamp);
  }

  /** The original holds this, and what is here is later. What was here stays remembered. */
  superseded(key: string, hash: number): void {
    this.#suspects.delete(key);
    if (hash === ABSENT) this.#held.delete(key);
    this.#remember(key, hash, SUPERSEDED);
  }

  /** A value that a call or a Chorus peer wrote: some replica may send it to the original at any time. */
  noteHere(key: string, hash: number): void {
    this.#note(this.#past, key, hash);
  }

  /** This is being sent. Until it is known what came of it nothing may push it out: it may turn up there, and is no news. */
  noteSent(key: string, hash: number): void {
    this.#changed(key);
    const others = (this.#past.get(key) ?? []).filter((one) => one !== hash);
    this.#past.set(key, [hash, ...others]);
    this.#sent.add(key);
    if (this.#past.size > MAX_PAST_KEYS) this.#forgetFirst(this.#past);
  }

  /**
   * An original holds this, and it is merged in what is here. A removal that it told before is over: unlike values they
   * all look the same, and a new one must not be taken for it.
   */
  noteHeard(key: string, hash: number): void {
    const heard = this.#heard.get(key);
    if (heard?.includes(ABSENT) && hash !== ABSENT) {
      const values = heard.filter((one) => one !== ABSENT);
      this.#changed(key);
      this.#heard.set(key, values);
    }
    this.#note(this.#heard, key, hash);
  }

  wasHere(key: string, hash: number): boolean {
    return [this.#past, this.#heard].some((notes) => notes.get(key)?.includes(hash));
  }

  /** An original told everybody this, as what it holds from before what is here. */
  noteOld(key: string, hash: number): void {
    const notes = (this.#old.get(key) ?? []).filter((one) => one.hash !== hash);
    notes.push({ hash, pull: this.#pull });
    this.#old.set(key, notes.slice(-MAX_PAST_VALUES));
    if (this.#old.size > MAX_PAST_KEYS) this.#forgetFirst(this.#old);
  }

  /** Whether this is such a value, and not so long ago that somebody may have written the same again. */
  isOld(key: string, hash: number): boolean {
    const notes = this.#old.get(key) ?? [];
    return notes.some((one) => one.hash === hash && this.#pull - one.pull <= OLD_PULLS);
  }

  beginPull(): void {
    this.#pull++;
  }

  /** What was not seen again is no longer there. */
  endPull(): void {
    this.#isComplete = true;
    for (const [key, { lastPull }] of this.#suspects) {
      if (lastPull !== this.#pull) this.#suspects.delete(key);
    }
  }

  /**
   * The original holds this, and it may be new.
   * @returns at how many pulls in a row it was seen, and its time from the first
   */
  sight(key: string, hash: number, timeMs: number): { readonly sights: number; readonly timeMs: number } {
    const before = this.#suspects.get(key);
    const suspect = before?.hash === hash ? before : { hash, timeMs, sights: 0, lastPull: 0 };
    if (suspect.lastPull !== this.#pull) suspect.sights++;
    suspect.lastPull = this.#pull;
    this.#suspects.set(key, suspect);
    return suspect;
  }

  #remember(key: string, hash: number, stamp: number): void {
    this.#changed(key);
    this.#gone.delete(key);
    if (hash !== ABSENT) {
      this.#held.set(key, { hash, stamp });
      return;
    }
    this.#held.delete(key);
    this.#gone.set(key, stamp);
    if (this.#gone.size > MAX_GONE) this.#forgetFirst(this.#gone);
  }

  #note(notes: Map<string, number[]>, key: string, hash: number): void {
    const hashes = notes.get(key) ?? [];
    if (hashes.at(-1) === hash) return;
    this.#changed(key);
    hashes.push(hash);
    if (hashes.length > MAX_PAST_VALUES)
      hashes.splice(notes === this.#past && this.#sent.has(key) ? 1 : 0, 1);
    notes.set(key, hashes);
    if (notes.size > MAX_PAST_KEYS) this.#forgetFirst(notes);
  }

  #forgetFirst(map: Map<string, unknown>): void {
    for (const key of map.keys()) {
      map.delete(key);
      this.#changed(key);
      return;
    }
  }
}

function restoreNotes(notes: Map<string, number[]>, key: string, earlier: readonly number[]): void {
  if (earlier.length === 0) return;
  notes.set(key, [...earlier, ...(notes.get(key) ?? [])].slice(-MAX_PAST_VALUES));
}
