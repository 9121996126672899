// Counts what one server bears: requests being authenticated and WebSockets open. It must release every place
// it gave, whatever happens to the request meanwhile.

/** The bounds of one server. */
export interface GateLimits {
  /** Upgrades and requests being authenticated at a time. */
  maxPendingUpgrades: number;
  /** WebSockets open at a time. */
  maxConnections: number;
}

/** The places of one server. */
export class Gate {
  readonly #limits: GateLimits;
  #pending = 0;
  #connections = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** Whether no further request may be authenticated now. */
  isBusy(): boolean {
    return this.#pending >= this.#limits.maxPendingUpgrades;
  }

  /** Whether no further upgrade may begin: those under way may all become connections. */
  isFull(): boolean {
    return this.isBusy() || this.#connections + this.#pending >= this.#limits.maxConnections;
  }

  /** Holds a place among the pending while `task` runs. */
  async whilePending<T>(task: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await task();
    } finally {
      this.#pending -= 1;
    }
  }

  /** Holds a place among the connections while `task` runs. */
  async whileConnected(task: () => Promise<void>): Promise<void> {
    this.#connections += 1;
    try {
      await task();
    } finally {
      this.#connections -= 1;
    }
  }
}
