// Requests that offer to go on in another protocol than WebSocket, such as HTTP/2 (`Upgrade: h2c`): the offer is ignored, as
// HTTP allows. Node gives up the connection of every upgrade, so the request is put back in front of it, without the
// offer, and read anew. What was not said by the client must never get into it, and no request may come back twice.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Upgrade } from "./upgrade-handler.js";

/** Headers that are about the offer alone; without the first, node reports no upgrade. */
const OFFER = new Set(["upgrade", "http2-settings"]);

/** Whether an upgrade is one to WebSocket, perhaps among others. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return listed(headers.upgrade ?? "").some((name) => name.toLowerCase() === "websocket");
}

/** The plain requests of a server that are not answered yet, by their connection. */
export class Unanswered {
  readonly #counts = new WeakMap<Duplex, number>();

  /** Counts a request until its response is over. */
  add({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#counts.set(socket, this.count(socket) + 1);
    response.once("close", () => this.#counts.set(socket, this.count(socket) - 1));
  }

  /** How many of a connection there are. */
  count(socket: Duplex): number {
    return this.#counts.get(socket) ?? 0;
  }
}

/**
 * Has the server read the request of an upgrade again, as a plain one. With earlier ones of the connection still
 * unanswered it is cut: answers could change places.
 */
export function replayPlainly(server: Server, upgrade: Upgrade, unanswered: Unanswered): void {
  const { request, socket, head } = upgrade;
  if (socket.destroyed) return;
  if (unanswered.count(socket) > 0 || socket.readableEnded) {
    socket.on("error", () => socket.destroy());
    socket.destroy();
    return;
  }
  socket.unshift(Buffer.concat([Buffer.from(plainHead(request), "latin1"), head]));
  // Of a TLS server "connection" is the connection below.
  server.emit("encrypted" in socket ? "secureConnection" : "connection", socket as Socket);
}

/** The head of the request as it came, byte for byte, but for the offer. Node reads all of it as Latin-1. */
function plainHead({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
    if (OFFER.has(name.toLowerCase())) continue;
    const kept = name.toLowerCase() === "connection" ? withoutOffer(value) : value;
    if (kept !== "" || value === "") lines.push(`${name}: ${kept}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function withoutOffer(value: string): string {
  return listed(value)
    .filter((name) => !OFFER.has(name.toLowerCase()))
    .join(", ");
}

function listed(value: string): string[] {
  return value.split(",").map((name) => name.trim());
}
