// WebSockets of the compared systems, both ends, so that all have the same: the loopback interface, no compression.
// Must never read or write a message.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

/** The client's end, to be given to providers that take a class. `ws` would offer compression. */
export class PlainWebSocket extends WebSocket {
  constructor(url: string | URL, protocols: string | string[] = []) {
    super(url, protocols, { perMessageDeflate: false });
  }
}

/** A listening server and its address. */
export interface LoopbackServer {
  readonly sockets: WebSocketServer;
  readonly url: string;
}

/** Listens on a free port; each connection is handed over with its request. */
export async function listenOnLoopback(
  accept?: (socket: WebSocket, request: IncomingMessage) => void,
): Promise<LoopbackServer> {
  const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  if (accept !== undefined) sockets.on("connection", accept);
  await once(sockets, "listening");
  return { sockets, url: `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}` };
}

/** Ends the server and all its connections; resolves when none is left. */
export async function closeServer({ sockets }: LoopbackServer): Promise<void> {
  const closed = once(sockets, "close");
  const ended = [...sockets.clients].map((socket) => whenClosed(socket));
  for (const socket of sockets.clients) socket.terminate();
  sockets.close();
  await Promise.all([closed, ...ended]);
}

/** Resolves when the socket is closed, at once where there is none. */
export function whenClosed(socket: WebSocket | null | undefined): Promise<void> {
  if (!socket || socket.readyState === socket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
