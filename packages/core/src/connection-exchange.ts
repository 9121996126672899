// What two replicas exchange once they know each other: questions and answers, live updates, acks and digests. The
// handshake, the times and the end of a connection are not its matter (connection.ts), nor is any other peer.
import { AckExchange } from "./connection-acks.js";
import type { ChannelReplication } from "./channel-replication.js";
import { DigestExchange, type DigestOwner } from "./connection-digest.js";
import { hasStore } from "./connection-hello.js";
import type { ExchangeOwner } from "./connection-host.js";
import { Question, type QuestionOwner } from "./connection-question.js";
import { Reception } from "./connection-reception.js";
import { ChorusError } from "./errors.js";
import { encodeDigest, type Frame, type UpdateFlags } from "./frames.js";
import { Outbox, type OutboxOwner } from "./outbox.js";
import type { Pulls } from "./pulls.js";
import type { ReplicationLimits } from "./replication-options.js";
import type { Runtime } from "./runtime.js";
import { decodeStateVector, encodeStateVector, type StateVector } from "./state-vector.js";
import type { Transport } from "./transport.js";

export class Exchange implements OutboxOwner, QuestionOwner, DigestOwner {
  readonly runtime: Runtime;
  readonly replication: ChannelReplication;
  readonly limits: ReplicationLimits;
  readonly transport: Transport;
  readonly pulls: Pulls;
  readonly cutting: Set<object>;
  /** Whether updates of the peer are applied here, and own ones there: read there and write here, and vice versa. */
  readonly receives: boolean;
  readonly sends: boolean;
  readonly #owner: ExchangeOwner;
  readonly #outbox: Outbox;
  readonly #question: Question;
  readonly #digest: DigestExchange;
  readonly #acks: AckExchange;
  readonly #reception: Reception;
  #sentLiveAt = Number.NEGATIVE_INFINITY;
  #wasAnswered = false;
  #hasAnswered = false;
  #settled = false;
  #closed = false;

