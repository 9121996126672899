// y-websocket: its WebsocketProvider at each node, its own server (`@y/websocket-server`) in the middle, all on the
// Yjs that core uses. Must never write to the document.
//
// Settings: no compression, no persistence, garbage collection as always on. No BroadcastChannel, which would pass
// updates between documents of one process beside the server. Awareness stays as it is: it is the provider's sign of
// life (a few bytes in 15 s), without which a client connects anew after 30 s in which nothing was written.
import { docs, setupWSConnection } from "@y/websocket-server/utils";
import type { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
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

/** Between two attempts to connect, at most. */
const RECONNECT_MS = 100;

class YWebsocketNode extends YjsNode {
  #provider: WebsocketProvider | undefined;

  async connect([address]: readonly string[]): Promise<void> {
    if (address === undefined) throw new TypeError("a client of y-websocket needs its server's address");
    const provider = new WebsocketProvider(address, ROOM, this.document, {
      WebSocketPolyfill: PlainWebSocket as never,
      disableBc: true,
      maxBackoffTime: RECONNECT_MS,
    });
    this.#provider = provider;
    await new Promise<void>((resolve, reject) => {
      provider.once("sync", () => resolve());
      provider.once("connection-error", () => reject(new Error(`nothing answers at ${address}`)));
    });
  }

  async goOffline(): Promise<void> {
    await this.#cut((provider) => provider.disconnect());
  }

  async goOnline(): Promise<void> {
    const provider = this.#provider;
    if (provider === undefined) throw new Error("this node was never connected");
    provider.maxBackoffTime = RECONNECT_MS;
    await new Promise<void>((resolve) => {
      const notice = ({ status }: { status: string }): void => {
        if (status !== "connected") return;
        provider.off("status", notice);
        resolve();
      };
      provider.on("status", notice);
      provider.connect();
    });
  }

  async close(): Promise<void> {
    await this.#cut((provider) => provider.destroy());
    this.document.destroy();
  }

  async #cut(end: (provider: WebsocketProvider) => void): Promise<void> {
    const provider = this.#provider;
    if (provider === undefined) return;
    const closed = whenClosed(provider.ws as unknown as WebSocket | null);
    // A timer for the next attempt is set even where none is to follow; so it ends at once.
    provider.maxBackoffTime = 0;
    end(provider);
    await closed;
  }
}

class YWebsocketServer implements SystemServer {
  #server: LoopbackServer | undefined;

  async listen(): Promise<string> {
    this.#server = await listenOnLoopback((socket, request) => setupWSConnection(socket, request, {}));
    return this.#server.url;
  }

  cpuMicroseconds(): number {
    return ownCpuMicroseconds();
  }

  async close(): Promise<void> {
    if (this.#server !== undefined) await closeServer(this.#server);
    // The package keeps documents of its process for ever, with a timer for each.
    docs.get(ROOM)?.destroy();
    docs.delete(ROOM);
  }
}

/** Yjs with y-websocket. */
export const yWebsocket: System = {
  name: "y-websocket",
  topology: "server",
  multiWriter: true,
  durable: false,
  unavailable: () => undefined,
  createNode: async () => new YWebsocketNode(),
  createServer: async () => new YWebsocketServer(),
};
