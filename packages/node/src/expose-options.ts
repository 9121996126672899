// The options of one exposed path, checked and completed. Nothing here opens or touches a socket.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Permission } from "@chorus/core";
import type { Authenticate } from "./authentication.js";
import { checkFrameBytes, checkFunction, checkNames, checkOrigins, checkText } from "./options.js";
import type { Unauthorized } from "./reply.js";
import { DEFAULT_MAX_FRAME_BYTES } from "./ws-transport.js";

/** A plain HTTP request that has passed origin check and authentication. */
export interface RequestExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What authentication granted the client. */
  readonly grant: Permission;
  /**
   * What the request target has behind the exposed path, still percent-encoded, with its query: "" or, say,
   * "?a=1" or "/items/1?a=1". One trailing slash behind the exposed path itself is left out.
   */
  readonly subpath: string;
}

/**
 * Answers a request; it must end the response. What it throws or rejects with is answered by 500, and reported
 * as `listener-failed`.
 */
export type OnRequest = (exchange: RequestExchange) => Promise<void> | void;

/** How one path is exposed. */
export interface ExposeOptions {
  /** Decides who comes in, for upgrades and plain requests alike. Default: everybody, with "rw". */
  authenticate?: Authenticate;
  /** Shapes the 401 answers. */
  unauthorized?: Unauthorized;
  /** Origins that browsers may come from, such as "https://app.example". Default: none, only non-browsers. */
  allowedOrigins?: readonly string[];
  /**
   * Answers plain HTTP requests for the path and everything below it, except what a longer exposed path takes.
   * Default: 426 Upgrade Required, and only for the path itself.
   */
  onRequest?: OnRequest;
  /** What a 401 names as the realm. Default: the path. */
  realm?: string;
  /** The largest frame accepted from a peer; a larger one closes with 1009. Default 4 MiB. */
  maxFrameBytes?: number;
}

/** The same with every default filled in. */
export interface ExposeSettings {
  authenticate: Authenticate | undefined;
  unauthorized: Unauthorized | undefined;
  allowedOrigins: ReadonlySet<string>;
  onRequest: OnRequest | undefined;
  realm: string;
  maxFrameBytes: number;
}

const NAMES = ["authenticate", "unauthorized", "allowedOrigins", "onRequest", "realm", "maxFrameBytes"];

/** Checks the options of one path. Throws OptionError. */
export function exposeSettings(path: string, options: ExposeOptions): ExposeSettings {
  checkNames("expose options", options, NAMES);
  checkFunction("authenticate", options.authenticate);
  checkFunction("unauthorized", options.unauthorized);
  checkFunction("onRequest", options.onRequest);
  checkText("realm", options.realm);
  return {
    authenticate: options.authenticate,
    unauthorized: options.unauthorized,
    allowedOrigins: checkOrigins("allowedOrigins", options.allowedOrigins),
    onRequest: options.onRequest,
    realm: options.realm ?? path,
    maxFrameBytes: checkFrameBytes(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES),
  };
}
