// The subscribers of one channel. Each has a queue of its own and is called in later turns: a slow one delays only
// itself, one that throws hurts nobody, and none ever runs inside a call that changes data or inside the network path.
import type { Runtime } from "@chorus/core";

/** One call to come. Key and value are made anew for each subscriber, so that none can change what another gets. */
export interface Notification {
  readonly op: "set" | "setall" | "unset" | "unsetall";
  key(): unknown;
  value(): unknown;
  readonly timestamp: number | undefined;
  readonly uuid: string | undefined;
  readonly x: unknown;
}

/** Calls one subscriber with a notification; may return a promise to wait for. */
export type Call = (notification: Notification) => unknown;

export interface SubscribersOptions {
  readonly runtime: Runtime;
  /** Told what a subscriber threw or rejected with; must not throw. */
  readonly onFailure: (error: unknown) => void;
}

/** A subscriber may work this long before input and output get their turn again. */
const TURN_MS = 8;

/** The end of a queue as it was when somebody began to wait for it. */
interface Barrier {
  readonly reached: () => void;
}

export class Subscribers {
  readonly #options: SubscribersOptions;
  readonly #queues = new Map<string, SubscriberQueue>();

  constructor(options: SubscribersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#queues.size;
  }

  has(id: string): boolean {
    return this.#queues.has(id);
  }

  /** Adds a subscriber that first gets `replay`. An id that is there already keeps its first subscriber. */
  add(id: string, call: Call, replay: readonly Notification[]): void {
    if (this.#queues.has(id)) return;
    const queue = new SubscriberQueue(call, this.#options);
    this.#queues.set(id, queue);
    queue.push(replay);
  }

  /** Removes a subscriber; what it has not been told yet is dropped. */
  remove(id: string): void {
    this.#queues.get(id)?.close();
    this.#queues.delete(id);
  }

  notify(notification: Notification): void {
    for (const queue of this.#queues.values()) queue.push([notification]);
  }

  /** Resolves when all subscribers have finished what they have been given until now. Never rejects. */
  async whenIdle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.whenReached()));
  }

  close(): void {
    for (const id of [...this.#queues.keys()]) this.remove(id);
  }
}

class SubscriberQueue {
  readonly #call: Call;
  readonly #options: SubscribersOptions;
  #waiting: (Notification | Barrier)[] = [];
  readonly #barriers = new Set<() => void>();
  #running = false;
  #closed = false;

  constructor(call: Call, options: SubscribersOptions) {
    this.#call = call;
    this.#options = options;
  }

  push(notifications: readonly (Notification | Barrier)[]): void {
    if (this.#closed || notifications.length === 0) return;
    for (const notification of notifications) this.#waiting.push(notification);
    if (this.#running) return;
    this.#running = true;
    this.#options.runtime.later(() => void this.#run());
  }

  whenReached(): Promise<void> {
    if (!this.#running || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const reached = () => {
        this.#barriers.delete(reached);
        resolve();
      };
      this.#barriers.add(reached);
      this.push([{ reached }]);
    });
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const reached of [...this.#barriers]) reached();
  }

  /** Works off the queue in turns of TURN_MS. Never rejects. */
  async #run(): Promise<void> {
    const { runtime } = this.#options;
    let turnEnds = runtime.elapsed() + TURN_MS;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const item of batch) {
        if (this.#closed) break;
        if ("reached" in item) item.reached();
        else await this.#deliver(item);
        if (runtime.elapsed() < turnEnds) continue;
        await new Promise<void>((resolve) => runtime.later(resolve));
        turnEnds = runtime.elapsed() + TURN_MS;
      }
    }
    this.#running = false;
  }

  /** Not async itself: a subscriber that returns no promise costs no promise. */
  #deliver(notification: Notification): Promise<void> | undefined {
    try {
      const result = this.#call(notification);
      if (!isThenable(result)) return undefined;
      return Promise.resolve(result).then(
        () => undefined,
        (error: unknown) => this.#options.onFailure(error),
      );
    } catch (error) {
      this.#options.onFailure(error);
      return undefined;
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
