// Tells the application's log function who asked for what, before it is done. Whatever that function does, the request
// goes on as if it were not there, and no error shows a password.
import { ChorusError } from "@chorus/core";
import type { IncomingMessage } from "node:http";
import type { AuditEvent, AuditFunction, ChRequest } from "../types.js";

export interface AuditOptions {
  /** The channel. */
  readonly name: string;
  /** Undefined: nobody wants to know. */
  readonly log: AuditFunction | undefined;
  readonly onError: (error: ChorusError) => void;
}

export class Audit {
  readonly #options: AuditOptions;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** An operation of an admitted request. */
  asked(op: "GET" | "SET" | "REMOVE" | "CREATE", request: ChRequest): void {
    this.#tell({ name: this.#options.name, op, request, user: request.user });
  }

  /** Whether credentials were admitted. @param user the name that was sent, if one could be read */
  checked(op: "AUTH_OK" | "AUTH_NOT_OK", request: ChRequest, user: string | undefined): void {
    this.#tell({ name: this.#options.name, op, request, user });
  }

  #tell(event: AuditEvent): void {
    const { log } = this.#options;
    if (log === undefined) return;
    try {
      const result = log(event);
      if (result instanceof Promise) result.catch((error) => this.#failed(error, event.request));
    } catch (error) {
      this.#failed(error, event.request);
    }
  }

  #failed(error: unknown, request: IncomingMessage): void {
    this.#options.onError(
      new ChorusError("listener-failed", `the log function failed: ${withoutSecrets(error, request)}`),
    );
  }
}

/** What was thrown as a short text; another one when it repeats what the request's credentials are made of. */
function withoutSecrets(error: unknown, { headers }: IncomingMessage): string {
  try {
    const text = error instanceof Error ? error.message : String(error);
    const token = headers.authorization?.split(" ").at(-1) ?? "";
    const decoded = Buffer.from(token, "base64").toString("utf8");
    const password = decoded.slice(decoded.indexOf(":") + 1);
    const repeats = [token, password].some((secret) => secret !== "" && text.includes(secret));
    return repeats ? "(its error repeats the credentials)" : text.slice(0, 200);
  } catch {
    return "(its error cannot be shown)";
  }
}
