// A WebSocket of the `ws` library as a core Transport, for both ends. It knows nothing of frames or channels,
// never throws, and lets nothing of a ws error out but its code: ws errors and `ws.url` may quote URLs with
// passwords.
import { type CloseInfo, LOW_WATER_BYTES, type Transport, type TransportHandlers } from "@chorus/core";
import type { RawData, WebSocket } from "ws";
import { SUBPROTOCOL } from "./protocol.js";
import { failureCode } from "./socket-failure.js";

/** The largest frame that is accepted, unless an option says otherwise; a larger one closes with 1009. */
export const DEFAULT_MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** How long a peer may take to answer a close before its socket is destroyed. */
const CLOSE_TIMEOUT_MS = 5_000;
/** What a reason may take up on the wire, by the contract of Transport. */
const MAX_REASON_BYTES = 120;

/** Settings of ws that both ends share. Compression stays off: 1 MB of wire can become 1.3 GB of memory. */
export function socketOptions(maxFrameBytes: number) {
  return {
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    // Read by ws 8.23, not yet known to its types.
    closeTimeout: CLOSE_TIMEOUT_MS,
  };
}

/** One WebSocket, open or being opened. ws itself switches Nagle's delay off and answers pings. */
export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #secrets: readonly string[];
  #handlers: TransportHandlers | undefined;
  #announced = false;
  #paused = false;
  /** Whether `drained` is owed: more than LOW_WATER_BYTES were buffered after some `send`. */
  #high = false;
  /** Why it ends, once that is known here; the first cause stays. */
  #ending: CloseInfo | undefined;
  #ended = false;

  /** `secrets` are texts that no reason may repeat, even when the peer sends them. */
  constructor(socket: WebSocket, secrets: readonly string[] = []) {
    this.#socket = socket;
    this.#secrets = secrets.filter((secret) => secret !== "");
    socket.on("open", () => this.#announce());
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("error", (error) => {
      this.#ending ??= describeFailure(error);
    });
    socket.on("close", (code, reason) => this.#finish(code, reason));
  }

  get bufferedBytes(): number {
    return this.#ended ? 0 : this.#socket.bufferedAmount;
  }

  start(handlers: TransportHandlers): void {
    if (this.#handlers) return;
    this.#handlers = handlers;
    if (this.#ended) process.nextTick(() => this.#deliver((owner) => owner.closed(this.#cause())));
    else if (this.#isOpen()) process.nextTick(() => this.#announce());
  }

  send(frame: Uint8Array): void {
    if (this.#ending || !this.#isOpen()) return;
    try {
      this.#socket.send(frame, { binary: true }, this.#written);
      if (this.#socket.bufferedAmount > LOW_WATER_BYTES) this.#high = true;
    } catch {
      this.fail({ code: 1011, reason: "sending failed" });
    }
  }

  close(code: number, reason: string): void {
    if (this.#ending || this.#ended) return;
    const info = { code: isSendable(code) ? code : 1011, reason: shortened(reason) };
    this.#ending = info;
    try {
      // A paused socket would never read the peer's answer to the close.
      this.#socket.resume();
      this.#socket.close(info.code, info.reason);
    } catch {
      this.#socket.terminate();
    }
  }

  terminate(): void {
    this.fail({ code: 1006, reason: "" });
  }

  /** Ends the pipe at once and reports `info` as the cause, unless it was ending already. */
  fail(info: CloseInfo): void {
    if (this.#ended) return;
    this.#ending ??= { code: info.code, reason: shortened(info.reason) };
    this.#socket.terminate();
  }

  pause(): void {
    this.#paused = true;
    if (!this.#ending) this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /**
   * Says `opened` once, before the first frame: frames sent with the handshake may overtake the tick of
   * `start`.
   */
  #announce(): void {
    if (this.#announced || !this.#handlers || this.#ending || this.#ended) return;
    this.#announced = true;
    if (this.#paused) this.#socket.pause();
    this.#deliver((owner) => owner.opened());
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#announce();
    if (this.#ending || this.#ended) return;
    if (!isBinary) this.close(4400, "protocol");
    else this.#deliver((owner) => owner.received(ownBytes(data)));
  }

  readonly #written = (): void => {
    if (!this.#high || this.#ending || !this.#isOpen()) return;
    if (this.#socket.bufferedAmount >= LOW_WATER_BYTES) return;
    this.#high = false;
    this.#deliver((owner) => owner.drained());
  };

  #finish(code: number, reason: Buffer): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ending ??= { code, reason: this.#harmless(reason.toString("utf8")) };
    this.#deliver((owner) => owner.closed(this.#cause()));
  }

  /** A hostile server might answer with the credentials it was sent. */
  #harmless(reason: string): string {
    return this.#secrets.some((secret) => reason.includes(secret)) ? "reason withheld" : reason;
  }

  #cause(): CloseInfo {
    return this.#ending ?? { code: 1006, reason: "" };
  }

  /** Handlers must not throw; one that does costs its own connection, not the process. */
  #deliver(report: (owner: TransportHandlers) => void): void {
    if (!this.#handlers) return;
    try {
      report(this.#handlers);
    } catch {
      this.fail({ code: 1011, reason: "internal error" });
    }
  }
}

/**
 * A frame as plain bytes with memory of its own: ws hands out views of the chunks that the socket delivered.
 */
function ownBytes(data: RawData): Uint8Array {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  if (bytes.byteLength < bytes.buffer.byteLength) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Only fixed texts and error codes: see socket-failure.ts. */
function describeFailure(error: Error): CloseInfo {
  const code = failureCode(error);
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return { code: 1009, reason: "frame too large" };
  if (code === "WS_ERR_TOO_MANY_BUFFERED_PARTS") return { code: 1008, reason: "too many fragments" };
  if (code === "WS_ERR_INVALID_UTF8") return { code: 1007, reason: "invalid UTF-8" };
  if (code?.startsWith("WS_ERR_")) return { code: 1002, reason: "invalid WebSocket frame" };
  if (code !== undefined) return { code: 1006, reason: `connection failed: ${code}` };
  if (/subprotocol/.test(error.message))
    return { code: 1006, reason: `server does not speak ${SUBPROTOCOL}` };
  return { code: 1006, reason: "handshake failed" };
}

/** The codes that ws puts on the wire; others, such as 1006, only exist as reports. */
function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** At most MAX_REASON_BYTES of UTF-8, cut between characters. */
function shortened(reason: string): string {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
