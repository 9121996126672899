// The one question a connection may have outstanding: a state vector, answered by updates of which the last is
// marked. It decides when to ask, and when to ask once more; the connection does the sending.
import { ChorusError } from "./errors.js";
import type { Puller, Pulls } from "./pulls.js";
import type { Runtime } from "./runtime.js";

/** What the question needs of its connection. */
export interface QuestionOwner {
  readonly runtime: Runtime;
  readonly pulls: Pulls;
  /** Who is asked, for messages. */
  readonly label: string;
  /** Sends the vector as it is now; must not throw. */
  sendVector(): void;
}

/** idle: nothing to ask; queued: waiting for the turn; asked: outstanding; answering: parts of the answer came. */
export type QuestionState = "idle" | "queued" | "asked" | "answering";

/** A peer whose answers have gaps more often than this in a row breaks the protocol. */
const MAX_SPOILED_ANSWERS = 16;

export class Question implements Puller {
  readonly #owner: QuestionOwner;
  #state: QuestionState = "idle";
  #again = false;
  #progressAt = 0;
  /** The answer that is arriving has a gap; how many in a row had. */
  #isSpoiled = false;
  #spoiledAnswers = 0;

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

  /** The peer waits itself, and says so: it is waited for, but others may be asked first. */
  alive(): void {
    this.#progressAt = this.#owner.runtime.elapsed();
  }

  /** A part of the answer arrived, and more follow. */
  part(): void {
    this.#state = "answering";
    this.#progressAt = this.#owner.runtime.elapsed();
    this.#owner.pulls.progress(this);
  }

  /**
   * The answer that is arriving has a gap: what came from others meanwhile may overlap a run of structs in it, which can
   * only be applied as a whole. Another question, from the vector as it is then, follows; but not for ever.
   */
  spoil(): void {
    this.#isSpoiled = true;
    this.ask();
  }

  /**
   * The last part arrived. @returns whether the answer had no gap
   * @throws ChorusError protocol when too many in a row had one
   */
  finished(): boolean {
    const isWhole = !this.#isSpoiled;
    this.#isSpoiled = false;
    this.#spoiledAnswers = isWhole ? 0 : this.#spoiledAnswers + 1;
    if (this.#spoiledAnswers > MAX_SPOILED_ANSWERS) {
      throw new ChorusError("protocol", `${this.#owner.label} sends answers with gaps`);
    }
    this.#state = "idle";
    this.#owner.pulls.release(this);
    if (this.#again) {
      this.#again = false;
      this.ask();
    }
    return isWhole;
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
