// A large answer on its way into the document: its parts are applied one after the other, in short turns with other work
// between, and what leaves the index leaves it at the end. It only keeps the time; what a part does is the port's matter.
import type { Runtime } from "./runtime.js";
import { splitDeletions } from "./update-plan.js";

/** What one turn may take. */
export interface TurnLimits {
  /** For the work of a turn and for collecting its garbage, which takes about as long. */
  readonly turnBudgetMs: number;
  /** However fast it goes. */
  readonly turnBytes: number;
}

export interface AbsorptionOptions {
  readonly runtime: Runtime;
  readonly limits: TurnLimits;
  /** In the order in which they are applied. */
  readonly parts: readonly Uint8Array[];
  /** Applies a part, or a piece of one with deletions. What it throws ends the absorption. */
  readonly apply: (piece: Uint8Array) => void;
  /** Removes what is gone, until the time is up. @returns whether nothing is left */
  readonly settle: (isTimeUp: () => boolean) => boolean;
  /** A turn is over: so many bytes are applied. */
  readonly progress: (done: number) => void;
  /** It is over. @param error what `apply` threw: what came before it is applied, what followed is not */
  readonly done: (error?: unknown) => void;
}

/** A turn may last twice as long as its work: what is made stays, and V8 moves it when it collects what does not. */
const BUDGET_PART = 0.5;

/** A key to remove counts as so many bytes of a turn. */
const BYTES_PER_REMOVAL = 16;

export class Absorption {
  readonly #options: AbsorptionOptions;
  #next = 0;
  /** Pieces of the part before `#next`, the next one last. */
  #pieces: Uint8Array[] = [];
  #doneBytes = 0;
  #error: unknown;
  #isOver = false;

  constructor(options: AbsorptionOptions) {
    this.#options = options;
    this.#continue();
  }

  /** Nothing more of it is applied, and nobody is told. */
  cancel(): void {
    this.#isOver = true;
  }

  #continue(): void {
    this.#options.runtime.later(() => {
      if (!this.#isOver) this.#work();
    });
  }

  #work(): void {
    const { runtime, limits, settle, progress, done } = this.#options;
    const endsAt = runtime.elapsed() + limits.turnBudgetMs * BUDGET_PART;
    const isTimeUp = (): boolean => runtime.elapsed() >= endsAt;
    if (this.#error === undefined) this.#apply(isTimeUp);
    progress(this.#doneBytes);
    let removals = 0;
    const isEnough = (): boolean => ++removals * BYTES_PER_REMOVAL >= limits.turnBytes || isTimeUp();
    if (this.#hasMore || !settle(isEnough)) return this.#continue();
    this.#isOver = true;
    done(this.#error);
  }

  get #hasMore(): boolean {
    return this.#error === undefined && (this.#pieces.length > 0 || this.#next < this.#options.parts.length);
  }

  #apply(isTimeUp: () => boolean): void {
    let bytes = 0;
    try {
      while (this.#hasMore) {
        const piece = this.#nextPiece();
        this.#options.apply(piece);
        bytes += piece.length;
        if (bytes >= this.#options.limits.turnBytes || isTimeUp()) return;
      }
    } catch (error) {
      this.#error = error ?? new Error("a part could not be applied");
    }
  }

  #nextPiece(): Uint8Array {
    if (this.#pieces.length === 0) {
      const part = this.#options.parts[this.#next++] as Uint8Array;
      this.#pieces = splitDeletions(part).reverse();
      this.#doneBytes += part.length;
    }
    return this.#pieces.pop() as Uint8Array;
  }
}
