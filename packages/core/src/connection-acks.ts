// The acks of one connection, both ways: what is stored here goes to the peer in gathered frames, and what the peer has
// stored of the own session is kept for those who wait for it.
import { AckBuffer, type AckSender } from "./acknowledgements.js";
import type { ExchangeOwner } from "./connection-host.js";
import { encodeAck } from "./frames.js";
import type { Outbox } from "./outbox.js";

export class AckExchange implements AckSender {
  readonly #owner: ExchangeOwner;
  readonly #outbox: Outbox;
  readonly #buffer = new AckBuffer();
  #acknowledgedClock = 0;
  #closed = false;

  /** @param outbox learns from the peer's acks what it has */
  constructor(owner: ExchangeOwner, outbox: Outbox) {
    this.#owner = owner;
    this.#outbox = outbox;
  }

  /** How far the peer has stored the own session. */
  get acknowledgedClock(): number {
    return this.#acknowledgedClock;
  }

  /** The peer will be told that a session is stored here up to `clock`. */
  add(session: number, clock: number): void {
    if (this.#closed || this.#owner.pipe.wire.isStock) return;
    this.#buffer.add(session, clock);
    this.#owner.host.acks.add(this);
  }

  flushAcks(): void {
    while (!this.#closed && !this.#buffer.isEmpty && !this.#outbox.full) {
      this.#owner.pipe.send("ack", encodeAck(this.#buffer.take()));
    }
  }

  received(acked: readonly number[]): void {
    const own = this.#owner.host.channel.sessionId;
    for (let i = 0; i + 1 < acked.length; i += 2) {
      const session = acked[i] ?? 0;
      const clock = acked[i + 1] ?? 0;
      this.#outbox.observeClock(session, clock);
      if (session !== own || clock <= this.#acknowledgedClock) continue;
      this.#acknowledgedClock = clock;
      this.#owner.acknowledged();
    }
  }

  close(): void {
    this.#closed = true;
  }
}
