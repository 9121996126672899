// A text that takes long to make: made in turns, so that everybody else gets theirs, or at once when it is needed now.
// It knows nothing of what it says.

/** A text that is made in turns. */
export class SlicedText {
  readonly #steps: Generator<undefined, string>;
  #text: string | undefined;
  #failure: { readonly cause: unknown } | undefined;

  /** @param steps yields as often as it can be interrupted, and returns the text. What it throws comes out of every `run`. */
  constructor(steps: Generator<undefined, string>) {
    this.#steps = steps;
  }

  /** The text, once it is made. */
  get text(): string | undefined {
    return this.#text;
  }

  /** Goes on until the text is made, or `isOver` says that the turn is. @returns whether it is made */
  run(isOver: () => boolean = () => false): boolean {
    while (this.#text === undefined) {
      if (this.#failure) throw this.#failure.cause;
      if (!this.#step() && isOver()) return false;
    }
    return true;
  }

  #step(): boolean {
    try {
      const step = this.#steps.next();
      if (step.done) this.#text = step.value;
      return step.done === true;
    } catch (cause) {
      this.#failure = { cause };
      return true;
    }
  }
}
