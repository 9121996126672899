// Maps the original's aAuthFunc and aUnAuthFunc to the hooks of an endpoint. Only `true` admits; the deadline, and that
// no failure shows a password, are the endpoint's business.
import type { Authenticate, Permission, Unauthorized, UnauthorizedReply } from "@chorus/node";
import { OptionError } from "@chorus/core";
import type { IncomingMessage } from "node:http";
import type { AuditEvent, AuthFunction, ChRequest, PortOrServer, UnAuthFunction } from "./types.js";

/** The two functions of an exposed path; both may be left out: then everybody is admitted, with "rw". */
export interface AuthFunctions {
  readonly authFunction: AuthFunction | undefined;
  readonly unAuthFunction: UnAuthFunction | undefined;
}

/** @throws OptionError */
export function checkAuthFunctions({ authFunction, unAuthFunction }: AuthFunctions): void {
  if (authFunction !== undefined && typeof authFunction !== "function") {
    throw new OptionError("aAuthFunc", typeof authFunction, "a function");
  }
  if (unAuthFunction !== undefined && typeof unAuthFunction !== "function") {
    throw new OptionError("aUnAuthFunc", typeof unAuthFunction, "a function");
  }
}

/** Is told whether credentials were admitted; `user` is the name that was sent, if one could be read. */
type AuditChecks = (told: Omit<AuditEvent, "name">) => void;

/** What the hooks of one exposed path are made of. */
export interface AuthenticationParts {
  /** Asked at every request, since functions may be replaced. */
  readonly current: () => AuthFunctions;
  readonly portOrServer: PortOrServer;
  /** Told what became of credentials that were sent; must not throw. */
  readonly audit: AuditChecks;
}

/** The endpoint's hooks for one exposed path: who comes in, and what the others are told. */
export function authentication(parts: AuthenticationParts): {
  authenticate: Authenticate;
  unauthorized: Unauthorized;
} {
  const checks = new Checks(parts.audit);
  return { authenticate: authenticateWith(parts, checks), unauthorized: unauthorizedWith(parts, checks) };
}

/** What became of the credentials of each request: told once, whoever finds out first. */
class Checks {
  readonly #audit: AuditChecks;
  readonly #users = new WeakMap<IncomingMessage, string>();
  readonly #told = new WeakSet<IncomingMessage>();

  constructor(audit: AuditChecks) {
    this.#audit = audit;
  }

  begin(request: IncomingMessage, user: string): void {
    this.#users.set(request, user);
  }

  /** Whether the answer counts: the request may have been refused meanwhile, because it came too late. */
  admitted(request: ChRequest): boolean {
    if (!this.#isFirst(request)) return false;
    request.user = this.#users.get(request) as string;
    this.#audit({ op: "AUTH_OK", request, user: request.user });
    return true;
  }

  refused(request: IncomingMessage): void {
    if (request.headers.authorization === undefined || !this.#isFirst(request)) return;
    this.#audit({ op: "AUTH_NOT_OK", request, user: this.#users.get(request) });
  }

  #isFirst(request: IncomingMessage): boolean {
    if (this.#told.has(request)) return false;
    this.#told.add(request);
    return true;
  }
}

function authenticateWith({ current, portOrServer }: AuthenticationParts, checks: Checks): Authenticate {
  return async (credentials, request) => {
    const { authFunction } = current();
    if (authFunction === undefined) return "rw";
    if (credentials === undefined) return undefined;
    const { user, password } = credentials;
    checks.begin(request, user);
    try {
      const answer: unknown = await authFunction(user, password, serverOf(portOrServer, request), request);
      const grant = answer === true ? permissionOf(request) : undefined;
      if (grant !== undefined && checks.admitted(request)) return grant;
    } catch (error) {
      checks.refused(request);
      throw error;
    }
    checks.refused(request);
    return undefined;
  };
}

/** What the function throws or returns wrongly gives the default reply. */
function unauthorizedWith({ current, portOrServer }: AuthenticationParts, checks: Checks): Unauthorized {
  return (request) => {
    // Those that nobody was asked about: malformed ones, and those that were not decided on in time.
    checks.refused(request);
    const { unAuthFunction } = current();
    if (unAuthFunction === undefined) return replyOf({});
    const reply: unknown = unAuthFunction(serverOf(portOrServer, request), request);
    if (reply instanceof Promise) {
      // Its rejection must not end the process.
      reply.catch(() => undefined);
      throw new TypeError("a reply that comes later is none");
    }
    return replyOf(reply ?? {});
  };
}

/** As in the original, the letters count: "wr" and "rw" are the same, anything without either grants nothing. */
function permissionOf({ channelPermission }: ChRequest): Permission | undefined {
  if (channelPermission === undefined) return "rw";
  if (typeof channelPermission !== "string") return undefined;
  const read = channelPermission.includes("r");
  const write = channelPermission.includes("w");
  if (read) return write ? "rw" : "r";
  return write ? "w" : undefined;
}

function replyOf(reply: unknown): UnauthorizedReply {
  if (typeof reply !== "object") throw new TypeError("the reply is no map");
  const { data, mimetype, header = {} } = reply as { data?: unknown; mimetype?: unknown; header?: unknown };
  // The letters of a text, or the items of an array, would count as headers.
  if (typeof header !== "object" || Array.isArray(header)) throw new TypeError("the header is no map");
  const shaped: UnauthorizedReply = { headers: { ...(header as Record<string, string> | null) } };
  if (shaped.headers && typeof mimetype === "string") shaped.headers["content-type"] = mimetype;
  if (data !== undefined) {
    shaped.body = typeof data === "string" || data instanceof Uint8Array ? data : JSON.stringify(data);
  }
  return shaped;
}

/** The caller's server, or the one that was made for the port. */
function serverOf(portOrServer: PortOrServer, request: IncomingMessage): unknown {
  return typeof portOrServer === "object" ? portOrServer : (request.socket as { server?: unknown }).server;
}
