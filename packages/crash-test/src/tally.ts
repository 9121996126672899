// What a run has to tell at its end: counts, times, and what was wrong.

/** Times in milliseconds. */
export class Times {
  readonly #times: number[] = [];

  add(timeMs: number): void {
    this.#times.push(timeMs);
  }

  get count(): number {
    return this.#times.length;
  }

  /** "median 250 ms, max 300 ms of 12", or "none". */
  toString(): string {
    if (this.count === 0) return "none";
    const sorted = this.#times.toSorted((a, b) => a - b);
    const [median, max] = [sorted[this.count >> 1], sorted.at(-1)];
    return `median ${median?.toFixed(0)} ms, max ${max?.toFixed(0)} ms of ${this.count}`;
  }
}

/** How often each of some things happened. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, this.of(name) + 1);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  toString(): string {
    const counts = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return counts.map(([name, count]) => `${name} ${count}`).join(", ") || "none";
  }
}

/** Failures in the order in which they were found, the first few of them in full. */
export class Failures {
  readonly #lines: string[] = [];
  #count = 0;

  add(line: string): void {
    if (++this.#count <= 20) this.#lines.push(line);
  }

  get count(): number {
    return this.#count;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}

/** Errors that a broken or frozen connection explains: expected where processes are killed and frozen. */
const NETWORK_CODES: ReadonlySet<string> = new Set(["timeout", "stalled", "closed"]);

export function isNetworkError(code: string): boolean {
  return NETWORK_CODES.has(code);
}
