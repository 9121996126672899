// What could not be sent to an original, and how much to send at once after that: one key that it cannot take, or a proxy
// that takes no large body, must not hold up all others. No values, and no requests.

/** Rows of one request, at most. */
const MAX_ROWS = 500;
/** How long a key is set aside: doubled with every failure. */
const MIN_ASIDE_MS = 5_000;
const MAX_ASIDE_MS = 3_600_000;

interface Setback {
  failures: number;
  untilMs: number;
}

export class Setbacks {
  /** Keys that failed when they were sent alone, and not since. */
  readonly #keys = new Map<string, Setback>();
  #mostRows = MAX_ROWS;

  /** So many rows may go into the next request. */
  get mostRows(): number {
    return this.#mostRows;
  }

  /** These keys arrived together. */
  arrived(keys: readonly string[]): void {
    this.#mostRows = Math.min(MAX_ROWS, this.#mostRows * 2);
    if (this.#keys.size > 0) for (const key of keys) this.#keys.delete(key);
  }

  /** There is nothing more to send of this key. */
  forget(key: string): void {
    this.#keys.delete(key);
  }

  /** A request with so many keys, two or more, came to nothing: the next one has half of them. */
  tooMany(count: number): void {
    this.#mostRows = Math.ceil(count / 2);
  }

  /** A request with this key alone came to nothing. @returns how often in a row */
  failed(key: string, elapsedMs: number): number {
    const failures = (this.#keys.get(key)?.failures ?? 0) + 1;
    const untilMs = elapsedMs + Math.min(MIN_ASIDE_MS * 2 ** failures, MAX_ASIDE_MS);
    this.#keys.set(key, { failures, untilMs });
    return failures;
  }

  /** Keys that failed, and not since. */
  keys(): IterableIterator<string> {
    return this.#keys.keys();
  }

  /** Whether the key's time to be tried again has come. */
  isOver(key: string, elapsedMs: number): boolean {
    return (this.#keys.get(key)?.untilMs ?? 0) <= elapsedMs;
  }

  /** What is to be sent was forgotten. */
  clear(): void {
    this.#keys.clear();
  }
}
