// The sending end of a transport with its counters and times. It knows frames as bytes and kinds only.
import { closeCodeOf } from "./close-codes.js";
import type { ErrorCode } from "./errors.js";
import { encodeError, type FrameKind } from "./frames.js";
import type { ReplicationCounters } from "./replication-counters.js";
import type { Runtime } from "./runtime.js";
import type { Transport } from "./transport.js";
import type { Wire } from "./wire.js";

export class ConnectionPipe {
  readonly transport: Transport;
  readonly wire: Wire;
  /** When the last frame went and came, on the monotonic clock. */
  sentAt: number;
  receivedAt: number;
  readonly #runtime: Runtime;
  readonly #counters: ReplicationCounters;
  #ended = false;

  constructor(
    transport: Transport,
    wire: Wire,
    services: { runtime: Runtime; counters: ReplicationCounters },
  ) {
    this.transport = transport;
    this.wire = wire;
    this.#runtime = services.runtime;
    this.#counters = services.counters;
    this.sentAt = this.receivedAt = services.runtime.elapsed();
  }

  send(kind: FrameKind, frame: Uint8Array): void {
    if (this.#ended) return;
    this.sentAt = this.#runtime.elapsed();
    this.#counters.sent(kind, frame.length);
    this.transport.send(frame);
  }

  /** Says why in an error frame, then closes with the code that belongs to it. */
  close(code: ErrorCode, text: string): void {
    if (this.#ended) return;
    if (!this.wire.isStock && code !== "closed") this.send("error", encodeError(code, text));
    this.#ended = true;
    this.transport.close(closeCodeOf(code), code);
  }

  /** Ends at once: nothing more would get through. */
  terminate(): void {
    this.#ended = true;
    this.transport.terminate();
  }
}
