// One connection of the virtual network: two transports and a pipe in each direction. As core asks of a
// transport, no handler is ever called from inside `send` or `close`, and `closed` comes once and last.
import type { CloseInfo, Transport, TransportHandlers } from "@chorus/core";
import { LOW_WATER_BYTES } from "@chorus/core";
import type { Random } from "./random.js";
import type { Scheduler } from "./scheduler.js";
import { type Parcel, VirtualPipe, type WireConditions } from "./virtual-pipe.js";

const BROKEN: CloseInfo = { code: 1006, reason: "" };
/** A close that the other side never answers ends after this long, as with ws. */
const CLOSE_TIMEOUT_MS = 30_000;
/** A connection that nobody answers fails after this long. */
const CONNECT_TIMEOUT_MS = 5_000;

/** What a listening host does with an inbound connection. */
export type Accept = (transport: Transport) => void;

export interface ConnectionOptions {
  scheduler: Scheduler;
  random: Random;
  conditions: WireConditions;
  inspect?: (frame: Uint8Array, from: string, to: string) => boolean;
  /** Whom the connection reaches; asked when the first packet arrives there. */
  admit: () => Accept | "refused" | "silence";
  /** Called when both sides know that it is over. */
  ended: () => void;
}

/** One side's end of the connection. */
class VirtualTransport implements Transport {
  handlers: TransportHandlers | undefined;
  state: "connecting" | "open" | "closing" | "closed" = "connecting";
  readonly host: string;
  readonly #connection: VirtualConnection;
  #outgoing: VirtualPipe | undefined;
  #incoming: VirtualPipe | undefined;
  #high = false;

  constructor(host: string, connection: VirtualConnection) {
    this.host = host;
    this.#connection = connection;
  }

  attach(outgoing: VirtualPipe, incoming: VirtualPipe): void {
    this.#outgoing = outgoing;
    this.#incoming = incoming;
  }

