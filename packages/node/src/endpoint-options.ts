// The options of an endpoint, checked and completed. Nothing here opens or touches a socket.
import { type ChorusError, OptionError } from "@chorus/core";
import { checkCount, checkDelayMs, checkFunction, checkNames, checkText } from "./options.js";

/** How an endpoint listens and what it bears. On a shared port the first endpoint's bounds hold for all. */
export interface EndpointOptions {
  /** Address to bind an own port to. Default: all interfaces. */
  host?: string;
  /** Own port: how long a client may take for the request headers. Default 5,000. */
  headersTimeoutMs?: number;
  /** Own port: how long a client may take for a whole request. Default 10,000. */
  requestTimeoutMs?: number;
  /** WebSockets open at a time on the server; further ones get 503. Default 10,000. */
  maxConnections?: number;
  /** Upgrades and requests being authenticated at a time; further ones get 503. Default 256. */
  maxPendingUpgrades?: number;
  /** How long an `authenticate` hook may take before its silence refuses. Default 5,000. */
  authenticateTimeoutMs?: number;
  /** How long peers may take to answer a close before their sockets are destroyed. Default 1,000. */
  closeGraceMs?: number;
  /** Told of hooks that fail and of errors of an own server. Default: nobody is told. */
  onError?: (error: ChorusError) => void;
}

/** The same with every default filled in. */
export interface EndpointSettings extends Required<Omit<EndpointOptions, "host" | "onError">> {
  host: string | undefined;
  /** Never throws. */
  onError: (error: ChorusError) => void;
}

const NAMES = [
  "host",
  "headersTimeoutMs",
  "requestTimeoutMs",
  "maxConnections",
  "maxPendingUpgrades",
  "authenticateTimeoutMs",
  "closeGraceMs",
  "onError",
];

/** Checks the options of an endpoint. Throws OptionError. */
export function endpointSettings(options: EndpointOptions): EndpointSettings {
  checkNames("endpoint options", options, NAMES);
  checkText("host", options.host);
  checkFunction("onError", options.onError);
  const requestTimeoutMs = checkDelayMs("requestTimeoutMs", options.requestTimeoutMs ?? 10_000);
  const headersTimeoutMs = checkDelayMs(
    "headersTimeoutMs",
    options.headersTimeoutMs ?? Math.min(5_000, requestTimeoutMs),
  );
  if (headersTimeoutMs > requestTimeoutMs) {
    throw new OptionError(
      "headersTimeoutMs",
      headersTimeoutMs,
      `at most requestTimeoutMs (${requestTimeoutMs})`,
    );
  }
  return {
    host: options.host,
    headersTimeoutMs,
    requestTimeoutMs,
    maxConnections: checkBound("maxConnections", options.maxConnections ?? 10_000),
    maxPendingUpgrades: checkBound("maxPendingUpgrades", options.maxPendingUpgrades ?? 256),
    authenticateTimeoutMs: checkDelayMs("authenticateTimeoutMs", options.authenticateTimeoutMs ?? 5_000),
    closeGraceMs: checkDelayMs("closeGraceMs", options.closeGraceMs ?? 1_000),
    onError: quiet(options.onError),
  };
}

function checkBound(option: string, value: unknown): number {
  return checkCount(option, value, { least: 1, most: 1_000_000 });
}

/** A listener that throws must not end up in a socket callback. */
function quiet(listener: EndpointOptions["onError"]): (error: ChorusError) => void {
  return (error) => {
    try {
      listener?.(error);
    } catch {
      // There is nobody left to tell.
    }
  };
}
