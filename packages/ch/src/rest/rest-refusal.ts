// Why a request is not carried out: the status, a stable code and a sentence, as the reply's body shows them. What went
// wrong inside, above all what a function of the application threw, must never be part of it.
import { ChorusError, type ErrorCode, OptionError } from "@chorus/core";

/** A request that was refused; nothing was changed, unless the store failed after the write (507, 503). */
export interface Refusal {
  readonly kind: "refused";
  readonly status: number;
  readonly code: ErrorCode | "internal-error" | "upgrade-required";
  readonly message: string;
  /** Further headers of the reply, in lower case. */
  readonly headers?: { readonly [name: string]: string };
}

/** A request that says nothing we understand: 400. */
export function invalidRequest(message: string): Refusal {
  return { kind: "refused", status: 400, code: "invalid-request", message };
}

/** The statuses of what the channel or the store refuses; "too-large" and "too-many" are of one key, value or row count. */
const STATUSES: { readonly [code: string]: number } = {
  "invalid-key": 400,
  "invalid-option": 400,
  "invalid-timestamp": 400,
  "invalid-value": 400,
  "too-large": 400,
  "channel-closed": 503,
  closed: 503,
  "no-channel": 503,
  "store-failed": 503,
  "store-full": 507,
};

/** The refusal for an error of ours; undefined for one that the client did not cause and need not understand. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof ChorusError || error instanceof OptionError)) return undefined;
  const status = STATUSES[error.code];
  if (status === undefined) return undefined;
  return { kind: "refused", status, code: error.code, message: error.message };
}

/** The same for an error while a body was read. */
export function bodyRefusal(error: unknown): Refusal | undefined {
  if (!(error instanceof ChorusError)) return undefined;
  const { code, message } = error;
  if (code === "too-large") return { kind: "refused", status: 413, code, message };
  if (code === "too-many") return { kind: "refused", status: 503, code, message };
  return refusalOf(error);
}
