// The one question a connection may have outstanding: a state vector, answered by updates of which the last is
// marked. It decides when to ask, and when to ask once more; the connection does the sending.
import type { Puller, Pulls } from "./pulls.js";
import type { Runtime } from "./runtime.js";

/** What the question needs of its connection. */
export interface QuestionOwner {
  readonly runtime: Runtime;
  readonly pulls: Pulls;
  /** Sends the vector as it is now; must not throw. */
  sendVector(): void;
}

/** idle: nothing to ask; queued: waiting for the turn; asked: outstanding; answering: parts of the answer came. */
export type QuestionState = "idle" | "queued" | "asked" | "answering";

export class Question implements Puller {
  readonly #owner: QuestionOwner;
  #state: QuestionState = "idle";
  #again = false;
  #progressAt = 0;

  constructor(owner: QuestionOwner) {
    this.#owner = owner;
  }

  get state(): QuestionState {
    return this.#state;
  }

  /** Whether an answer is due. */
  get isOutstanding(): boolean {
    return this.#state === "asked" || this.#state === "answering";
  }

  /**
   * Something is missing here that the peer has. Before the first part of an answer a question under way covers it:
   * the peer cuts the answer after it sent what made us ask. Later it does not, so another follows.
   */
  ask(): void {
    if (this.#state === "answering") this.#again = true;
    if (this.#state !== "idle") return;
    this.#state = "queued";
    this.#owner.pulls.request(this);
  }

  pull(): void {
    if (this.#state !== "queued") return;
    this.#state = "asked";
    this.#progressAt = this.#owner.runtime.elapsed();
    this.#owner.sendVector();
  }

  /** A part of the answer arrived, and more follow. */
  part(): void {
    this.#state = "answering";
    this.#progressAt = this.#owner.runtime.elapsed();
    this.#owner.pulls.progress(this);
  }

  /** The last part arrived. */
  finished(): void {
    this.#state = "idle";
    this.#owner.pulls.release(this);
    if (!this.#again) return;
    this.#again = false;
    this.ask();
  }

  /** When the answer counts as overdue, on the monotonic clock; Infinity without a question. */
  dueBy(timeoutMs: number): number {
    return this.isOutstanding ? this.#progressAt + timeoutMs : Number.POSITIVE_INFINITY;
  }

  /** The connection is gone. */
  cancel(): void {
    this.#state = "idle";
    this.#again = false;
    this.#owner.pulls.release(this);
  }
}
