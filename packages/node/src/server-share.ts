// One http server with the routes of all endpoints on it. The last endpoint to leave takes the tap away, and
// closes the server if it is our own; a caller's server is never closed.
import type { Server } from "node:http";
import type { EndpointSettings } from "./endpoint-options.js";
import { Gate } from "./gate.js";
import { handleRequest } from "./request-handler.js";
import type { Route } from "./route.js";
import { RouteTable } from "./route-table.js";
import { tapServer } from "./server-tap.js";
import { handleUpgrade } from "./upgrade-handler.js";

/** One server, shared by the endpoints on it. */
export class ServerShare {
  readonly #server: Server;
  readonly #dispose: () => Promise<void>;
  readonly #owned: boolean;
  readonly #gate: Gate;
  readonly #routes = new RouteTable();
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
        const found = this.#routes.find(exchange.request.url);
        if (!found && !this.#owned) return false;
        handleRequest(this.#gate, found, exchange);
        return true;
      },
      takesRequest: ({ url }) => this.#owned || this.#routes.find(url) !== undefined,
      upgrade: (upgrade) => {
        const route = this.#routes.exact(upgrade.request.url);
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
    this.#routes.add(route, `on port ${this.port}`);
  }

  /** Stops answering on a route's path, which is free from now on. */
  remove(route: Route): void {
    this.#routes.remove(route);
  }
}
