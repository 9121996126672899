// What a run, or many, did: so that a simulation that has gone blind (nothing compacted, nothing refused,
// nobody crashed) is noticed, and not taken for a proof.

/** Counts by name; names with a dot belong together ("frames.update"). */
export class Counters {
  readonly #counts = new Map<string, number>();

  add(name: string, amount = 1): void {
    if (amount !== 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Adds all counts of another run. */
  merge(counts: Readonly<Record<string, number>>): void {
    for (const [name, amount] of Object.entries(counts)) this.add(name, amount);
  }

  /** Plain numbers in the order of their names. */
  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Adds all numbers of an object of counts, however nested, under dotted names. */
export function addNumbers(counters: Counters, prefix: string, counts: object): void {
  for (const [name, value] of Object.entries(counts)) {
    if (typeof value === "number") counters.add(`${prefix}.${name}`, value);
    else if (typeof value === "object" && value !== null) addNumbers(counters, `${prefix}.${name}`, value);
  }
}
