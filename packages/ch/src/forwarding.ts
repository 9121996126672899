// Virtual channels pass operations on to each other, perhaps in a circle: this finds circles before the stack is full. One
// for each registry. It knows names only.
import { ChorusError } from "@chorus/core";

/** The operations that virtual channels of one registry pass on at the moment. */
export class Forwarding {
  /** The channels that are passing an operation on at the moment, outermost first. */
  #active = new Set<string>();

  /** Runs a task by which a channel passes an operation on. @throws ChorusError channel-loop when it is doing so already */
  run<Result>(name: string, task: () => Result): Result {
    if (this.#active.has(name)) {
      const circle = [...this.#active, name].map((one) => JSON.stringify(one)).join(" > ");
      throw new ChorusError("channel-loop", `channels pass an operation on in a circle: ${circle}`);
    }
    this.#active.add(name);
    try {
      return task();
    } finally {
      this.#active.delete(name);
    }
  }

  /** Runs a function of the application, which may begin operations of its own on any channel. */
  outside<Result>(task: () => Result): Result {
    const active = this.#active;
    this.#active = new Set();
    try {
      return task();
    } finally {
      this.#active = active;
    }
  }
}
