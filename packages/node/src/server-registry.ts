// Finds or makes the shared server of an endpoint: one per caller's server, one per own port and host in a
// process. A server must not be handed out while it is going away.
import { createServer, type Server } from "node:http";
import { ChorusError } from "@chorus/core";
import type { EndpointSettings } from "./endpoint-options.js";
import { ServerShare } from "./server-share.js";

const adopted = new WeakMap<Server, ServerShare>();
const own = new Map<string, Promise<ServerShare>>();

/** The share of a caller's server, retained. */
export function adoptServer(server: Server, settings: EndpointSettings): ServerShare {
  const known = adopted.get(server);
  if (known?.retain()) return known;
  const share = new ServerShare(server, settings, {
    owned: false,
    dispose: () => {
      if (adopted.get(server) === share) adopted.delete(server);
      return Promise.resolve();
    },
  });
  adopted.set(server, share);
  share.retain();
  return share;
}

/** The share of an own port, retained. Rejects with ChorusError "port-in-use" or "listen-failed". */
export async function listenOn(port: number, settings: EndpointSettings): Promise<ServerShare> {
  for (;;) {
    const known = port === 0 ? undefined : own.get(keyOf(port, settings));
    if (!known) return open(port, settings);
    const share = await known.catch(() => undefined);
    if (share?.retain()) return share;
    await share?.closed;
  }
}

function keyOf(port: number, settings: EndpointSettings): string {
  return `${port} ${settings.host ?? ""}`;
}

async function open(port: number, settings: EndpointSettings): Promise<ServerShare> {
  const opening = start(port, settings);
  if (port !== 0) own.set(keyOf(port, settings), opening);
  try {
    const share = await opening;
    if (port === 0) own.set(keyOf(share.port, settings), opening);
    return share;
  } catch (error) {
    own.delete(keyOf(port, settings));
    throw error;
  }
}

async function start(port: number, settings: EndpointSettings): Promise<ServerShare> {
  const server = createServer({
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, settings.headersTimeoutMs),
  });
  await bind(server, port, settings.host);
  server.on("error", (cause) => {
    settings.onError(new ChorusError("listen-failed", `the server on port ${share.port} failed`, { cause }));
  });
  const share = new ServerShare(server, settings, {
    owned: true,
    dispose: async () => {
      const key = keyOf(share.port, settings);
      await closeServer(server, settings.closeGraceMs);
      own.delete(key);
    },
  });
  share.retain();
  return share;
}

function bind(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const inUse = cause.code === "EADDRINUSE";
      const message = inUse ? `port ${port} is in use` : `cannot listen on port ${port}: ${cause.code}`;
      reject(new ChorusError(inUse ? "port-in-use" : "listen-failed", message, { cause }));
    };
    server.once("error", failed);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", failed);
      resolve();
    });
  });
}

/** Closes an own server; requests still under way have `graceMs`, then their sockets are destroyed. */
function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
