// Updates on their way to one peer: live ones as they happen, answers to questions in slices, and a diff after the
// peer was too slow. Invariant: an update that is not sent live is handed out by a cursor that is opened, or still
// open, after it; so nothing is lost, and no more than about `behindBytes` is ever queued.
import type { ChannelReplication } from "./channel-replication.js";
import type { DiffCursor } from "./document/update-slices.js";
import { ANSWER_END, EMPTY_UPDATE, PART, RESYNC_END, type UpdateFlags } from "./frames.js";
import type { ReplicationLimits } from "./replication-options.js";
import type { Runtime } from "./runtime.js";
import type { StateVector } from "./state-vector.js";
import type { Transport } from "./transport.js";

/** What the outbox needs of its connection; none of these may throw. */
export interface OutboxOwner {
  readonly runtime: Runtime;
  readonly replication: ChannelReplication;
  readonly limits: ReplicationLimits;
  readonly transport: Transport;
  /** Those that are cutting at the moment, of all connections: they share the time of a turn. */
  readonly cutting: Set<object>;
  /** Encodes and sends one update. */
  sendUpdate(update: Uint8Array, flags: UpdateFlags): void;
  /** Sends a frame that holds a live update. */
  sendLive(frame: Uint8Array): void;
  /** The last part of an answer has been sent. */
  answered(): void;
  /** The peer fell behind: counted. */
  fellBehind(): void;
  /** The transport drained and nothing is being cut: what was held back may go now. */
  caughtUp(): void;
  /** Something threw where nothing may. */
  failed(error: unknown): void;
}

/**
 * waiting: the peer has not asked yet; live: updates go out as they happen; answering: parts of an answer;
 * resyncing: the diff after falling behind; behind: waiting for the transport to drain.
 */
export type OutboxState = "waiting" | "live" | "answering" | "resyncing" | "behind" | "closed";

/** A peer that names more sessions than this is sent too much rather than remembered for ever. */
const MAX_KNOWN_SESSIONS = 500_000;

export class Outbox {
  readonly #owner: OutboxOwner;
  /** What the peer is known to have: its vectors, its acks and what a diff brought it, merged. */
  readonly #known = new Map<number, number>();
  #state: OutboxState = "waiting";
  /** The vector of the latest question that is not being answered yet. */
  #question: StateVector | undefined;
  #base: StateVector | undefined;
  #cursor: DiffCursor | undefined;
  /** The last slice cut: held until it is known whether another follows. */
  #held: Uint8Array | undefined;
  #blocked = false;
  /** The store is waited for; the function takes that back. */
  #isWaiting = false;
  #stopWaiting: (() => void) | undefined;
  #sentAt = 0;
  #leastBuffered = 0;
  #progressAt = 0;

