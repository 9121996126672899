// Which close code an error has on the wire; the codes follow HTTP (4401 is 401). docs/protocol.md lists them.
import { ChorusError, type ErrorCode } from "./errors.js";

/** Both sides ended in order. */
const NORMAL_CLOSURE = 1000;
/** Something of ours failed that is not the peer's fault. */
const INTERNAL_ERROR = 1011;

const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  closed: NORMAL_CLOSURE,
  protocol: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  unpeered: 4403,
  version: 4406,
  timeout: 4408,
  stalled: 4408,
  duplicate: 4409,
  replaced: 4409,
  self: 4409,
  "replica-cloned": 4409,
  "too-large": 4413,
  "too-many": 4429,
};

/** The close code sent for an error. */
export function closeCodeOf(code: ErrorCode): number {
  return CLOSE_CODES[code] ?? INTERNAL_ERROR;
}

/** The error code behind a peer's error frame or close reason; undefined when it is none that peers send. */
export function errorCodeOf(text: string): ErrorCode | undefined {
  return Object.hasOwn(CLOSE_CODES, text) ? (text as ErrorCode) : undefined;
}

/** Errors that belong to the normal life of connections: no error event for them. */
const QUIET: ReadonlySet<ErrorCode | undefined> = new Set(["closed", "duplicate", "replaced", "self"]);

/** Whether an error, or an end without one, is nothing to report. */
export function isQuiet(code: ErrorCode | undefined): boolean {
  return code === undefined || QUIET.has(code);
}

/** Whatever was thrown, as one of our errors. */
export function asChorusError(error: unknown): ChorusError {
  if (error instanceof ChorusError) return error;
  return new ChorusError("connection-failed", "a connection failed for an unexpected reason", {
    cause: error,
  });
}
