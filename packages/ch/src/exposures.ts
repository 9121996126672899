// Where one channel is exposed: a path on a port or a caller's server each, with functions that decide who comes in.
// An exposure that is opened must be kept or undone, so that a failing `peer` leaves no server behind.
import { ChorusError, OptionError, type Runtime, systemRuntime } from "@chorus/core";
import {
  type BodyBudget,
  Endpoint,
  type EndpointOptions,
  type Exposure,
  type OnTransport,
} from "@chorus/node";
import { type AuthFunctions, authentication, checkAuthFunctions } from "./authentication.js";
import { ClientClocks } from "./rest/client-clocks.js";
import { type Audit, RestServer } from "./rest/rest-server.js";
import type { RestTarget } from "./rest/rest-target.js";
import type { PortOrServer } from "./types.js";

/** The arguments of `expose`, checked, the path filled in. */
export interface ExposeRequest extends AuthFunctions {
  readonly portOrServer: PortOrServer | undefined;
  readonly path: string;
}

/** Checks what can be checked before anything is opened. @throws OptionError */
export function exposeRequest(
  name: string,
  request: Omit<ExposeRequest, "path"> & { path: string | undefined },
): ExposeRequest {
  const { path = `/${name}` } = request;
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw new OptionError("the path", path, 'a text that starts with "/"');
  }
  checkAuthFunctions(request);
  return { ...request, path };
}

/** What the exposures of one channel are made of. */
export interface ExposuresOptions {
  /** The uuid of the first exposure. */
  readonly uuid: string;
  readonly newUuid: () => string;
  readonly endpoint: EndpointOptions;
  /** Gets every peer that was let in. Undefined for a channel that has no peers: it is served by REST only. */
  readonly onTransport?: OnTransport | undefined;
  /** What requests of OpenAF's REST dialect read and write. */
  readonly target: RestTarget;
  /** Told of every request before it is carried out, and of credentials that were sent; must not throw. Default: nobody. */
  readonly audit?: Audit | undefined;
  readonly onError: (error: ChorusError) => void;
  /** Whose clock counts for writes by REST. Default: the system's. */
  readonly runtime?: Runtime | undefined;
  /** Bounds of one body that comes by REST, and of all that are being read. */
  readonly bodies: { readonly maxBytes: number; readonly budget: BodyBudget };
}

/** An exposure that is open, or was open before, and not yet settled: call exactly one of the two. */
export interface Opened {
  readonly uuid: string;
  /** Keeps it; from now on the functions of the request decide. */
  keep(): void;
  /** Closes it, unless it was there before. */
  undo(): Promise<void>;
}

interface Exposed {
  readonly uuid: string;
  readonly portOrServer: PortOrServer;
  readonly path: string;
  readonly exposure: Exposure;
  functions: AuthFunctions;
}

/** The exposures of one channel, over WebSocket and REST. */
export class Exposures {
  readonly #options: ExposuresOptions;
  readonly #exposed = new Set<Exposed>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #audit: Audit;
  readonly #rest: RestServer;
  #closed = false;

  constructor(options: ExposuresOptions) {
    const { target, onError, audit = () => undefined } = options;
    const { runtime = systemRuntime, bodies } = options;
    this.#options = options;
    this.#audit = audit;
    this.#rest = new RestServer({ target, runtime, clocks: new ClientClocks(), bodies, audit, onError });
  }

  /**
   * Without a port nothing is opened.
   * @throws (rejects) OptionError; ChorusError port-in-use, listen-failed, path-in-use. Then nothing is left open.
   */
  async open(request: ExposeRequest): Promise<Opened | undefined> {
    if (request.portOrServer === undefined) return undefined;
    const known = [...this.#exposed].find((one) => isSame(one, request));
    if (known)
      return { uuid: known.uuid, keep: () => this.#use(known, request), undo: async () => undefined };
    const opening = this.#listen(request, request.portOrServer);
    this.#opening.add(opening);
    try {
      const exposed = await opening;
      return {
        uuid: exposed.uuid,
        keep: () => this.#use(exposed, request),
        undo: async () => {
          this.#exposed.delete(exposed);
          await exposed.exposure.close();
        },
      };
    } finally {
      this.#opening.delete(opening);
    }
  }

  /** Frees all paths at once; resolves when their servers and sockets are gone. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#rest.close();
    const closing = [...this.#exposed].map(({ exposure }) => exposure.close());
    this.#exposed.clear();
    await Promise.allSettled([...closing, ...this.#opening]);
  }

  async #listen(request: ExposeRequest, portOrServer: PortOrServer): Promise<Exposed> {
    const { path } = request;
    const { endpoint: endpointOptions, onError, onTransport, target } = this.#options;
    const endpoint = await Endpoint.listen(portOrServer, { onError, ...endpointOptions });
    try {
      if (this.#closed) throw new ChorusError("closed", "the channel was destroyed meanwhile");
      // Filled in below; no request can come before this turn has ended.
      let exposed: Exposed | undefined;
      const current = (): AuthFunctions => exposed?.functions ?? request;
      const exposure = endpoint.expose(path, onTransport, {
        ...authentication({
          current,
          portOrServer,
          audit: (told) => this.#audit({ name: target.name, ...told }),
        }),
        onRequest: this.#rest.handler(path),
        realm: target.name,
      });
      exposed = { uuid: this.#nextUuid(), portOrServer, path, exposure, functions: request };
      this.#exposed.add(exposed);
      return exposed;
    } catch (error) {
      await endpoint.close();
      throw error;
    }
  }

  #nextUuid(): string {
    const { uuid, newUuid } = this.#options;
    return [...this.#exposed].some((one) => one.uuid === uuid) ? newUuid() : uuid;
  }

  #use(exposed: Exposed, { authFunction, unAuthFunction }: AuthFunctions): void {
    exposed.functions = { authFunction, unAuthFunction };
  }
}

/** Port 0 asks for a new port every time. */
function isSame(one: Exposed, request: ExposeRequest): boolean {
  return one.portOrServer === request.portOrServer && one.portOrServer !== 0 && one.path === request.path;
}
