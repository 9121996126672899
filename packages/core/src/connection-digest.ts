// Digests make silent divergence and lost frames visible: the hash of the winners with the vector it belongs to.
// This decides what a peer's digest asks for and when to send the own; it compares hashes of equal vectors only.
import type { ChannelReplication } from "./channel-replication.js";
import { decodeStateVector, encodeStateVector, isAhead, type StateVector } from "./state-vector.js";
import type { Runtime } from "./runtime.js";

/** What the exchange needs of its connection. */
export interface DigestOwner {
  readonly runtime: Runtime;
  readonly replication: ChannelReplication;
  readonly limits: { readonly digestIntervalMs: number };
  /** Whether the peer's updates are applied here, and ours there. */
  readonly receives: boolean;
  readonly sends: boolean;
  /** Whether an answer is under way here or to the peer: then equal vectors may still lack deletions. */
  readonly isExchanging: boolean;
  sendDigest(hash: number, vectorBytes: Uint8Array): void;
  /** The peer has something that is missing here. */
  ask(): void;
  /** Takes note of what the peer has. */
  observe(vector: StateVector): void;
  /** Everything that the peer has is here. */
  synced(): void;
  /** Everything was exchanged and the contents still differ. Called once. */
  diverged(): void;
}

/**
 * The least time between an own digest and one that another side brings about: by a digest, which both would answer
 * for ever, or by telling whom it feeds, which would let it flood a third peer.
 */
const REPLY_PAUSE_MS = 1_000;
/** With updates younger than this the vectors differ anyway, so the digest waits, at most for three intervals. */
const QUIET_MS = 1_000;

/** equal so far; asked once because hashes differed; answered and still to be compared; reported. */
type Suspicion = "none" | "asking" | "answered" | "reported";

export class DigestExchange {
  readonly #owner: DigestOwner;
  #suspicion: Suspicion = "none";
  #answeredAt = 0;
  /** The hashes that aroused suspicion. */
  #ours = 0;
  #theirs = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #dueAt = Number.POSITIVE_INFINITY;
  #latestAt = Number.POSITIVE_INFINITY;

  constructor(owner: DigestOwner) {
    this.#owner = owner;
  }

  /** When the next digest is to be sent, on the monotonic clock. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** Sends the digest now and plans the next. */
  send(): void {
    const { runtime, replication } = this.#owner;
    const { digestIntervalMs } = this.#owner.limits;
    const now = runtime.elapsed();
    this.#sentAt = now;
    this.#dueAt = now + digestIntervalMs * (0.5 + runtime.random());
    this.#latestAt = this.#dueAt + 3 * digestIntervalMs;
    this.#owner.sendDigest(replication.digest(), encodeStateVector(replication.vector()));
  }

  /** Sends the digest now, or as soon as the last one is old enough and the transport has room: see `dueAt`. */
  hasten(isFull: boolean): void {
    const now = this.#owner.runtime.elapsed();
    const earliestAt = this.#sentAt + REPLY_PAUSE_MS;
    if (now >= earliestAt && !isFull) {
      this.send();
      return;
    }
    // It is not put off for updates that are flowing either.
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, earliestAt));
    this.#latestAt = this.#dueAt;
  }

  /** It is due: sends it, unless updates are flowing. @param updateAt when the last one did */
  due(updateAt: number): void {
    const now = this.#owner.runtime.elapsed();
    if (now < this.#dueAt) return;
    if (now - updateAt < QUIET_MS && now < this.#latestAt) this.#dueAt = now + QUIET_MS;
    else this.send();
  }

  /** @throws ChorusError protocol for a malformed vector */
  received(hash: number, vectorBytes: Uint8Array): void {
    const owner = this.#owner;
    const theirs = decodeStateVector(vectorBytes);
    const ownHash = owner.replication.digest();
    const ours = owner.replication.vector();
    owner.observe(theirs);
    const theyAreAhead = isAhead(theirs, ours);
    const weAreAhead = isAhead(ours, theirs);
    if (theyAreAhead && owner.receives) owner.ask();
    if (weAreAhead && owner.sends && owner.runtime.elapsed() - this.#sentAt >= REPLY_PAUSE_MS) this.send();
    if (owner.isExchanging || theyAreAhead) return;
    if (owner.receives) owner.synced();
    if (!weAreAhead) this.#compare(ownHash, hash);
  }

  /** An answer of the peer is complete: if it did not help, the peer may be the one that misses something. */
  answered(): void {
    if (this.#suspicion !== "asking") return;
    this.#suspicion = "answered";
    this.#answeredAt = this.#owner.runtime.elapsed();
    this.send();
  }

  /**
   * An answer that broke off, passed on by others too, may have left deletions missing under equal vectors: so first
   * ask, then give the peer an interval's time to do the same, and only then complain: if neither side changed.
   */
  #compare(ours: number, theirs: number): void {
    const { runtime, receives, limits } = this.#owner;
    if (this.#suspicion === "reported") return;
    if (theirs === ours) {
      this.#suspicion = "none";
    } else if (this.#suspicion === "none" || this.#ours !== ours || this.#theirs !== theirs) {
      this.#ours = ours;
      this.#theirs = theirs;
      this.#suspicion = "asking";
      if (receives) this.#owner.ask();
      else this.answered();
    } else if (
      this.#suspicion === "answered" &&
      runtime.elapsed() - this.#answeredAt >= limits.digestIntervalMs
    ) {
      this.#suspicion = "reported";
      this.#owner.diverged();
    }
  }
}
