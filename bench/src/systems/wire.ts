// The wire limit: the least that could carry sets to peers. Bare WebSockets, one msgpackr frame per turn, applied to a
// JavaScript Map. No conflicts, no document, no guard, no resync: a limit to measure against, never a design.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Packr } from "msgpackr";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { nextTurn } from "../wait.js";
import type { FrameCounts, System, SystemNode, Value } from "./system.js";

/** The same settings as Chorus frames have. */
const packr = new Packr({ useRecords: false });

/** Keys of one frame of a dump. */
const DUMP_KEYS = 10_000;

/** A frame of a million keys is larger than what ws takes by default. */
const SOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: 0 };

class WireNode implements SystemNode {
  readonly #map = new Map<string, Value>();
  readonly #server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...SOCKET_OPTIONS });
  readonly #sockets = new Set<WebSocket>();
  readonly #listeners = new Set<() => void>();
  #addresses: readonly string[] = [];
  #batch: unknown[] = [];
  #framesSent = 0;
  #connected: (() => void) | undefined;

  async listen(): Promise<string> {
    this.#server.on("connection", (socket) => {
      socket.on("message", (data) => this.#receive(data));
      this.#adopt(socket);
    });
    if (this.#server.address() === null) await once(this.#server, "listening");
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async connect(addresses: readonly string[], peers: number): Promise<void> {
    this.#addresses = addresses;
    const complete = new Promise<void>((resolve) => {
      this.#connected = () => {
        if (this.#sockets.size >= peers) resolve();
      };
    });
    await this.goOnline();
    this.#connected?.();
    await complete;
  }

  /** Applies here at once; goes out with everything else of this turn. */
  set(key: string, value: Value): void {
    this.#map.set(key, value);
    this.#add(key, value);
  }

  setAll(entries: readonly (readonly [string, Value])[]): void {
    for (const [key, value] of entries) this.set(key, value);
  }

  delete(key: string): void {
    this.#map.delete(key);
    this.#add(key, undefined);
  }

  get(key: string): Value | undefined {
    return this.#map.get(key);
  }

  entries(): Iterable<readonly [string, Value]> {
    return this.#map;
  }

  onRemoteChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Those that dialled this node do not dial it again: a node that goes offline must be one that dials all. */
  async goOffline(): Promise<void> {
    await Promise.all(
      [...this.#sockets].map((socket) => {
        const closed = once(socket, "close");
        socket.terminate();
        return closed;
      }),
    );
  }

  async goOnline(): Promise<void> {
    await Promise.all(
      this.#addresses.map(async (address) => {
        const socket = new WebSocket(address, SOCKET_OPTIONS);
        // At once: the other side's dump may come in the same packet as its consent.
        socket.on("message", (data) => this.#receive(data));
        await once(socket, "open");
        this.#adopt(socket);
      }),
    );
  }

  stateBytes(): undefined {
    return undefined;
  }

  framesSent(): FrameCounts {
    return { updates: this.#framesSent, others: 0 };
  }

  cpuMicroseconds(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.goOffline();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #add(key: string, value: Value): void {
    if (this.#batch.length === 0) queueMicrotask(() => this.#sendBatch());
    this.#batch.push(key, value);
  }

  #sendBatch(): void {
    const batch = this.#batch;
    this.#batch = [];
    if (this.#sockets.size === 0) return;
    const frame = packr.pack(batch);
    for (const socket of this.#sockets) socket.send(frame);
    this.#framesSent += this.#sockets.size;
  }

  #adopt(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.terminate());
    this.#connected?.();
    void this.#dump(socket);
  }

  /** The whole map, in slices: whoever connects is given everything, whatever it has. */
  async #dump(socket: WebSocket): Promise<void> {
    let slice: unknown[] = [];
    for (const [key, value] of this.#map) {
      slice.push(key, value);
      if (slice.length < 2 * DUMP_KEYS) continue;
      socket.send(packr.pack(slice));
      slice = [];
      await nextTurn();
    }
    if (slice.length > 0) socket.send(packr.pack(slice));
  }

  #receive(data: RawData): void {
    const entries = packr.unpack(data as Buffer) as unknown[];
    for (let i = 0; i < entries.length; i += 2) {
      const value = entries[i + 1];
      if (value === undefined) this.#map.delete(entries[i] as string);
      else this.#map.set(entries[i] as string, value);
    }
    for (const listener of this.#listeners) listener();
  }
}

/** The limit that the others are compared with. */
export const wire: System = {
  name: "wire limit",
  topology: "mesh",
  multiWriter: true,
  durable: false,
  conflicts: "none",
  unavailable: () => undefined,
  createNode: async () => new WireNode(),
};
