// Hocuspocus: its provider at each node, its server in the middle, both on the Yjs that core uses. Must never write to
// the document.
//
// Version 3.4, the last that runs on Node 20. Settings: no compression, no awareness, no extension and no hook, so
// nothing is stored. Without awareness a client hears nothing while nobody writes; so it may be silent for a day before
// it connects anew. The engine listens on a plain `ws` server, as its documents show for other frameworks: its own HTTP
// server would listen on all interfaces.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { Hocuspocus } from "@hocuspocus/server";
import {
  closeServer,
  type LoopbackServer,
  listenOnLoopback,
  PlainWebSocket,
  whenClosed,
} from "./loopback-sockets.js";
import { ownCpuMicroseconds } from "./process-cpu.js";
import type { System, SystemServer } from "./system.js";
import { ROOM, YjsNode } from "./yjs-node.js";

const DAY_MS = 86_400_000;

class HocuspocusNode extends YjsNode {
  #socket: HocuspocusProviderWebsocket | undefined;
  #provider: HocuspocusProvider | undefined;

  async connect([address]: readonly string[]): Promise<void> {
    if (address === undefined) throw new TypeError("a client of Hocuspocus needs its server's address");
    this.#socket = new HocuspocusProviderWebsocket({
      url: address,
      WebSocketPolyfill: PlainWebSocket,
      messageReconnectTimeout: DAY_MS,
    });
    const provider = new HocuspocusProvider({
      websocketProvider: this.#socket,
      name: ROOM,
      document: this.document,
      awareness: null,
    });
    this.#provider = provider;
    await new Promise<void>((resolve) => {
      provider.on("synced", resolve);
      provider.attach();
    });
  }

  async goOffline(): Promise<void> {
    const closed = whenClosed(this.#webSocket());
    this.#socket?.disconnect();
    await closed;
  }

  async goOnline(): Promise<void> {
    if (this.#socket === undefined) throw new Error("this node was never connected");
    await this.#socket.connect();
  }

  async close(): Promise<void> {
    const closed = whenClosed(this.#webSocket());
    this.#provider?.destroy();
    this.#socket?.destroy();
    await closed;
    this.document.destroy();
  }

  #webSocket(): PlainWebSocket | undefined {
    return (this.#socket?.webSocket ?? undefined) as PlainWebSocket | undefined;
  }
}

class HocuspocusServer implements SystemServer {
  readonly #engine = new Hocuspocus({ quiet: true });
  #server: LoopbackServer | undefined;

  async listen(): Promise<string> {
    this.#server = await listenOnLoopback((socket, request) =>
      this.#engine.handleConnection(socket, request),
    );
    return this.#server.url;
  }

  cpuMicroseconds(): number {
    return ownCpuMicroseconds();
  }

  async close(): Promise<void> {
    if (this.#server === undefined) return;
    const unloaded = this.#whenUnloaded();
    await closeServer(this.#server);
    // Until then a timer of the debounced store hook may run.
    await unloaded;
  }

  #whenUnloaded(): Promise<void> {
    const engine = this.#engine;
    if (engine.getDocumentsCount() === 0) return Promise.resolve();
    return new Promise((resolve) => {
      engine.configuration.extensions.push({ afterUnloadDocument: async () => resolve() });
    });
  }
}

/** Yjs with Hocuspocus. */
export const hocuspocus: System = {
  name: "Hocuspocus",
  topology: "server",
  multiWriter: true,
  durable: false,
  unavailable: () => undefined,
  createNode: async () => new HocuspocusNode(),
  createServer: async () => new HocuspocusServer(),
};
