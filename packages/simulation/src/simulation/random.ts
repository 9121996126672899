// The one source of chance of a run: a small seeded generator. Same seed, same numbers, on every machine.
// Nothing in a simulation may ask Math.random, crypto or the real clock.

/** Seeded numbers (mulberry32). Not for anything that must be hard to guess. */
export class Random {
  #state: number;

  /** @param seed any integer; only its low 32 bits count */
  constructor(seed: number) {
    // Neighbouring seeds would start with similar numbers, so the seed is stirred first.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
    this.next();
    this.next();
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A number in [`low`, `high`). */
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One element of a list that is not empty. */
  pick<Item>(list: readonly Item[]): Item {
    return list[this.below(list.length)] as Item;
  }

  /** One of the names, each as often as its weight says. Weights of 0 are never taken. */
  pickWeighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries<number>(weights) as [Name, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return (entries.find(([, weight]) => weight > 0) as [Name, number])[0];
  }

  /** An id of 53 bits, as sessions have. */
  id53(): number {
    return this.below(2 ** 21) * 2 ** 32 + this.below(2 ** 32);
  }

  /** A seed for another generator. */
  seed(): number {
    return this.below(2 ** 32);
  }

  /** A generator of its own, so that one part's appetite for numbers does not shift those of another. */
  fork(): Random {
    return new Random(this.seed());
  }
}
