// Short HTTP answers, written either to a ServerResponse or to the raw socket of an upgrade that is refused.
// Header names and values are checked here, so that nothing a hook returns can start another header or
// answer.
import {
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import type { Duplex } from "node:stream";
import { challenge } from "./basic-auth.js";
import { PROTOCOL_HEADER, PROTOCOL_HEADERS } from "./protocol.js";
import { afterTakenIn, isStillSending } from "./taking-in.js";

/**
 * A whole answer. Header names are in lower case; content-length and connection are added when it is sent.
 */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** What an `unauthorized` hook may return to shape a refusal; the status sent is always 401. */
export interface UnauthorizedReply {
  /** Ignored: a refusal for lack of credentials is a 401. */
  status?: number;
  /**
   * Further headers. One that HTTP does not allow, such as a value with a line break, voids the whole answer.
   */
  headers?: Record<string, string>;
  /** Default "Not authorized." */
  body?: string | Uint8Array;
}

/**
 * Shapes the answer to a request without the right credentials. Must return at once; a throw gives the
 * default.
 */
export type Unauthorized = (request: IncomingMessage) => UnauthorizedReply | undefined;

const TEXT = "text/plain; charset=utf-8";
/** Headers that decide where an answer ends or what the client sends next, or that say what we are. */
const OWN_HEADERS = new Set([
  PROTOCOL_HEADER,
  "connection",
  "content-length",
  "keep-alive",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "www-authenticate",
]);
/** How long a client may take to take a refusal in. */
const REFUSAL_TIMEOUT_MS = 1_000;

/** An answer of plain text in UTF-8. */
export function textReply(status: number, text: string): Reply {
  return { status, headers: { "content-type": TEXT }, body: Buffer.from(text, "utf8") };
}

/** The refusal of a request that comes from a web page of elsewhere. */
export function foreignOriginReply(): Reply {
  const reply = textReply(403, "Origin not allowed.");
  Object.assign(reply.headers, PROTOCOL_HEADERS);
  return reply;
}

/** An answer of one JSON value. Throws TypeError for what JSON does not have. */
export function jsonReply(status: number, value: unknown): Reply {
  const headers = { "content-type": "application/json; charset=utf-8" };
  // Without a text for it, as for undefined, Buffer.from throws.
  return { status, headers, body: Buffer.from(JSON.stringify(value), "utf8") };
}

/**
 * The 401 for a realm, as shaped by the owner's hook. Throws when the hook does or what it returns is
 * unusable.
 */
export function unauthorizedReply(realm: string, shaped?: UnauthorizedReply): Reply {
  const reply = textReply(401, "Not authorized.");
  if (shaped !== undefined) {
    if ("then" in shaped) throw new TypeError("an answer that comes later is none");
    Object.assign(reply.headers, checkedHeaders(shaped.headers ?? {}));
    if (shaped.body !== undefined) reply.body = checkedBody(shaped.body);
  }
  Object.assign(reply.headers, { "www-authenticate": challenge(realm) }, PROTOCOL_HEADERS);
  return reply;
}

function checkedHeaders(headers: Record<string, string>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") throw new TypeError(`header ${JSON.stringify(name)} is not a text`);
    validateHeaderName(name);
    validateHeaderValue(name, value);
    if (!OWN_HEADERS.has(name.toLowerCase())) checked[name.toLowerCase()] = value;
  }
  return checked;
}

function checkedBody(body: unknown): Uint8Array {
  if (typeof body === "string") return Buffer.from(body, "utf8");
  if (body instanceof Uint8Array) return body;
  throw new TypeError("body is neither a text nor bytes");
}

/**
 * Answers a plain request, unless it was answered or lost in the meantime; a HEAD request gets the headers alone. Where the
 * connection ends with the answer and the client is still sending, the answer waits for the body, within bounds.
 * @throws TypeError for a header that HTTP does not allow.
 */
export function sendReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  for (const [name, value] of Object.entries(reply.headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  if (response.shouldKeepAlive || !isStillSending(response.req)) writeReply(response, reply);
  else afterTakenIn(response.req, () => writeReply(response, reply));
}

function writeReply(response: ServerResponse, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  const headers: Record<string, string | number> = {
    ...reply.headers,
    "content-length": reply.body.byteLength,
  };
  // With a header of ours node says nothing of its own: a client that waits for the end would wait in vain.
  if (reply.headers.connection !== undefined && !response.shouldKeepAlive) {
    headers.connection = `${reply.headers.connection}, close`;
  }
  response.writeHead(reply.status, headers);
  if (response.req.method === "HEAD") response.end();
  else response.end(reply.body);
}

/** Answers an upgrade with a refusal and ends its socket, at the latest after REFUSAL_TIMEOUT_MS. */
export function refuseUpgrade(socket: Duplex, reply: Reply): void {
  if (socket.destroyed) return;
  const lines = [
    `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ""}`,
    ...Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${reply.body.byteLength}`,
    "connection: close",
  ];
  const timer = setTimeout(() => socket.destroy(), REFUSAL_TIMEOUT_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.once("finish", () => socket.destroy());
  socket.write(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.end(reply.body);
}
