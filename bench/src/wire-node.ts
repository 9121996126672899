// The least that could carry sets to peers: bare WebSockets, one msgpackr frame per turn, applied to a JavaScript Map.
// No conflicts, no document, no guard, no resync: a limit to measure against, never a design.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Packr } from "msgpackr";
import { type RawData, WebSocket, WebSocketServer } from "ws";

/** Keys and values in turn; "flush" asks for an answer, "flushed" is one. */
type Message = readonly unknown[] | "flush" | "flushed";

/** The same settings as Chorus frames have. */
const packr = new Packr({ useRecords: false });

export class WireNode {
  readonly map = new Map<string, unknown>();
  readonly #server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  readonly #sockets = new Set<WebSocket>();
  #batch: unknown[] = [];
  #missing = 0;
  #flushed: (() => void) | undefined;

  /** Resolves with the port. */
  async listen(): Promise<number> {
    this.#server.on("connection", (socket) => this.#adopt(socket));
    if (this.#server.address() === null) await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async dial(url: string): Promise<void> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, "open");
    this.#adopt(socket);
  }

  /** Applies here at once; goes out with everything else of this turn. */
  set(key: string, value: unknown): void {
    this.map.set(key, value);
    if (this.#batch.length === 0) queueMicrotask(() => this.#sendBatch());
    this.#batch.push(key, value);
  }

  /** Resolves when all peers have applied what was set before. */
  async flush(): Promise<void> {
    await Promise.resolve();
    this.#missing = this.#sockets.size;
    const flushed = new Promise<void>((resolve) => {
      this.#flushed = resolve;
    });
    this.#send("flush");
    await flushed;
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
    this.#server.close();
  }

  #sendBatch(): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#send(batch);
  }

  #send(message: Message): void {
    const frame = packr.pack(message);
    for (const socket of this.#sockets) socket.send(frame);
  }

  #adopt(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on("message", (data) => this.#receive(socket, data));
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.terminate());
  }

  #receive(socket: WebSocket, data: RawData): void {
    const message = packr.unpack(data as Buffer) as Message;
    if (message === "flush") socket.send(packr.pack("flushed"));
    else if (message === "flushed") {
      if (--this.#missing === 0) this.#flushed?.();
    } else for (let i = 0; i < message.length; i += 2) this.map.set(message[i] as string, message[i + 1]);
  }
}
