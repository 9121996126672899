/** Every error Chorus throws, rejects with or emits carries one of these codes; docs/errors.md explains each. */
export type ErrorCode =
  | "invalid-option"
  | "invalid-key"
  | "invalid-value"
  | "invalid-timestamp"
  | "invalid-request"
  | "channel-closed"
  | "listener-failed"
  | "document-damaged"
  | "not-durable"
  | "store-failed"
  | "store-full"
  | "store-locked"
  | "store-unwritable"
  | "store-newer"
  | "store-damaged"
  | "store-copied"
  | "file-failed"
  | "protocol"
  | "unauthorized"
  | "forbidden"
  | "unpeered"
  | "version"
  | "timeout"
  | "too-large"
  | "too-many"
  | "duplicate"
  | "self"
  | "stalled"
  | "replaced"
  | "replica-cloned"
  | "replica-retired"
  | "replica-connected"
  | "divergence"
  | "read-only-peer"
  | "invalid-url"
  | "port-in-use"
  | "listen-failed"
  | "path-in-use"
  | "connection-failed"
  | "no-channel"
  | "not-replicated"
  | "channel-loop"
  | "urls-failed"
  | "write-refused"
  | "closed";

/** An error with a stable `code`; match on the code, never on the message. */
export class ChorusError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ChorusError";
    this.code = code;
  }
}

/** A wrong option or argument: names it, shows its value and says what is allowed. */
export class OptionError extends TypeError {
  readonly code: ErrorCode = "invalid-option";

  constructor(option: string, value: unknown, allowed: string) {
    super(`${option} must be ${allowed}, not ${describe(value)}`);
    this.name = "OptionError";
  }
}

/** A short, safe text for a value in a message: never calls code of the value, never long. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shown(value));
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** What stands before an "@" may be a password: a URL given in a wrong place must not show it. */
function shown(text: string): string {
  const safe = text.slice(text.lastIndexOf("@") + 1);
  const short = safe.length > 60 ? `${safe.slice(0, 60)}…` : safe;
  return safe === text ? short : `…@${short}`;
}
