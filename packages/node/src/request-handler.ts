// Answers plain HTTP requests on exposed paths: the same bounds, origin check and authentication as upgrades,
// then the owner's `onRequest`, or 426. Nothing may be done for a request before it is authenticated.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Gate } from "./gate.js";
import { PROTOCOL_HEADERS } from "./protocol.js";
import { foreignOriginReply, jsonReply, sendReply, textReply } from "./reply.js";
import type { Found } from "./route-table.js";

/** Handles a request for the route that was found, undefined when its path is unknown. Never throws. */
export function handleRequest(gate: Gate, found: Found | undefined, exchange: Exchange): void {
  const { request, response } = exchange;
  response.on("error", () => response.destroy());
  if (gate.isBusy()) sendReply(response, textReply(503, "Too many requests."));
  else if (!found) sendReply(response, textReply(404, "Not found."));
  else if (!found.route.allowsOrigin(request)) sendReply(response, foreignOriginReply());
  else void answer(gate, found, exchange);
}

/** A request with its response. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

async function answer(gate: Gate, found: Found, exchange: Exchange): Promise<void> {
  const { route, subpath } = found;
  const { request, response } = exchange;
  const grant = await gate.whilePending(() => route.authenticate(request));
  if (response.destroyed) return;
  if (route.closed) sendReply(response, textReply(503, "Closed."));
  else if (grant === undefined) sendReply(response, route.unauthorized(request));
  else if (!route.settings.onRequest) sendReply(response, upgradeRequired());
  else {
    try {
      await route.settings.onRequest({ request, response, grant, subpath });
    } catch (error) {
      route.requestFailed(error);
      if (response.headersSent) response.destroy();
      else sendReply(response, textReply(500, "Internal error."));
    }
  }
}

function upgradeRequired() {
  const reply = jsonReply(426, { error: "upgrade-required", message: "This path speaks WebSocket." });
  Object.assign(reply.headers, { upgrade: "websocket", connection: "upgrade", ...PROTOCOL_HEADERS });
  return reply;
}
