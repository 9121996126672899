// The server side of channels: paths on a port or on a caller's server, each handing its owner the transports
// of peers that were let in. It knows no channels; it must leave nothing open after close.
import { Server as HttpServer } from "node:http";
import { Server as HttpsServer } from "node:https";
import { ChorusError, OptionError } from "@chorus/core";
import { type EndpointOptions, type EndpointSettings, endpointSettings } from "./endpoint-options.js";
import { type ExposeOptions, exposeSettings } from "./expose-options.js";
import { exposedPath } from "./path.js";
import { type OnTransport, Route } from "./route.js";
import { adoptServer, listenOn } from "./server-registry.js";
import type { ServerShare } from "./server-share.js";

function isServer(value: unknown): value is HttpServer {
  return value instanceof HttpServer || value instanceof HttpsServer;
}

/** One path of an endpoint. */
export interface Exposure {
  /** The path as it is matched: decoded, without trailing slash. */
  readonly path: string;
  /** WebSockets open on it. */
  readonly connections: number;
  /** Frees the path and ends its connections with 1001; the endpoint closes with its last path. */
  close(): Promise<void>;
}

/** Lets peers and requests in on paths of a port or of a server of the caller. */
export class Endpoint {
  readonly #share: ServerShare;
  readonly #settings: EndpointSettings;
  readonly #routes = new Set<Route>();
  #closing: Promise<void> | undefined;

  private constructor(share: ServerShare, settings: EndpointSettings) {
    this.#share = share;
    this.#settings = settings;
  }

  /**
   * Listens on a port (0 = any free one), which all endpoints of the process on it share, or joins a caller's
   * http or https server, listening or not yet. On the latter only exposed paths are ours.
   * @throws (rejects) OptionError; ChorusError "port-in-use" or "listen-failed".
   */
  static async listen(
    portOrServer: number | HttpServer | HttpsServer,
    options: EndpointOptions = {},
  ): Promise<Endpoint> {
    const settings = endpointSettings(options);
    if (isServer(portOrServer)) {
      return new Endpoint(adoptServer(portOrServer, settings), settings);
    }
    const port: unknown = portOrServer;
    if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new OptionError("portOrServer", port, "a port from 0 to 65535 or an http or https server");
    }
    return new Endpoint(await listenOn(port, settings), settings);
  }

  /** The port listened on; 0 while a caller's server does not listen yet. */
  get port(): number {
    return this.#share.port;
  }

  /**
   * Lets peers in on a path; `onTransport` gets each one and must start its transport before it returns.
   * Without it, upgrades on the path are answered by 404, and only `onRequest` answers there.
   * @throws OptionError; ChorusError "path-in-use", or "closed" after close.
   */
  expose(path: string, onTransport: OnTransport | undefined, options: ExposeOptions = {}): Exposure {
    const name = exposedPath(path);
    const settings = exposeSettings(name, options);
    if (typeof onTransport !== "function" && (onTransport !== undefined || !settings.onRequest)) {
      const allowed = "a function, or undefined where onRequest is given";
      throw new OptionError("onTransport", onTransport, allowed);
    }
    if (this.#closing) throw new ChorusError("closed", "the endpoint is closed");
    const route = new Route({ path: name, onTransport, settings, endpoint: this.#settings });
    this.#share.add(route);
    this.#routes.add(route);
    return {
      path: name,
      get connections() {
        return route.connections;
      },
      close: () => this.#conceal(route),
    };
  }

  #conceal(route: Route): Promise<void> {
    if (!this.#routes.has(route)) return Promise.all([route.close(), this.#closing]).then(() => undefined);
    if (this.#routes.size === 1) return this.close();
    this.#routes.delete(route);
    this.#share.remove(route);
    return route.close();
  }

  /**
   * Ends all paths of this endpoint and, with the last endpoint on it, an own server. Resolves when all is
   * gone.
   */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const routes = [...this.#routes];
    this.#routes.clear();
    for (const route of routes) this.#share.remove(route);
    await Promise.all(routes.map((route) => route.close()));
    await this.#share.release();
  }
}
