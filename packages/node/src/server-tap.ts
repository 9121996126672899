// Takes the requests and upgrades of our paths out of an http server before its own listeners see them. It
// replaces the server's `emit`, since listeners alone cannot do it: one added later would answer our paths
// too, and the usual upgrade listener destroys every socket whose path it does not know. Events of other
// paths must pass untouched.
import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { refuseUpgrade, textReply } from "./reply.js";
import type { Exchange } from "./request-handler.js";
import type { Upgrade } from "./upgrade-handler.js";

/** Both say whether they took the event; neither may throw. */
export interface Tap {
  request(exchange: Exchange): boolean;
  upgrade(upgrade: Upgrade): boolean;
}

/** Puts `tap` in front of the server's listeners; the returned function takes it away again. */
export function tapServer(server: Server, tap: Tap): () => void {
  const { emit } = server;
  const wasOwn = Object.hasOwn(server, "emit");
  let active = true;
  const tapped = (event: string | symbol, ...values: unknown[]): boolean => {
    if (active && takes(tap, event, values)) return true;
    return Reflect.apply(emit, server, [event, ...values]);
  };
  const fallback = refuseUnknown(server);
  // Without any listener node answers an upgrade as if it were a plain request and never emits the event.
  server.on("upgrade", fallback);
  server.emit = tapped;
  return () => {
    active = false;
    server.off("upgrade", fallback);
    // Somebody who wrapped `emit` after us keeps it, with ours passing everything on inside.
    if (server.emit !== tapped) return;
    if (wasOwn) server.emit = emit;
    else Reflect.deleteProperty(server, "emit");
  };
}

function takes(tap: Tap, event: string | symbol, values: unknown[]): boolean {
  if (event === "request") {
    const [request, response] = values as [IncomingMessage, ServerResponse];
    return tap.request({ request, response });
  }
  if (event === "upgrade") {
    const [request, socket, head] = values as [IncomingMessage, Duplex, Buffer];
    return tap.upgrade({ request, socket, head });
  }
  return false;
}

/**
 * Answers upgrades on paths that are nobody's; where the server's owner listens too, they are the owner's.
 */
function refuseUnknown(server: Server): (request: IncomingMessage, socket: Duplex) => void {
  return (request, socket) => {
    if (server.listenerCount("upgrade") > 1) return;
    if (request.headers.upgrade?.toLowerCase() !== "websocket") return answerPlainly(server, request, socket);
    socket.on("error", () => socket.destroy());
    refuseUpgrade(socket, textReply(404, "Not found."));
  };
}

/** Java's and curl's clients offer h2c with ordinary requests: without our listener node would ignore the offer. */
function answerPlainly(server: Server, request: IncomingMessage, socket: Duplex): void {
  socket.on("error", () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.on("finish", () => socket.end());
  server.emit("request", request, response);
}
