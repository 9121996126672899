// One transport to one peer: the handshake, the sign of life, the end; what greeted peers exchange is in
// connection-exchange.ts, the states in connection-state.ts. It must never let anything escape into a transport's
// handler or a timer, and never work off frames out of order.
import { Alarm } from "./alarm.js";
import { asChorusError, closeCodeOf, errorCodeOf, isQuiet } from "./close-codes.js";
import { Exchange } from "./connection-exchange.js";
import { ownHello, stockHello } from "./connection-hello.js";
import type { ConnectionHost, ConnectionSetup, Direction } from "./connection-host.js";
import { ConnectionPipe } from "./connection-pipe.js";
import { type ConnectionState, mayBecome } from "./connection-state.js";
import { ChorusError, type ErrorCode } from "./errors.js";
import { encodeAck, encodeHello, type Frame, type Hello } from "./frames.js";
import type { InboxSource } from "./inbox.js";
import type { Permission } from "./replication-options.js";
import type { Runtime } from "./runtime.js";
import type { StateVector } from "./state-vector.js";
import type { CloseInfo } from "./transport.js";
import { chorusWire, stockWire, type Wire } from "./wire.js";
import { encodeStockHeartbeat } from "./yjs-sync-codec.js";

const NOTHING_ACKED = encodeAck([]);

export class Connection implements InboxSource {
  readonly direction: Direction;
  readonly grant: Permission;
  readonly host: ConnectionHost<Connection>;
  readonly pipe: ConnectionPipe;
  queuedBytes = 0;
  /** When it was set up, on the monotonic clock. */
  readonly startedAt: number;
  /** The replicaId that the peer was told; undefined before our hello. */
  announcedAs: string | undefined;
  /** The replicas that the peer has live connections with, as far as it said. */
  neighbours: ReadonlySet<string> = new Set();
  readonly #runtime: Runtime;
  readonly #alarm: Alarm;
  #state: ConnectionState = "connecting";
  #stateAt: number;
  #hello: Hello | undefined;
  #exchange: Exchange | undefined;
  #peerError: ErrorCode | undefined;
  #peerErrors = 0; // Only the first is reported: a peer must not fill a log.
  #paused = false;
  #gone = false;