  get bufferedBytes(): number {
    return this.state === "open" || this.state === "closing" ? (this.#outgoing?.bufferedBytes ?? 0) : 0;
  }

  start(handlers: TransportHandlers): void {
    this.handlers = handlers;
    this.#connection.started(this);
  }

  send(frame: Uint8Array): void {
    if (this.state !== "open") return;
    // A copy: the sender may reuse its buffer, as with a real socket once the bytes are handed over.
    this.#outgoing?.send({ frame: frame.slice() });
    this.#high ||= this.bufferedBytes > LOW_WATER_BYTES;
  }

  close(code: number, reason: string): void {
    this.#connection.close(this, { code, reason });
  }

  terminate(): void {
    this.#connection.terminate(this);
  }

  pause(): void {
    this.#incoming?.setPaused(true);
  }

  resume(): void {
    this.#incoming?.setPaused(false);
  }

  sendClose(info: CloseInfo): void {
    this.#outgoing?.send({ closeCode: info.code, reason: info.reason });
  }

  departed(): void {
    if (!this.#high || this.bufferedBytes >= LOW_WATER_BYTES) return;
    this.#high = false;
    if (this.state === "open") this.handlers?.drained();
  }
}

export class VirtualConnection {
  readonly caller: VirtualTransport;
  readonly callee: VirtualTransport;
  readonly #options: ConnectionOptions;
  readonly #pipes: VirtualPipe[] = [];
  #broken = false;
  #stalled = false;
  #accepted = false;

  constructor(from: string, to: string, options: ConnectionOptions) {
    this.#options = options;
    this.caller = new VirtualTransport(from, this);
    this.callee = new VirtualTransport(to, this);
    const forth = this.#pipe(this.caller, this.callee);
    const back = this.#pipe(this.callee, this.caller);
    this.caller.attach(forth, back);
    this.callee.attach(back, forth);
    this.#pipes.push(forth, back);
  }

  /** Nothing more will be delivered, though a side may not know it yet. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Whether the host, or the two, are its ends. */
  between(a: string, b?: string): boolean {
    const ends = [this.caller.host, this.callee.host];
    return ends.includes(a) && (b === undefined || (ends.includes(b) && a !== b));
  }

  /** The owner has the transport: the caller's first packet leaves. */
  started(transport: VirtualTransport): void {
    if (transport === this.caller) this.#after(this.#latency(), () => this.#arriveAtServer());
  }

  /** Loses everything under way; each side is told sooner or later. */
  break(): void {
    if (this.#broken) return;
    this.#lose();
    for (const transport of [this.caller, this.callee]) {
      this.#after(this.#latency(), () => this.#closed(transport, BROKEN));
    }
  }

  /** One side's process died: it hears nothing any more, the other one perhaps a reset. */
  crash(host: string, reset: boolean): void {
    const [dead, other] = this.caller.host === host ? [this.caller, this.callee] : [this.callee, this.caller];
    const hears = reset && !this.#broken && !this.#stalled;
    dead.handlers = undefined;
    dead.state = "closed";
    this.#lose();
    if (hears) this.#after(this.#latency(), () => this.#closed(other, BROKEN));
  }

  setStalled(stalled: boolean): void {
    this.#stalled = stalled;
    for (const pipe of this.#pipes) pipe.setStalled(stalled);
  }

  /** Both directions become slow, in weighted bytes per millisecond; undefined: fast again. */
  setRate(weightedBytesPerMs: number | undefined): void {
    for (const pipe of this.#pipes) pipe.setRate(weightedBytesPerMs);
  }

  close(transport: VirtualTransport, info: CloseInfo): void {
    if (transport.state === "closing" || transport.state === "closed") return;
    if (transport.state === "connecting" || this.#broken) return this.terminate(transport);
    transport.state = "closing";
    transport.sendClose(info);
    this.#after(CLOSE_TIMEOUT_MS, () => this.#closed(transport, BROKEN));
  }

  terminate(transport: VirtualTransport): void {
    if (transport.state === "closed") return;
    const other = transport === this.caller ? this.callee : this.caller;
    const hears = !this.#broken && !this.#stalled;
    this.#lose();
    this.#after(0, () => this.#closed(transport, BROKEN));
    if (hears && other.state !== "connecting") {
      this.#after(this.#latency(), () => this.#closed(other, BROKEN));
    }
  }

  #arriveAtServer(): void {
    if (this.caller.state !== "connecting" || this.#broken) return;
    const accept = this.#options.admit();
    if (accept === "refused" || accept === "silence") {
      this.#broken = true;
      const delayMs =
        accept === "refused" ? this.#latency() : this.#options.random.between(50, CONNECT_TIMEOUT_MS);
      this.#after(delayMs, () => this.#closed(this.caller, BROKEN));
      return;
    }
    this.#accepted = true;
    accept(this.callee);
    this.#after(0, () => this.#open(this.callee));
    this.#after(this.#latency(), () => this.#open(this.caller));
  }

  #open(transport: VirtualTransport): void {
    if (transport.state !== "connecting" || this.#broken) return;
    transport.state = "open";
    transport.handlers?.opened();
  }

  #pipe(from: VirtualTransport, to: VirtualTransport): VirtualPipe {
    return new VirtualPipe({
      scheduler: this.#options.scheduler,
      random: this.#options.random,
      conditions: this.#options.conditions,
      arrived: (parcel) => this.#arrived(parcel, from, to),
      departed: () => from.departed(),
    });
  }

  #arrived(parcel: Parcel, from: VirtualTransport, to: VirtualTransport): void {
    // A server may speak before its answer to the upgrade has arrived; the caller is open by then at the
    // latest.
    this.#open(to);
    if ("frame" in parcel) {
      if (this.#options.inspect?.(parcel.frame, from.host, to.host) === false) return;
      if (to.state !== "closed") to.handlers?.received(parcel.frame);
      return;
    }
    const info = { code: parcel.closeCode, reason: parcel.reason };
    this.#lose();
    this.#closed(to, info);
    this.#after(this.#latency(), () => this.#closed(from, info));
  }

  #closed(transport: VirtualTransport, info: CloseInfo): void {
    if (transport.state === "closed") return;
    transport.state = "closed";
    transport.handlers?.closed(info);
    transport.handlers = undefined;
    if (this.caller.state !== "closed") return;
    if (this.callee.state === "closed" || !this.#accepted) this.#options.ended();
  }

  #lose(): void {
    this.#broken = true;
    for (const pipe of this.#pipes) pipe.break();
  }

  #latency(): number {
    const [shortest, longest] = this.#options.conditions.latencyMs;
    return this.#options.random.between(shortest, longest);
  }

  #after(delayMs: number, task: () => void): void {
    this.#options.scheduler.after(delayMs, task);
  }
}
