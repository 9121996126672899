// Waits until a node has certain keys, told by the node's own events. Must never poll: that would take CPU which is
// then counted as the system's.
import type { SystemNode } from "../systems/system.js";
import { nowMs } from "./clock.js";

export class KeyWatch {
  /** When each key was there, in the order of the keys. */
  readonly seen: Promise<readonly number[]>;
  readonly #node: SystemNode;
  readonly #keys: readonly string[];
  readonly #times: number[] = [];
  readonly #stop: () => void;
  #done: (times: readonly number[]) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  /** A value is being read, and something came meanwhile. */
  #isReading = false;
  #isStale = false;

  constructor(node: SystemNode, keys: readonly string[]) {
    this.#node = node;
    this.#keys = keys;
    this.seen = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#fail = reject;
    });
    // Whoever asks for it is told; until then nobody listens.
    this.seen.catch(() => undefined);
    this.#stop = node.onRemoteChange(() => this.look());
    this.look();
  }

  /** Looks whether the keys that are missing are there now. */
  look(): void {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isStale = false;
    while (this.#times.length < this.#keys.length) {
      const value = this.#node.get(this.#keys[this.#times.length] as string);
      if (value instanceof Promise) {
        void this.#read(value);
        return;
      }
      if (value === undefined) return;
      this.#times.push(nowMs());
    }
    this.#finish();
  }

  /** Waits no more. */
  stop(): void {
    this.#stop();
  }

  async #read(promise: Promise<unknown>): Promise<void> {
    this.#isReading = true;
    try {
      const value = await promise;
      if (value === undefined) {
        this.#isReading = false;
        if (this.#isStale) this.look();
        return;
      }
      this.#times.push(nowMs());
      this.#isReading = false;
      this.look();
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(): void {
    this.#stop();
    this.#done(this.#times);
  }
}
