// Opens outbound WebSockets for core's links. Credentials leave the URL here, go into one header and nowhere
// else; redirects are never followed, since they could carry that header to another host.
import { createSecureContext } from "node:tls";
import { type Dialler, OptionError, type Transport } from "@chorus/core";
import { type ClientOptions, WebSocket } from "ws";
import { writeCredentials } from "./basic-auth.js";
import { checkDelayMs, checkFrameBytes, checkNames } from "./options.js";
import { parsePeerUrl } from "./url.js";
import { DEFAULT_MAX_FRAME_BYTES, SUBPROTOCOL, socketOptions, WebSocketTransport } from "./ws-transport.js";

/** PEM text or bytes, or several of them, as node:tls takes them. */
export type Pem = string | Buffer | (string | Buffer)[];

/** Options of `createDialler`; the TLS ones are for https and wss URLs and go to node:tls as they are. */
export interface DiallerOptions {
  /** From dialling to an open WebSocket, name lookup and TLS included. Default 10,000. */
  handshakeTimeoutMs?: number;
  /** The largest frame accepted from the peer; a larger one closes with 1009. Default 4 MiB. */
  maxFrameBytes?: number;
  /** Authorities to trust instead of the well-known ones. */
  ca?: Pem;
  /** Own certificate chain, for servers that ask for one. */
  cert?: Pem;
  /** Private key of `cert`. */
  key?: Pem;
  /** Whether a server certificate that cannot be verified ends the connection. Default true. */
  rejectUnauthorized?: boolean;
}

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
const TLS_NAMES = ["ca", "cert", "key", "rejectUnauthorized"] as const;

/**
 * Makes a dialler with settings of its own. Throws OptionError for a wrong option; the dialler throws
 * OptionError for a URL that cannot be dialled. HTTP 401 and 403 come as close codes 4401 and 4403, other
 * answers and failures as 1006 with a reason such as "HTTP 404" or "connection failed: ECONNREFUSED".
 */
export function createDialler(options: DiallerOptions = {}): Dialler {
  checkNames("dialler options", options, ["handshakeTimeoutMs", "maxFrameBytes", ...TLS_NAMES]);
  const timeoutMs = checkDelayMs(
    "handshakeTimeoutMs",
    options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
  );
  const settings: ClientOptions = {
    ...socketOptions(checkFrameBytes(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES)),
    ...tlsOptions(options),
    followRedirects: false,
  };
  return (url) => dial(url, settings, timeoutMs);
}

/** A dialler with every option at its default. */
export const dialWebSocket: Dialler = createDialler();

function tlsOptions(options: DiallerOptions): ClientOptions {
  const { rejectUnauthorized = true } = options;
  if (typeof rejectUnauthorized !== "boolean") {
    throw new OptionError("rejectUnauthorized", rejectUnauthorized, "true or false");
  }
  const chosen: ClientOptions = { rejectUnauthorized };
  for (const name of ["ca", "cert", "key"] as const) {
    const value = options[name];
    if (value === undefined) continue;
    // The value is not shown: it may be a private key.
    if (!isPem(value)) throw new OptionError(name, typeof value, "PEM text, a Buffer or an array of them");
    chosen[name] = value;
  }
  try {
    // Found here, or else every dial would throw.
    createSecureContext(chosen);
  } catch {
    throw new OptionError(
      "ca, cert and key",
      "unusable PEM",
      "a certificate chain and its key, and authorities",
    );
  }
  return chosen;
}

function isPem(value: unknown): value is Pem {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.every((item) => (typeof item === "string" && item !== "") || Buffer.isBuffer(item));
}

function dial(url: string, settings: ClientOptions, timeoutMs: number): Transport {
  const address = parsePeerUrl(url);
  const { credentials } = address;
  const headers: Record<string, string> = credentials ? { Authorization: writeCredentials(credentials) } : {};
  const socket = new WebSocket(address.url, [SUBPROTOCOL], { ...settings, headers });
  const secrets = credentials ? [credentials.password, headers.Authorization?.slice(6) ?? ""] : [];
  const transport = new WebSocketTransport(socket, secrets);
  // ws's own handshake timeout counts silence: a server that trickles bytes would hold it open for ever.
  const timer = setTimeout(() => transport.fail({ code: 1006, reason: "handshake timed out" }), timeoutMs);
  socket.once("open", () => clearTimeout(timer));
  socket.once("close", () => clearTimeout(timer));
  socket.on("unexpected-response", (_request, response) => {
    transport.fail(refusalOf(response.statusCode ?? 0));
  });
  return transport;
}

function refusalOf(status: number): { code: number; reason: string } {
  const code = status === 401 ? 4401 : status === 403 ? 4403 : 1006;
  return { code, reason: `HTTP ${status}` };
}