  constructor(owner: ExchangeOwner) {
    const { host, pipe, ourGrant, peer } = owner;
    this.#owner = owner;
    this.runtime = host.channel.runtime;
    this.replication = host.channel.replication;
    this.limits = host.limits;
    this.transport = pipe.transport;
    this.pulls = host.pulls;
    this.cutting = host.cutting;
    this.receives = peer.grant.includes("r") && ourGrant.includes("w");
    this.sends = ourGrant.includes("r") && peer.grant.includes("w");
    this.#outbox = new Outbox(this);
    this.#acks = new AckExchange(owner, this.#outbox);
    this.#question = new Question(this);
    this.#digest = new DigestExchange(this);
    this.#reception = new Reception({
      owner,
      receives: this.receives,
      question: this.#question,
      known: () => this.#outbox.known,
      answered: () => this.#answerEnded(),
    });
  }

  get label(): string {
    return this.#owner.label;
  }

  /** How far the peer has stored the own session, as far as it said over this connection. */
  get acknowledgedClock(): number {
    return this.#acks.acknowledgedClock;
  }

  /** Whether live updates reach the peer, at once or with the next diff: what neighbours are told. */
  get feeds(): boolean {
    return this.#settled && this.sends && !this.#closed;
  }

  /** Whether a live update would be sent now: otherwise a diff brings it. */
  get takesUpdates(): boolean {
    return this.sends && this.#outbox.state === "live";
  }

  get isExchanging(): boolean {
    const { state } = this.#outbox;
    return (
      this.#question.state !== "idle" || this.pulls.busy || state === "answering" || state === "resyncing"
    );
  }

  /** Whether nothing should be sent that can wait: too much is buffered, or the document is not whole. */
  get mustHold(): boolean {
    return this.#outbox.full || !this.replication.isWhole;
  }

  begin(): void {
    this.ask();
    this.#checkSettled();
  }

  /** A live update, encoded once for all connections of the same wire. */
  offer(frame: Uint8Array): void {
    this.#outbox.offer(frame);
  }

  /** Not everything was offered: the peer is sent a diff. */
  resync(): void {
    this.#outbox.resync();
  }

  drained(): void {
    this.#outbox.drained();
  }

  /** @throws ChorusError protocol */
  handle(frame: Frame): void {
    switch (frame.kind) {
      case "update":
        this.#reception.receive(frame.bytes, frame.flags);
        break;
      case "vector":
        this.#receiveVector(frame.bytes);
        break;
      case "ack":
        this.#acks.received(frame.acked);
        break;
      case "digest":
        this.#digest.received(frame.hash, frame.vectorBytes);
        break;
    }
  }

  /** Asks the peer to look whether it misses something, at once or a moment after the last digest. */
  sendDigestSoon(): void {
    if (!this.#settled || this.#closed || this.#owner.pipe.wire.isStock) return;
    this.#digest.hasten(this.mustHold);
    this.#owner.wake(this.#digest.dueAt);
  }

  /** The peer will be told that a session is stored here up to `clock`. */
  acknowledge(session: number, clock: number): void {
    this.#acks.add(session, clock);
  }

  /**
   * Looks at the own deadlines. @returns the next one, on the monotonic clock
   * @throws ChorusError stalled, timeout: the connection must end
   */
  tend(now: number): number {
    const { stallTimeoutMs } = this.limits;
    this.#outbox.tend(now);
    if (this.#outbox.isStalled()) throw new ChorusError("stalled", `${this.#owner.label} does not read`);
    if (now >= this.#question.dueBy(stallTimeoutMs)) {
      throw new ChorusError("timeout", `${this.#owner.label} does not answer`);
    }
    if (now >= this.#digest.dueAt && !this.mustHold) {
      this.#digest.due(Math.max(this.#sentLiveAt, this.#reception.updateAt));
    }
    const digestAt = this.mustHold ? Number.POSITIVE_INFINITY : this.#digest.dueAt;
    return Math.min(now + stallTimeoutMs / 4, this.#question.dueBy(stallTimeoutMs), digestAt);
  }

  close(): void {
    this.#closed = true;
    this.#acks.close();
    this.#reception.close();
    this.#outbox.close();
    this.#question.cancel();
  }

  // What the outbox, the question and the digest exchange call.

  sendUpdate(update: Uint8Array, flags: UpdateFlags): void {
    this.#owner.pipe.send("update", this.#owner.pipe.wire.encodeUpdate(update, flags));
  }

  sendLive(frame: Uint8Array): void {
    this.#sentLiveAt = this.runtime.elapsed();
    this.#owner.pipe.send("update", frame);
  }

  answered(): void {
    this.#hasAnswered = true;
    this.#checkSettled();
  }

  fellBehind(): void {
    this.#owner.host.counters.behind++;
  }

  caughtUp(): void {
    this.#acks.flushAcks();
    this.#owner.wake(this.#digest.dueAt);
  }

  failed(error: unknown): void {
    this.#owner.failed(error);
  }

  sendVector(): void {
    const { pipe } = this.#owner;
    this.replication.whenWhole(() => {
      if (this.#closed) return;
      pipe.send("vector", pipe.wire.encodeVector(encodeStateVector(this.replication.vector())));
    });
  }

  sendDigest(hash: number, vectorBytes: Uint8Array): void {
    this.#owner.pipe.send("digest", encodeDigest(hash, vectorBytes));
  }

  ask(): void {
    if (this.receives) this.#question.ask();
  }

  observe(vector: StateVector): void {
    // What a peer that may not write says must not make a session of ours look torn.
    if (this.receives) this.replication.observeVector(vector);
    this.#outbox.observe(vector);
  }

  synced(): void {
    const { peer } = this.#owner;
    this.replication.markSynced(hasStore(peer) ? peer.replicaId : undefined);
  }

  diverged(): void {
    this.#owner.host.counters.divergences++;
    const text = `the content differs from that of ${this.#owner.label} although everything was exchanged`;
    this.#owner.host.report(new ChorusError("divergence", text));
  }

  #receiveVector(bytes: Uint8Array): void {
    const vector = decodeStateVector(bytes);
    this.observe(vector);
    if (this.sends) this.#outbox.answer(vector);
    else this.#owner.host.counters.refused++;
  }

  #answerEnded(): void {
    if (!this.#question.finished()) return;
    this.synced();
    this.#wasAnswered = true;
    this.#digest.answered();
    this.#checkSettled();
  }

  #checkSettled(): void {
    if (this.#settled || this.#closed) return;
    if (this.receives && !this.#wasAnswered) return;
    if (this.sends && !this.#hasAnswered) return;
    this.#settled = true;
    if (this.receives) this.#acknowledgePeer();
    this.sendDigestSoon();
    this.#owner.settled();
  }

  /** What the peer wrote may have come by way of others, before this connection: it is told here. */
  #acknowledgePeer(): void {
    const { sessionId } = this.#owner.peer;
    // Read now: what is applied while this waits for the store may not be stored when the wait is over.
    const clock = this.replication.vector().get(sessionId);
    if (clock !== undefined) this.replication.whenStored(() => this.acknowledge(sessionId, clock));
  }
}
