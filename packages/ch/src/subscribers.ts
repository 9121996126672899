// The subscribers of one channel. Each has a queue of its own and is called in later turns: a slow one delays only
// itself, one that throws hurts nobody, and none ever runs inside a call that changes data or inside the network path.
import type { Runtime } from "@chorus/core";
import { TURN_MS } from "./turns.js";

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

/** What the subscribers of one channel are called with. */
export interface SubscribersOptions {
  readonly runtime: Runtime;
  /** Told what a subscriber threw or rejected with, its id and the operation it was told of; must not throw. */
  readonly onFailure: (error: unknown, told: { id: string; op: Notification["op"] }) => void;
}

/** The end of a queue as it was when somebody began to wait for it. */
interface Barrier {
  readonly reached: () => void;
}

/** The subscribers of one channel. */
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
    const queue = new SubscriberQueue(id, call, this.#options);
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

  /** Calls nobody until the next notification. Calls under way end as they will, and what waits is kept. */
  stop(): void {
    for (const queue of this.#queues.values()) queue.stop();
  }

  /** Resolves when all subscribers have finished what they have been given until now, and was not stopped. Never rejects. */
  async whenIdle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.whenReached()));
  }

  close(): void {
    for (const id of [...this.#queues.keys()]) this.remove(id);
  }
}

class SubscriberQueue {
  readonly #id: string;
  readonly #call: Call;
  readonly #options: SubscribersOptions;
  #waiting: (Notification | Barrier)[] = [];
  readonly #barriers = new Set<() => void>();
  #running = false;
  #stopped = false;
  #closed = false;

  constructor(id: string, call: Call, options: SubscribersOptions) {
    this.#id = id;
    this.#call = call;
    this.#options = options;
  }

  /** Goes on with what was stopped, too. */
  push(notifications: readonly Notification[]): void {
    if (notifications.length === 0) return;
    this.#stopped = false;
    this.#add(notifications);
  }

  whenReached(): Promise<void> {
    if (!this.#running || this.#stopped || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const reached = () => {
        this.#barriers.delete(reached);
        resolve();
      };
      this.#barriers.add(reached);
      this.#add([{ reached }]);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#release();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#release();
  }

  /** Nobody waits any longer for what may never come. */
  #release(): void {
    for (const reached of [...this.#barriers]) reached();
  }

  #add(items: readonly (Notification | Barrier)[]): void {
    if (this.#closed) return;
    for (const item of items) this.#waiting.push(item);
    if (this.#running) return;
    this.#running = true;
    this.#options.runtime.later(() => void this.#run());
  }

  /** Works off the queue in turns of TURN_MS, until it is stopped. Never rejects. */
  async #run(): Promise<void> {
    const { runtime } = this.#options;
    let turnEnds = runtime.elapsed() + TURN_MS;
    while (this.#waiting.length > 0 && !this.#stopped) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const [i, item] of batch.entries()) {
        if (this.#closed) break;
        if (this.#stopped) {
          this.#waiting = [...batch.slice(i), ...this.#waiting];
          break;
        }
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
        (error: unknown) => this.#failed(error, notification),
      );
    } catch (error) {
      this.#failed(error, notification);
      return undefined;
    }
  }

  #failed(error: unknown, { op }: Notification): void {
    this.#options.onFailure(error, { id: this.#id, op });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
