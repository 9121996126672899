// One http server with the routes of all endpoints on it. The last endpoint to leave takes the tap away, and
// closes the server if it is our own; a caller's server is never closed.
import type { Server } from "node:http";
import { ChorusError } from "@chorus/core";
import type { EndpointSettings } from "./endpoint-options.js";
import { Gate } from "./gate.js";
import { requestedPath } from "./path.js";
import { handleRequest } from "./request-handler.js";
import type { Route } from "./route.js";
import { tapServer } from "./server-tap.js";
import { handleUpgrade } from "./upgrade-handler.js";

export class ServerShare {
  readonly #server: Server;
  readonly #dispose: () => Promise<void>;
  readonly #owned: boolean;
  readonly #gate: Gate;
  readonly #routes = new Map<string, Route>();
  readonly #untap: () => void;
  #references = 0;
  #closed: Promise<void> | undefined;

  /**
   * `dispose` ends the server once nobody uses it; an `owned` server has nobody else to answer unknown paths.
   */
  constructor(
    server: Server,
    settings: EndpointSettings,
    parts: { owned: boolean; dispose: () => Promise<void> },
  ) {
    this.#server = server;
    this.#owned = parts.owned;
    this.#dispose = parts.dispose;
    this.#gate = new Gate(settings);
    this.#untap = tapServer(server, {
      request: (exchange) => {
        const route = this.#find(exchange.request.url);
        if (!route && !this.#owned) return false;
        handleRequest(this.#gate, route, exchange);
        return true;
      },
      upgrade: (upgrade) => {
        const route = this.#find(upgrade.request.url);
        if (!route && !this.#owned) return false;
        handleUpgrade(this.#gate, route, upgrade);
        return true;
      },
    });
  }

  /** The port it listens on; 0 while it does not, or when it listens on a pipe. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** Settles when a share that lost its last user is gone; at once for one in use. */
  get closed(): Promise<void> {
    return this.#closed ?? Promise.resolve();
  }

  /** Takes part; false when the share is closing and a new one is needed. */
  retain(): boolean {
    if (this.#closed) return false;
    this.#references += 1;
    return true;
  }

  /** Leaves; the last one to leave ends the share. Resolves when what had to go is gone. */
  release(): Promise<void> {
    this.#references -= 1;
    if (this.#references > 0) return Promise.resolve();
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    if (!this.#owned) this.#untap();
    await this.#dispose();
  }

  /** Adds a route. Throws ChorusError "path-in-use". */
  add(route: Route): void {
    if (this.#routes.has(route.path)) {
      throw new ChorusError("path-in-use", `path ${route.path} is already exposed on port ${this.port}`);
    }
    this.#routes.set(route.path, route);
  }

  /** Stops answering on a route's path, which is free from now on. */
  remove(route: Route): void {
    if (this.#routes.get(route.path) === route) this.#routes.delete(route.path);
  }

  #find(target: string | undefined): Route | undefined {
    const path = requestedPath(target);
    return path === undefined ? undefined : this.#routes.get(path);
  }
}
