// Makes connections for plain HTTP requests to peers that speak no WebSocket. Options are checked before anything
// is opened.
import { constants } from "node:buffer";
import { type HttpConnection, KeptConnection } from "./http-connection.js";
import { checkCount, checkDelayMs, checkNames } from "./options.js";
import { TLS_NAMES, type TlsOptions, tlsOptions } from "./tls-options.js";

/** Opens a connection to an http, https, ws (= http) or wss (= https) URL. Throws OptionError for any other. */
export type HttpConnector = (url: string) => HttpConnection;

/** Options of `createHttpConnector`; the TLS ones are for https and wss URLs. */
export interface HttpConnectorOptions extends TlsOptions {
  /** From sending a request, connecting included, to the last byte of its reply. Default 10,000. */
  requestTimeoutMs?: number;
  /** The largest reply that is taken. Default 256 MiB; at most about 512 MiB, what a text may hold. */
  maxReplyBytes?: number;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_REPLY_BYTES = 256 * 1024 * 1024;

/** Makes a connector with settings of its own. Throws OptionError for a wrong option. */
export function createHttpConnector(options: HttpConnectorOptions = {}): HttpConnector {
  checkNames("HTTP options", options, ["requestTimeoutMs", "maxReplyBytes", ...TLS_NAMES]);
  const { requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS, maxReplyBytes = DEFAULT_MAX_REPLY_BYTES } = options;
  const settings = {
    requestTimeoutMs: checkDelayMs("requestTimeoutMs", requestTimeoutMs),
    maxReplyBytes: checkCount("maxReplyBytes", maxReplyBytes, {
      least: 1,
      most: constants.MAX_STRING_LENGTH,
    }),
    tls: tlsOptions(options),
  };
  return (url) => new KeptConnection(url, settings);
}

/** A connector with every option at its default. */
export const connectHttp: HttpConnector = createHttpConnector();