  constructor(owner: OutboxOwner) {
    this.#owner = owner;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** Whether the transport holds so much that nothing should be added. */
  get full(): boolean {
    return this.#owner.transport.bufferedBytes > this.#owner.limits.behindBytes;
  }

  /** How many structs of each session the peer is known to have. */
  get known(): StateVector {
    return this.#known;
  }

  /** Takes note of what the peer has, from a vector of its. */
  observe(vector: StateVector): void {
    for (const [session, clock] of vector) this.observeClock(session, clock);
  }

  /** Takes note that the peer has a session's structs up to `clock`. */
  observeClock(session: number, clock: number): void {
    const known = this.#known.get(session);
    if (known === undefined && this.#known.size >= MAX_KNOWN_SESSIONS) return;
    if (clock > (known ?? 0)) this.#known.set(session, clock);
  }

  /** A live update, as the frame that all connections share. */
  offer(frame: Uint8Array): void {
    if (this.#state !== "live") return;
    if (this.full) this.#fallBehind();
    else if (frame.length > this.#owner.limits.maxFrameBytes) this.#begin("resyncing", new Map(this.#known));
    else this.#owner.sendLive(frame);
  }

  /** The peer lacks what was not offered to it: it is sent a diff. */
  resync(): void {
    if (this.#state === "live") this.#begin("resyncing", new Map(this.#known));
  }

  /** The peer's question. One is answered at a time; of several that wait the latest counts. */
  answer(vector: StateVector): void {
    if (this.#state === "closed") return;
    if (this.#state === "waiting" || this.#state === "live") this.#begin("answering", vector);
    else this.#question = vector;
  }

  /** The transport has room again. */
  drained(): void {
    if (this.#state === "behind") {
      this.#next() ?? this.#begin("resyncing", new Map(this.#known));
    } else if (this.#blocked) {
      this.#blocked = false;
      this.#step();
    } else {
      this.#owner.caughtUp();
    }
  }

  /** Whether the transport holds too much, or has held back the peer without any progress for too long. */
  isStalled(): boolean {
    const { runtime, limits, transport } = this.#owner;
    const buffered = transport.bufferedBytes;
    if (buffered > limits.stalledBytes) return true;
    const isHeldBack = this.#blocked || this.#state === "behind";
    if (!isHeldBack || buffered < this.#leastBuffered) {
      this.#leastBuffered = buffered;
      this.#progressAt = runtime.elapsed();
    }
    return runtime.elapsed() - this.#progressAt >= limits.stallTimeoutMs;
  }

  /** An answer that waits for the store says so, in parts without content: the peer would give it up. */
  tend(now: number): void {
    const { limits } = this.#owner;
    if (!this.#isWaiting || this.#state !== "answering" || this.full) return;
    if (now - this.#sentAt < limits.stallTimeoutMs / 3) return;
    this.#sentAt = now;
    this.#owner.sendUpdate(EMPTY_UPDATE, PART);
  }

  close(): void {
    this.#owner.cutting.delete(this);
    this.#stopWaiting?.();
    this.#state = "closed";
    this.#cursor = undefined;
    this.#held = undefined;
    this.#question = undefined;
    this.#base = undefined;
  }

  #fallBehind(): void {
    this.#state = "behind";
    this.#leastBuffered = this.#owner.transport.bufferedBytes;
    this.#progressAt = this.#owner.runtime.elapsed();
    this.#owner.fellBehind();
  }

  #begin(state: "answering" | "resyncing", vector: StateVector): true {
    this.#state = state;
    this.#base = vector;
    this.#step();
    return true;
  }

  /** Begins the answer to the question that waits, if one does. */
  #next(): true | undefined {
    const vector = this.#question;
    if (vector === undefined) return undefined;
    this.#question = undefined;
    return this.#begin("answering", vector);
  }

  readonly #step = (): void => {
    if (this.#base === undefined) return;
    if (this.full) {
      this.#owner.cutting.delete(this);
      this.#blocked = true;
      this.#leastBuffered = this.#owner.transport.bufferedBytes;
      this.#progressAt = this.#owner.runtime.elapsed();
      return;
    }
    this.#sentAt = this.#owner.runtime.elapsed();
    this.#isWaiting = true;
    this.#stopWaiting = this.#owner.replication.whenShareable(this.#cut);
  };

  /** Cuts for the time of a turn: a process whose every turn is long has few. */
  readonly #cut = (): void => {
    this.#isWaiting = false;
    if (this.#base === undefined) return;
    const { runtime, replication, limits, cutting } = this.#owner;
    cutting.add(this);
    try {
      this.#cursor ??= replication.openDiff(this.#base);
      const endsAt = runtime.elapsed() + limits.turnBudgetMs / cutting.size;
      let bytes = 0;
      do {
        const part = this.#cursor.next(limits.sliceBytes);
        if (part === undefined) return this.#finish();
        // A part is held back until the next is cut, so that the last can be marked.
        bytes += this.#held?.length ?? 0;
        this.#send(PART);
        this.#held = part;
      } while (bytes < limits.turnBytes && !this.full && runtime.elapsed() < endsAt);
      runtime.later(this.#step);
    } catch (error) {
      this.#owner.failed(error);
    }
  };

  /** Sends the part that is held back; of a resync nothing when there is none, an answer always has a last part. */
  #send(flags: UpdateFlags): void {
    if (this.#held !== undefined || flags === ANSWER_END) {
      this.#owner.sendUpdate(this.#held ?? EMPTY_UPDATE, flags);
    }
  }

  #finish(): void {
    this.#owner.cutting.delete(this);
    const wasAnswer = this.#state === "answering";
    // Marked as an answer, a resync would end a question of the peer.
    this.#send(wasAnswer ? ANSWER_END : RESYNC_END);
    if (this.#state === "closed") return;
    // Without this a stock client, which acknowledges nothing, would be sent all of it again by every resync.
    this.observe(this.#owner.replication.vector());
    this.#cursor = undefined;
    this.#held = undefined;
    this.#base = undefined;
    this.#state = "live";
    if (wasAnswer) this.#owner.answered();
    this.#next() ?? this.#owner.caughtUp();
  }
}
