// One exposed path: who may come in, the WebSockets that are open on it, and those being let in. It must
// never hand out a transport before authentication, nor keep a socket after close.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { ChorusError, type Permission, type Transport } from "@chorus/core";
import { type WebSocket, WebSocketServer } from "ws";
import { authenticate } from "./authentication.js";
import type { EndpointSettings } from "./endpoint-options.js";
import type { ExposeSettings } from "./expose-options.js";
import { SUBPROTOCOL } from "./protocol.js";
import { type Reply, refuseUpgrade, textReply, type UnauthorizedReply, unauthorizedReply } from "./reply.js";
import { socketOptions, WebSocketTransport } from "./ws-transport.js";

/** What is known of a peer that was let in. */
export interface Admission {
  /** What authentication granted it. */
  grant: Permission;
  /** It asked for no subprotocol: a stock Yjs client, not a Chorus peer. */
  stockClient: boolean;
}

/** Gets each peer that was let in; must call `transport.start` before it returns. */
export type OnTransport = (transport: Transport, admission: Admission) => void;

/** What a route is made of. */
export interface RouteParts {
  path: string;
  onTransport: OnTransport | undefined;
  settings: ExposeSettings;
  endpoint: EndpointSettings;
}

/** One exposed path. */
export class Route {
  readonly path: string;
  readonly settings: ExposeSettings;
  readonly #onTransport: OnTransport | undefined;
  readonly #endpoint: EndpointSettings;
  readonly #server: WebSocketServer;
  readonly #open = new Map<WebSocket, WebSocketTransport>();
  readonly #pending = new Set<Duplex>();
  #closing: Promise<void> | undefined;

  constructor(parts: RouteParts) {
    this.path = parts.path;
    this.settings = parts.settings;
    this.#onTransport = parts.onTransport;
    this.#endpoint = parts.endpoint;
    this.#server = new WebSocketServer({
      ...socketOptions(parts.settings.maxFrameBytes),
      noServer: true,
      clientTracking: false,
      handleProtocols: () => SUBPROTOCOL,
    });
  }

  /** WebSockets open on this path. */
  get connections(): number {
    return this.#open.size;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Browsers send cached credentials across sites; a request that names its origin must come from an allowed
   * one.
   */
  allowsOrigin(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    return origin === undefined || this.settings.allowedOrigins.has(origin.toLowerCase());
  }

  /** What the request is granted, undefined when it is refused. Never rejects. */
  async authenticate(request: IncomingMessage): Promise<Permission | undefined> {
    const { authenticateTimeoutMs } = this.#endpoint;
    const verdict = await authenticate(this.settings.authenticate, request, authenticateTimeoutMs);
    if (verdict.failure !== undefined) this.#report("authenticate", verdict.failure);
    return verdict.grant;
  }

  /** The 401 for a request. Never throws. */
  unauthorized(request: IncomingMessage): Reply {
    const { realm, unauthorized } = this.settings;
    let shaped: UnauthorizedReply | undefined;
    try {
      shaped = unauthorized?.(request);
      return unauthorizedReply(realm, shaped);
    } catch {
      // A hook declared as async by mistake: its rejection must not end the process.
      if (shaped instanceof Promise) shaped.catch(() => undefined);
      this.#report("unauthorized", "failed or returned an unusable answer");
      return unauthorizedReply(realm);
    }
  }

  /** Tells the owner that one of its hooks is at fault. */
  #report(hook: string, failure: string): void {
    this.#endpoint.onError(new ChorusError("listener-failed", `${hook} of ${this.path} ${failure}`));
  }

  /** Reports a failed `onRequest`; its error is passed on as the cause. */
  requestFailed(cause: unknown): void {
    this.#endpoint.onError(new ChorusError("listener-failed", `onRequest of ${this.path} failed`, { cause }));
  }

  /** Remembers the socket of an upgrade that is being authenticated, so that close() ends it. */
  hold(socket: Duplex): void {
    this.#pending.add(socket);
    socket.once("close", () => this.#pending.delete(socket));
  }

  /** Completes the upgrade of an authenticated request, or refuses it where nobody takes transports. */
  admit(
    request: IncomingMessage,
    socket: Duplex,
    details: { head: Buffer; grant: Permission },
  ): Promise<void> {
    if (!this.#onTransport) {
      refuseUpgrade(socket, textReply(404, "No WebSocket here."));
      return Promise.resolve();
    }
    const offered = offeredProtocols(request);
    if (offered.length > 0 && !offered.includes(SUBPROTOCOL)) {
      refuseUpgrade(socket, textReply(400, `Subprotocol ${SUBPROTOCOL} expected.`));
      return Promise.resolve();
    }
    const admission: Admission = { grant: details.grant, stockClient: offered.length === 0 };
    return new Promise((resolve) => {
      socket.once("close", resolve);
      try {
        this.#server.handleUpgrade(request, socket, details.head, (webSocket) => {
          this.#pending.delete(socket);
          this.#adopt(webSocket, admission);
        });
      } catch {
        socket.destroy();
      }
    });
  }

  #adopt(webSocket: WebSocket, admission: Admission): void {
    const transport = new WebSocketTransport(webSocket);
    this.#open.set(webSocket, transport);
    webSocket.once("close", () => this.#open.delete(webSocket));
    const failed = (cause: unknown): void => {
      const message = `onTransport of ${this.path} failed`;
      this.#endpoint.onError(new ChorusError("listener-failed", message, { cause }));
      transport.close(1011, "internal error");
    };
    try {
      const result: unknown = this.#onTransport?.(transport, admission);
      if (result instanceof Promise) result.catch(failed);
    } catch (cause) {
      failed(cause);
    }
  }

  /**
   * Ends everything on this path: WebSockets with 1001, destroyed after the grace; resolves when all is gone.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const gone = [...this.#open.keys(), ...this.#pending].map(whenClosed);
    for (const socket of this.#pending) socket.destroy();
    for (const transport of this.#open.values()) transport.close(1001, "going away");
    const timer = setTimeout(() => {
      for (const transport of this.#open.values()) transport.terminate();
    }, this.#endpoint.closeGraceMs);
    await Promise.all(gone);
    clearTimeout(timer);
  }
}

function whenClosed(socket: WebSocket | Duplex): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** The subprotocols a client asks for, in its order. */
function offeredProtocols(request: IncomingMessage): string[] {
  const header = request.headers["sec-websocket-protocol"];
  return header === undefined ? [] : header.split(",").map((name) => name.trim());
}
