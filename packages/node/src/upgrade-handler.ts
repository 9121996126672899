// Lets WebSocket upgrades in: bounds, path, origin, authentication, and only then the handshake. It replaces
// the `verifyClient` of ws, whose asynchronous form admits everybody. Whatever hangs here is destroyed at its
// deadline.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { foreignOriginReply, refuseUpgrade, textReply } from "./reply.js";
import type { Route } from "./route.js";
import type { Gate } from "./gate.js";

/** An upgrade as node:http reports it. */
export interface Upgrade {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

/** Handles the upgrade of a request for `route`, undefined when its path is unknown. Never throws. */
export function handleUpgrade(gate: Gate, route: Route | undefined, upgrade: Upgrade): void {
  const { request, socket } = upgrade;
  // From here on the socket is ours alone; an error without a listener would end the process.
  socket.on("error", () => socket.destroy());
  if (gate.isFull()) refuseUpgrade(socket, textReply(503, "Too many connections."));
  else if (!route) refuseUpgrade(socket, textReply(404, "Not found."));
  else if (!route.allowsOrigin(request)) refuseUpgrade(socket, foreignOriginReply());
  else void authenticateUpgrade(gate, route, upgrade);
}

async function authenticateUpgrade(gate: Gate, route: Route, upgrade: Upgrade): Promise<void> {
  const { request, socket, head } = upgrade;
  route.hold(socket);
  // The place is held until the hook has answered, even when the client is gone: its work is what is bounded.
  const grant = await gate.whilePending(() => route.authenticate(request));
  if (route.closed || socket.destroyed) socket.destroy();
  else if (grant === undefined) refuseUpgrade(socket, route.unauthorized(request));
  else await gate.whileConnected(() => route.admit(request, socket, { head, grant }));
}
