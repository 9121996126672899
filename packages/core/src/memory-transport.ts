// A transport between two replicas of one process, for tests and the simulation: ordered, reliable, with the
// backpressure of a real one. It must keep the rules of Transport exactly, above all: no handler is ever called
// from inside `send`, `close` or `start`.
import type { Runtime } from "./runtime.js";
import { type CloseInfo, LOW_WATER_BYTES, type Transport, type TransportHandlers } from "./transport.js";

/** How the pair behaves. */
export interface MemoryTransportOptions {
  /** Time a frame is under way. Default 0: it arrives in a later turn. */
  readonly latencyMs?: number;
  /** Frames of each side leave one after the other at this speed. Default unlimited. */
  readonly bytesPerMs?: number;
}

/** Two ends of one pipe; what one sends the other receives. */
export function createTransportPair(
  runtime: Runtime,
  options: MemoryTransportOptions = {},
): [Transport, Transport] {
  const left = new MemoryTransport(runtime, options);
  const right = new MemoryTransport(runtime, options);
  left.connect(right);
  right.connect(left);
  return [left, right];
}

/** A frame under way, or the orderly end that travels behind the last frame. */
type Parcel = { readonly frame: Uint8Array } | { readonly end: CloseInfo };

const BROKEN: CloseInfo = { code: 1006, reason: "" };

class MemoryTransport implements Transport {
  readonly #runtime: Runtime;
  readonly #latencyMs: number;
  readonly #bytesPerMs: number;
  #peer: MemoryTransport = this;
  #handlers: TransportHandlers | undefined;
  #parcels: Parcel[] = [];
  #bufferedBytes = 0;
  #aboveLowWater = false;
  #moving = false;
  #paused = false;
  #opened = false;
  #ended = false;
  #closed = false;

  constructor(runtime: Runtime, options: MemoryTransportOptions) {
    this.#runtime = runtime;
    this.#latencyMs = options.latencyMs ?? 0;
    this.#bytesPerMs = options.bytesPerMs ?? Number.POSITIVE_INFINITY;
  }

  connect(peer: MemoryTransport): void {
    this.#peer = peer;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  start(handlers: TransportHandlers): void {
    if (this.#handlers) throw new Error("a transport is started once");
    this.#handlers = handlers;
    this.#runtime.later(() => {
      if (this.#closed) return;
      this.#opened = true;
      handlers.opened();
      this.#peer.#move();
    });
  }

  send(frame: Uint8Array): void {
    if (!this.#opened || this.#ended || this.#closed) return;
    this.#bufferedBytes += frame.length;
    if (this.#bufferedBytes > LOW_WATER_BYTES) this.#aboveLowWater = true;
    this.#parcels.push({ frame });
    this.#move();
  }

  close(code: number, reason: string): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    this.#parcels.push({ end: { code, reason } });
    this.#move();
  }

  terminate(): void {
    this.#runtime.later(() => {
      this.#finish(BROKEN);
      this.#peer.#finish(BROKEN);
    });
    this.#parcels = [];
    this.#ended = true;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer.#move();
  }

  /** Sees to it that the first parcel is under way, unless the other side cannot take it. */
  #move(): void {
    const first = this.#parcels[0];
    if (this.#moving || first === undefined || !this.#peerAccepts(first)) return;
    this.#moving = true;
    const bytes = "frame" in first ? first.frame.length : 0;
    const delayMs = this.#latencyMs + bytes / this.#bytesPerMs;
    const deliver = (): void => {
      this.#moving = false;
      this.#deliver();
      this.#move();
    };
    if (delayMs === 0) this.#runtime.later(deliver);
    else this.#runtime.after(delayMs, deliver);
  }

  /** An end passes a paused peer, as the end of a socket does; one that never started is skipped. */
  #peerAccepts(first: Parcel): boolean {
    if ("end" in first) return true;
    return this.#peer.#opened && !this.#peer.#paused;
  }

  /** Without a speed limit everything that is waiting now arrives in one turn, otherwise one parcel. */
  #deliver(): void {
    let left = this.#bytesPerMs === Number.POSITIVE_INFINITY ? this.#parcels.length : 1;
    for (; left > 0; left--) {
      const parcel = this.#parcels[0];
      if (parcel === undefined || this.#closed || !this.#peerAccepts(parcel)) break;
      this.#parcels.shift();
      if ("end" in parcel) {
        this.#peer.#finish(parcel.end);
        this.#finish(parcel.end);
        return;
      }
      this.#bufferedBytes -= parcel.frame.length;
      if (!this.#peer.#closed) this.#peer.#handlers?.received(parcel.frame);
    }
    if (this.#aboveLowWater && this.#bufferedBytes < LOW_WATER_BYTES && !this.#closed) {
      this.#aboveLowWater = false;
      this.#handlers?.drained();
    }
  }

  #finish(info: CloseInfo): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#parcels = [];
    this.#bufferedBytes = 0;
    this.#handlers?.closed(info);
  }
}
