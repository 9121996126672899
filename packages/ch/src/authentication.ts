// Maps the original's aAuthFunc and aUnAuthFunc to the hooks of an endpoint. Only `true` admits; the deadline, and that
// no failure shows a password, are the endpoint's business.
import type { Authenticate, Permission, Unauthorized, UnauthorizedReply } from "@chorus/node";
import { OptionError } from "@chorus/core";
import type { IncomingMessage } from "node:http";
import type { AuthFunction, ChRequest, PortOrServer, UnAuthFunction } from "./types.js";

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

/** The endpoint's hook; `current` is asked at every request, since functions may be replaced. */
export function authenticateWith(current: () => AuthFunctions, portOrServer: PortOrServer): Authenticate {
  return async (credentials, request) => {
    const { authFunction } = current();
    if (authFunction === undefined) return "rw";
    if (credentials === undefined) return undefined;
    const { user, password } = credentials;
    const chRequest: ChRequest = request;
    const answer: unknown = await authFunction(user, password, serverOf(portOrServer, request), chRequest);
    if (answer !== true) return undefined;
    chRequest.user = user;
    return permissionOf(chRequest);
  };
}

/** The endpoint's hook that shapes a 401. What the function throws or returns wrongly gives the default reply. */
export function unauthorizedWith(current: () => AuthFunctions, portOrServer: PortOrServer): Unauthorized {
  return (request) => {
    const { unAuthFunction } = current();
    if (unAuthFunction === undefined) return undefined;
    const reply: unknown = unAuthFunction(serverOf(portOrServer, request), request);
    if (reply instanceof Promise) {
      // Its rejection must not end the process.
      reply.catch(() => undefined);
      throw new TypeError("a reply that comes later is none");
    }
    return replyOf(reply);
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

function replyOf(reply: unknown): UnauthorizedReply | undefined {
  if (reply === undefined || reply === null) return undefined;
  if (typeof reply !== "object") throw new TypeError("the reply is no map");
  const { data, mimetype, header } = reply as { data?: unknown; mimetype?: unknown; header?: unknown };
  const shaped: UnauthorizedReply = { headers: { ...(header as Record<string, string> | undefined) } };
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
