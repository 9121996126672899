// Whether the document is in one piece. While a large answer is applied in turns it is not: it may know that an entry is
// gone and not yet where it went. Whoever shows it to others, stores it or decides by it waits here (rule 8).

export class Wholeness {
  readonly #waiting = new Set<() => void>();
  #isWhole = true;

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Runs `task`, at once if the document is whole, else when it is so again. @returns what takes it back */
  whenWhole(task: () => void): () => void {
    if (this.#isWhole) {
      task();
      return () => undefined;
    }
    const waiting = (): void => task();
    this.#waiting.add(waiting);
    return () => {
      this.#waiting.delete(waiting);
    };
  }

  /** Something large begins to be applied. */
  suspend(): void {
    this.#isWhole = false;
  }

  /** All of it is there. `first` runs before those who wait. */
  restore(first: () => void): void {
    this.#isWhole = true;
    first();
    for (const task of this.#waiting) {
      // One of them may have begun the next.
      if (!this.#isWhole) return;
      this.#waiting.delete(task);
      task();
    }
  }
}
