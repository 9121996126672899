// Promises that wait until writes are on the disk, or the store says that it cannot keep them now.
import { ChorusError } from "./errors.js";
import type { Runtime, Timer } from "./runtime.js";

interface DurableWaiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Timer | undefined;
}

export class DurableWaiters {
  readonly #runtime: Runtime;
  readonly #waiters = new Set<DurableWaiter>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Settles as `stored` does, or rejects with ChorusError timeout, or as `failed` says, whatever comes first. */
  wait(stored: Promise<void>, timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const text = `the writes were not stored within ${timeoutMs} ms`;
      const expire = (): void => this.#end(waiter, () => reject(new ChorusError("timeout", text)));
      const timer = timeoutMs === undefined ? undefined : this.#runtime.after(timeoutMs, expire);
      const waiter: DurableWaiter = { resolve, reject, timer };
      this.#waiters.add(waiter);
      stored.then(
        () => this.#end(waiter, resolve),
        (error) => this.#end(waiter, () => reject(error)),
      );
    });
  }

  /** The store takes no writes: nobody can tell how long. */
  failed(failure: ChorusError): void {
    for (const waiter of this.#waiters) this.#end(waiter, () => waiter.reject(failure));
  }

  #end(waiter: DurableWaiter, settle: () => void): void {
    if (!this.#waiters.delete(waiter)) return;
    waiter.timer?.cancel();
    settle();
  }
}
