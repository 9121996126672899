// Takes the requests and upgrades of our paths out of an http server before its own listeners see them. It
// replaces the server's `emit`, since listeners alone cannot do it: one added later would answer our paths
// too, and the usual upgrade listener destroys every socket whose path it does not know. Events of other
// paths must pass untouched.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { asksForWebSocket, replayPlainly, Unanswered } from "./plain-replay.js";
import { refuseUpgrade, textReply } from "./reply.js";
import type { Exchange } from "./request-handler.js";
import type { Upgrade } from "./upgrade-handler.js";

/** All say whether they take the event; none may throw. */
export interface Tap {
  request(exchange: Exchange): boolean;
  /** An upgrade to WebSocket. */
  upgrade(upgrade: Upgrade): boolean;
  /** Whether `request` would take a request that offers another protocol: then it comes again, without the offer. */
  takesRequest(request: IncomingMessage): boolean;
}

/** Puts `tap` in front of the server's listeners; the returned function takes it away again. */
export function tapServer(server: Server, tap: Tap): () => void {
  const { emit } = server;
  const wasOwn = Object.hasOwn(server, "emit");
  let active = true;
  const unanswered = new Unanswered();
  const replay = (upgrade: Upgrade): void => replayPlainly(server, upgrade, unanswered);
  const tapped = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event === "request") unanswered.add(...(values as [IncomingMessage, ServerResponse]));
    if (active && takes({ tap, replay }, event, values)) return true;
    return Reflect.apply(emit, server, [event, ...values]);
  };
  const fallback = refuseUnknown(server, unanswered);
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

function takes(
  { tap, replay }: { tap: Tap; replay: (upgrade: Upgrade) => void },
  event: string | symbol,
  values: unknown[],
): boolean {
  if (event === "request") {
    const [request, response] = values as [IncomingMessage, ServerResponse];
    return tap.request({ request, response });
  }
  if (event === "upgrade") {
    const [request, socket, head] = values as [IncomingMessage, Duplex, Buffer];
    if (asksForWebSocket(request)) return tap.upgrade({ request, socket, head });
    if (!tap.takesRequest(request)) return false;
    replay({ request, socket, head });
    return true;
  }
  return false;
}

/**
 * Answers upgrades on paths that are nobody's; where the server's owner listens too, they are the owner's.
 */
function refuseUnknown(
  server: Server,
  unanswered: Unanswered,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    if (server.listenerCount("upgrade") > 1) return;
    // Without our listener node would ignore the offers that Java's and curl's clients make with ordinary requests.
    if (!asksForWebSocket(request)) return replayPlainly(server, { request, socket, head }, unanswered);
    socket.on("error", () => socket.destroy());
    refuseUpgrade(socket, textReply(404, "Not found."));
  };
}
