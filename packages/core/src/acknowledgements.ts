// Who has stored what: acks on their way to a peer, gathered for a moment, and those who wait for the acks of peers.
import { Alarm } from "./alarm.js";
import { ChorusError } from "./errors.js";
import { MAX_ACK_PAIRS } from "./frames.js";
import type { Runtime, Timer } from "./runtime.js";

/** Acks for one peer: the clock of each session that advanced, the latest only. */
export class AckBuffer {
  readonly #clocks = new Map<number, number>();

  get isEmpty(): boolean {
    return this.#clocks.size === 0;
  }

  add(session: number, clock: number): void {
    if (clock > (this.#clocks.get(session) ?? -1)) this.#clocks.set(session, clock);
  }

  /** Takes out at most a frame's worth of session, clock pairs, as a flat list. */
  take(): number[] {
    const acked: number[] = [];
    for (const [session, clock] of this.#clocks) {
      if (acked.length >= 2 * MAX_ACK_PAIRS) break;
      acked.push(session, clock);
      this.#clocks.delete(session);
    }
    return acked;
  }
}

/** Somebody who has acks to send. */
export interface AckSender {
  /** Sends the gathered acks now; must not throw. */
  flushAcks(): void;
}

/** One timer for the acks of all connections. */
export class AckTimer {
  readonly #runtime: Runtime;
  readonly #delayMs: number;
  readonly #senders = new Set<AckSender>();
  readonly #alarm: Alarm;

  constructor(runtime: Runtime, delayMs: number) {
    this.#runtime = runtime;
    this.#delayMs = delayMs;
    this.#alarm = new Alarm(runtime, () => this.#flush());
  }

  /** `sender` has acks: it is called within the delay. */
  add(sender: AckSender): void {
    if (this.#senders.size === 0) this.#alarm.by(this.#runtime.elapsed() + this.#delayMs);
    this.#senders.add(sender);
  }

  close(): void {
    this.#alarm.cancel();
    this.#senders.clear();
  }

  #flush(): void {
    const senders = [...this.#senders];
    this.#senders.clear();
    for (const sender of senders) sender.flushAcks();
  }
}

/** Whose acks are waited for: every live peer that is sent updates, or so many different replicas. */
export type Quorum = "all" | number;

interface Waiter {
  readonly quorum: Quorum;
  /** Undefined while the writes that are waited for are not committed. */
  clock: number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: ChorusError) => void;
  readonly timer: Timer | undefined;
}

/** Promises that wait until a quorum has acknowledged the own session up to a clock. */
export class AckWaiters {
  readonly #runtime: Runtime;
  readonly #reached: (quorum: Quorum) => number;
  readonly #waiters = new Set<Waiter>();

  /** @param reached the clock up to which a quorum has acknowledged; below 0 when there are too few to be one */
  constructor(runtime: Runtime, reached: (quorum: Quorum) => number) {
    this.#runtime = runtime;
    this.#reached = reached;
  }

  /**
   * Waits for the clock, then for the acks. Rejects as `clock` does, with ChorusError timeout, and with closed when
   * the peer set closes meanwhile.
   */
  wait(clock: Promise<number>, options: { quorum: Quorum; timeoutMs: number | undefined }): Promise<void> {
    const { quorum, timeoutMs } = options;
    return new Promise((resolve, reject) => {
      const expire = (): void => {
        this.#waiters.delete(waiter);
        const who = quorum === "all" ? "not every live peer" : `fewer than ${quorum} peers`;
        reject(new ChorusError("timeout", `${who} acknowledged within ${timeoutMs} ms`));
      };
      const timer = timeoutMs === undefined ? undefined : this.#runtime.after(timeoutMs, expire);
      const waiter: Waiter = { quorum, clock: undefined, resolve, reject, timer };
      this.#waiters.add(waiter);
      clock.then(
        (committed) => {
          waiter.clock = committed;
          this.check();
        },
        (error) => {
          this.#end(waiter);
          reject(error);
        },
      );
    });
  }

  /** Something changed: an ack came, or a peer came or went. */
  check(): void {
    if (this.#waiters.size === 0) return;
    const clocks = new Map<Quorum, number>();
    for (const waiter of this.#waiters) {
      if (waiter.clock === undefined) continue;
      const clock = clocks.get(waiter.quorum) ?? this.#reached(waiter.quorum);
      clocks.set(waiter.quorum, clock);
      if (waiter.clock > clock) continue;
      this.#end(waiter);
      waiter.resolve();
    }
  }

  close(): void {
    for (const waiter of this.#waiters) {
      this.#end(waiter);
      waiter.reject(new ChorusError("closed", "the peer set was closed"));
    }
  }

  #end(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    waiter.timer?.cancel();
  }
}
