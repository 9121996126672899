// Typed events whose listeners cannot hurt the emitter: what one throws goes to `onFailure`, the others still run.

export type Listener<Payload> = (payload: Payload) => void;

/** One call of `on`: the same function may listen twice. */
interface Subscription {
  readonly listener: Listener<never>;
}

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<Subscription>>();
  readonly #onFailure: (error: unknown) => void;

  /** @param onFailure receives whatever a listener throws; it must not throw itself. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Calls `listener` at every `event` until the returned function is called. */
  on<Name extends keyof Events>(event: Name, listener: Listener<Events[Name]>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const subscription: Subscription = { listener: listener as Listener<never> };
    listeners.add(subscription);
    return () => {
      listeners.delete(subscription);
    };
  }

  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<Name extends keyof Events>(event: Name, payload: Events[Name]): void {
    const listeners = this.#listeners.get(event);
    if (!listeners) return;
    for (const subscription of [...listeners]) {
      // Another listener may have ended this one's subscription just now.
      if (!listeners.has(subscription)) continue;
      try {
        const result: unknown = (subscription.listener as Listener<Events[Name]>)(payload);
        if (result instanceof Promise) result.catch((error: unknown) => this.#onFailure(error));
      } catch (error) {
        this.#onFailure(error);
      }
    }
  }

  clear(): void {
    for (const listeners of this.#listeners.values()) listeners.clear();
    this.#listeners.clear();
  }
}