  constructor(host: ConnectionHost<Connection>, setup: ConnectionSetup) {
    const runtime = host.channel.runtime;
    const wire: Wire = setup.stockClient ? stockWire : chorusWire;
    this.host = host;
    this.direction = setup.direction;
    this.grant = setup.grant;
    this.pipe = new ConnectionPipe(setup.transport, wire, { runtime, counters: host.counters });
    this.#runtime = runtime;
    this.startedAt = this.#stateAt = runtime.elapsed();
    this.#alarm = new Alarm(runtime, this.#tend);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Who the peer is; undefined before its hello. Stock clients have a made-up identity. */
  get peer(): Hello | undefined {
    return this.#hello;
  }

  /** What is exchanged with the peer; undefined before its hello. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  /** Once the peer has said who it is its frames change the document, or ask what is in it. */
  get mustWait(): boolean {
    return this.#exchange !== undefined && !this.host.channel.replication.isWhole;
  }

  get isStock(): boolean {
    return this.pipe.wire.isStock;
  }

  /** Who the peer is, for messages. */
  get label(): string {
    return this.#hello ? `replica ${this.#hello.replicaId}` : "a peer that did not say who it is";
  }

  start(): void {
    this.#alarm.by(this.#stateAt + this.host.limits.connectTimeoutMs);
    this.pipe.transport.start({
      opened: () => this.#attempt(() => this.#opened()),
      received: (frame) => this.#received(frame),
      drained: () => this.#attempt(() => this.#exchange?.drained()),
      closed: (info) => this.#attempt(() => this.#transportClosed(info)),
    });
  }

  /** Tells the peer why, and closes. Without effect when it is closed already. */
  close(code: ErrorCode, text: string): void {
    if (this.#state === "closed") return;
    this.pipe.close(code, text);
    this.#end(closeCodeOf(code), code);
  }

  /** Cuts the transport off, whatever state it is in. */
  terminate(): void {
    if (this.#gone) return;
    this.pipe.terminate();
    this.#end(1006, undefined);
  }

  handleFrame(frame: Uint8Array): void {
    if (this.#state === "closed") return;
    try {
      const decoded = this.pipe.wire.decode(frame, this.host.limits.maxFrameBytes);
      if (decoded === undefined) return;
      this.host.counters.received(decoded.kind, frame.length);
      this.#dispatch(decoded);
    } catch (error) {
      this.fail(error);
    }
  }

  pause(): void {
    this.#paused = true;
    this.pipe.transport.pause();
  }

  resume(): void {
    this.#paused = false;
    this.pipe.receivedAt = this.#runtime.elapsed();
    this.pipe.transport.resume();
  }

  /** Something failed that concerns this connection: it is reported and closes. */
  fail(cause: unknown): void {
    if (this.#state === "closed") return;
    const error = asChorusError(cause);
    if (error.code === "protocol" || error.code === "too-large") this.host.counters.protocolErrors++;
    if (!isQuiet(error.code)) this.host.report(error);
    if (error.code === "stalled") {
      this.pipe.terminate();
      this.#end(closeCodeOf("stalled"), "stalled");
    } else {
      this.close(error.code, error.message);
    }
  }

  #opened(): void {
    if (!this.#become("greeting")) return;
    this.#alarm.by(this.#stateAt + this.host.limits.helloTimeoutMs);
    const { channel } = this.host;
    if (this.isStock) {
      this.#greeted(stockHello(channel));
      return;
    }
    const hello = ownHello(channel, this.grant);
    this.announcedAs = hello.replicaId;
    this.pipe.send("hello", encodeHello(hello));
  }

  #received(frame: Uint8Array): void {
    this.pipe.receivedAt = this.#runtime.elapsed();
    this.host.inbox.push(this, frame);
  }

  #dispatch(frame: Frame): void {
    if (frame.kind === "error") {
      this.#receiveError(frame.code, frame.text);
    } else if (frame.kind === "hello") {
      if (this.#state !== "greeting" || this.isStock) throw new ChorusError("protocol", "a second hello");
      this.#greeted(frame.hello);
    } else if (this.#exchange === undefined) {
      throw new ChorusError("protocol", `a frame of kind ${frame.kind} came before the hello`);
    } else if (frame.kind === "neighbours") {
      this.#receiveNeighbours(frame.replicaIds);
    } else {
      this.#exchange.handle(frame);
    }
  }

  #greeted(hello: Hello): void {
    this.#hello = hello;
    this.host.greeted(this);
    if (!this.#become("syncing")) return;
    this.#exchange = new Exchange({
      host: this.host,
      pipe: this.pipe,
      peer: hello,
      label: this.label,
      source: this,
      ourGrant: this.grant,
      settled: () => this.#settled(),
      wake: (elapsedMs) => {
        if (this.#state !== "closed") this.#alarm.by(elapsedMs);
      },
      stored: (advanced: StateVector) => this.host.stored(this, advanced),
      acknowledged: () => this.host.acknowledged(this),
      failed: (error) => this.fail(error),
    });
    this.host.stateChanged(this, "syncing");
    this.#exchange.begin();
    this.#tend();
  }

  #settled(): void {
    this.#become("live");
    this.#tend();
  }

  #receiveNeighbours(replicaIds: readonly string[]): void {
    const before = this.neighbours;
    const now = new Set(replicaIds);
    this.neighbours = now;
    const lost = [...before].filter((replicaId) => !now.has(replicaId));
    if (lost.length > 0) this.host.neighboursLost(lost);
  }

  /** The peer says why it is about to close: its close follows, so there is nothing to answer. */
  #receiveError(code: string, text: string): void {
    this.#peerError = errorCodeOf(code);
    if (this.#peerErrors++ > 0 || (this.#peerError && isQuiet(this.#peerError))) return;
    const error = new ChorusError(this.#peerError ?? "connection-failed", `${this.label} refused: ${text}`);
    this.host.report(error);
    if (error.code === "replica-cloned") this.host.cloned(error);
  }

  #transportClosed(info: CloseInfo): void {
    const code = this.#peerError ?? errorCodeOf(info.reason);
    // That both ends are one is known from the hello, by our own admission; it is not for others to end a link for good.
    this.#end(info.code, code === "self" ? undefined : code);
    if (this.#gone) return;
    this.#gone = true;
    this.host.gone(this);
  }

  #end(closeCode: number, errorCode: ErrorCode | undefined): void {
    const liveMs = this.#state === "live" ? this.#runtime.elapsed() - this.#stateAt : 0;
    if (!mayBecome(this.#state, "closed")) return;
    this.#state = "closed";
    this.#alarm.cancel();
    this.#exchange?.close();
    this.host.ended(this, { closeCode, errorCode, liveMs });
  }

  /** Moves on, if the table allows it; `syncing` is announced later, when the exchange exists. */
  #become(state: ConnectionState): boolean {
    if (!mayBecome(this.#state, state)) return false;
    this.#state = state;
    this.#stateAt = this.#runtime.elapsed();
    if (state !== "syncing") this.host.stateChanged(this, state);
    return true;
  }

  /** Looks at all deadlines, and plans the next look. */
  readonly #tend = (): void => {
    if (this.#state === "closed") return;
    try {
      this.#alarm.by(this.#nextDeadline(this.#runtime.elapsed()));
    } catch (error) {
      this.fail(error);
    }
  };

  #nextDeadline(now: number): number {
    const { connectTimeoutMs, helloTimeoutMs, heartbeatMs } = this.host.limits;
    if (this.#exchange === undefined) {
      const isConnecting = this.#state === "connecting";
      const dueAt = this.#stateAt + (isConnecting ? connectTimeoutMs : helloTimeoutMs);
      if (now < dueAt) return dueAt;
      if (isConnecting) this.terminate();
      else throw new ChorusError("timeout", "no hello came in time");
      return Number.POSITIVE_INFINITY;
    }
    const silentAt = this.#silentAt(now);
    if (now >= silentAt) throw new ChorusError("timeout", `${this.label} is silent`);
    const exchangeAt = this.#exchange.tend(now);
    if (now - this.pipe.sentAt >= heartbeatMs) this.#sendHeartbeat();
    return Math.min(silentAt, exchangeAt, this.pipe.sentAt + heartbeatMs);
  }

  /** A stock client that may not write has no duty to speak; a paused peer cannot be heard. */
  #silentAt(now: number): number {
    const { silenceTimeoutMs } = this.host.limits;
    if (this.isStock && !this.#exchange?.receives) return Number.POSITIVE_INFINITY;
    return (this.#paused ? now : this.pipe.receivedAt) + silenceTimeoutMs;
  }

  #sendHeartbeat(): void {
    this.pipe.send("ack", this.isStock ? encodeStockHeartbeat() : NOTHING_ACKED);
    if (this.isStock) this.#exchange?.ask();
  }

  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.fail(error);
    }
  }
}
