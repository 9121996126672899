// Opens outbound WebSockets for core's links. Credentials leave the URL here, go into one header and nowhere
// else; redirects are never followed, since they could carry that header to another host.
import type { Dialler, Transport } from "@chorus/core";
import { type ClientOptions, WebSocket } from "ws";
import { writeCredentials } from "./basic-auth.js";
import { checkDelayMs, checkFrameBytes, checkNames } from "./options.js";
import { TLS_NAMES, type TlsOptions, tlsOptions } from "./tls-options.js";
import { parsePeerUrl } from "./url.js";
import { SUBPROTOCOL } from "./protocol.js";
import { DEFAULT_MAX_FRAME_BYTES, socketOptions, WebSocketTransport } from "./ws-transport.js";

/**
 * The close code of a transport whose server answered the upgrade like any other request: it knows no WebSocket at
 * this path, so another protocol may be tried there. The reason is such as "HTTP 404".
 */
export const NO_UPGRADE_CODE = 4426;

/** Options of `createDialler`; the TLS ones are for https and wss URLs. */
export interface DiallerOptions extends TlsOptions {
  /** From dialling to an open WebSocket, name lookup and TLS included. Default 10,000. */
  handshakeTimeoutMs?: number;
  /** The largest frame accepted from the peer; a larger one closes with 1009. Default 4 MiB. */
  maxFrameBytes?: number;
}

const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** Answers that say nothing of WebSocket; beside them all of 500 and above. */
const REFUSAL_CODES: ReadonlyMap<number, number> = new Map([
  [401, 4401],
  [403, 4403],
  [408, 1006],
  [429, 1006],
]);

/**
 * Makes a dialler with settings of its own. Throws OptionError for a wrong option; the dialler throws
 * OptionError for a URL that cannot be dialled. HTTP 401 and 403 come as close codes 4401 and 4403; 408, 429, 5xx
 * and failures as 1006 with a reason such as "HTTP 503" or "connection failed: ECONNREFUSED"; all other answers
 * as NO_UPGRADE_CODE.
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
  return {
    code: REFUSAL_CODES.get(status) ?? (status >= 500 ? 1006 : NO_UPGRADE_CODE),
    reason: `HTTP ${status}`,
  };
}
