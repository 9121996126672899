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

/** A peer whose acks are waited for. */
export interface Acknowledger {
  /** How far the peer has stored the own session. */
  readonly acknowledgedClock: number;
}

interface Waiter {
  /** Undefined while the writes that are waited for are not committed. */
  clock: number | undefined;
  readonly resolve: () => void;
  readonly reject: (error: ChorusError) => void;
  readonly timer: Timer | undefined;
}

/** Promises that wait until every live peer has acknowledged the own session up to a clock. */
export class AckWaiters {
  readonly #runtime: Runtime;
  readonly #peers: () => Iterable<Acknowledger>;
  readonly #waiters = new Set<Waiter>();

  /** @param peers the live ones that are sent updates */
  constructor(runtime: Runtime, peers: () => Iterable<Acknowledger>) {
    this.#runtime = runtime;
    this.#peers = peers;
  }

  /**
   * Waits for the clock, then for the acks. Rejects as `clock` does, with ChorusError timeout, and with closed when
   * the peer set closes meanwhile.
   */
  wait(clock: Promise<number>, timeoutMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const expire = (): void => {
        this.#waiters.delete(waiter);
        reject(new ChorusError("timeout", `not every live peer acknowledged within ${timeoutMs} ms`));
      };
      const timer = timeoutMs === undefined ? undefined : this.#runtime.after(timeoutMs, expire);
      const waiter: Waiter = { clock: undefined, resolve, reject, timer };
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

  /** Something changed: an ack came, or a peer went. */
  check(): void {
    if (this.#waiters.size === 0) return;
    let clock = Number.POSITIVE_INFINITY;
    for (const peer of this.#peers()) clock = Math.min(clock, peer.acknowledgedClock);
    for (const waiter of this.#waiters) {
      if (waiter.clock === undefined || waiter.clock > clock) continue;
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
