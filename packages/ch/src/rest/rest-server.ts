// Serves one channel to OpenAF's REST clients, on all paths where it is exposed: permission, body, audit, the operation,
// and the reply once the store has it. What the operations do is in rest-operations.ts; no error of a request escapes.
import type { IncomingMessage, ServerResponse } from "node:http";
import { ChorusError, type Runtime } from "@chorus/core";
import { type BodyBudget, type OnRequest, type Permission, readBody } from "@chorus/node";
import { listenerFailure } from "../errors.js";
import { wrapKey } from "../keys.js";
import type { AuditEvent, ChRequest } from "../types.js";
import type { ClientClocks } from "./client-clocks.js";
import { indexPath } from "./rest-index.js";
import { carryOut, type CountedTarget, refusedReply, type ReplyMap, settled } from "./rest-operations.js";
import { bodyRefusal, type Refusal, refusalOf } from "./rest-refusal.js";
import { isWrite, needsBody, parseHead, type RestHead, withBody, type WriteTime } from "./rest-request.js";
import { closing, refuse, reply, tooMany, webSocketPath } from "./rest-reply.js";
import type { RestTarget } from "./rest-target.js";

/** The time that a write gets when nobody knows when it was made: it wins over nothing that is known. */
const UNKNOWN_TIME_MS = 1;

const NO_BODY = Buffer.alloc(0);

/** Is told of a request before it is carried out; must not throw. */
export type Audit = (event: AuditEvent) => void;

/** What the server of one channel is made of. */
export interface RestServerOptions {
  readonly target: RestTarget;
  readonly runtime: Pick<Runtime, "now" | "later">;
  readonly clocks: ClientClocks;
  /** What one body, and all that are being read together, may take. */
  readonly bodies: { readonly maxBytes: number; readonly budget: BodyBudget };
  readonly audit: Audit;
  readonly onError: (error: ChorusError) => void;
}

/** A request that was let in. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly grant: Permission;
  readonly subpath: string;
}

/** Serves one channel to clients of OpenAF's REST dialect. */
export class RestServer {
  readonly #options: RestServerOptions;
  readonly #counted: CountedTarget;
  #closed = false;

  constructor(options: RestServerOptions) {
    this.#options = options;
    this.#counted = { target: options.target, writes: 0 };
  }

  /** What answers requests on an exposed path (decoded). Never rejects. */
  handler(path: string): OnRequest {
    return async (exchange) => {
      try {
        await this.#answer(exchange, path);
      } catch (error) {
        const { response } = exchange;
        // A client that went away needs no answer and is nobody's fault.
        if (!response.destroyed) refuse(response, refusalOf(error) ?? this.#internal(error));
      }
    };
  }

  /** From now on nothing is carried out any more; requests under way are answered with 503. */
  close(): void {
    this.#closed = true;
  }

  async #answer(exchange: Exchange, path: string): Promise<void> {
    const { request, response, grant } = exchange;
    const arrivalMs = this.#options.runtime.now();
    const method = request.method ?? "";
    const subpath = exchange.subpath === "/" ? "" : exchange.subpath;
    if (subpath === "" && (method === "GET" || method === "HEAD")) return refuse(response, webSocketPath());
    const head = parseHead(method, subpath);
    if (head.kind === "refused") return refuse(response, head);
    this.#tell(method, request);
    if (!grant.includes(isWrite(head) ? "w" : "r"))
      return reply(response, await settled(refusedReply(this.#counted)));
    const body = needsBody(head) ? await this.#body(request) : NO_BODY;
    if ("kind" in body) return refuse(response, body);
    const carried = await this.#carriedOut(head, body, () =>
      isWrite(head) ? this.#timestamp(head.time, request, arrivalMs) : undefined,
    );
    if ("kind" in carried) return refuse(response, carried);
    const answer = await settled(carried);
    if (isWrite(head)) await this.#counted.target.whenStored();
    reply(response, answer, method === "POST" ? { location: locationOf(path, head) } : {});
  }

  /** @param timestamp asked only for what is carried out: it is learnt from */
  async #carriedOut(
    head: RestHead,
    body: Buffer,
    timestamp: () => number | undefined,
  ): Promise<ReplyMap | Refusal> {
    // What was read counts until it is written, since rows wait for their turns.
    const { budget } = this.#options.bodies;
    if (!budget.take(body.length)) return tooMany();
    try {
      const whole = withBody(head, body);
      if (whole.kind === "refused") return whole;
      if (this.#closed) return closing();
      return await carryOut(this.#counted, whole, { timestamp: timestamp(), nextTurn: this.#nextTurn });
    } finally {
      budget.giveBack(body.length);
    }
  }

  readonly #nextTurn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      this.#options.runtime.later(() => {
        if (this.#closed) reject(new ChorusError("closed", "the channel is being destroyed"));
        else resolve();
      });
    });

  async #body(request: IncomingMessage): Promise<Buffer | Refusal> {
    try {
      return await readBody(request, this.#options.bodies);
    } catch (error) {
      const refusal = bodyRefusal(error);
      if (!refusal) throw error;
      return refusal;
    }
  }

  #timestamp(time: WriteTime, request: ChRequest, arrivalMs: number): number | undefined {
    if (time.kind === "now") return undefined;
    if (time.kind === "unknown") return UNKNOWN_TIME_MS;
    // Of several behind one address the user tells some apart.
    const client = `${request.socket.remoteAddress} ${request.user ?? ""}`;
    return this.#options.clocks.timeOf(client, time.sentMs, arrivalMs);
  }

  #tell(method: string, request: ChRequest): void {
    const { name } = this.#counted.target;
    const op = AUDIT_OPS[method as keyof typeof AUDIT_OPS];
    this.#options.audit({ name, op, request, user: request.user });
  }

  /** What a function of the application threw, behind a virtual channel: its text is nothing for strangers. */
  #internal(error: unknown): Refusal {
    this.#options.onError(listenerFailure("a function of the channel, asked by REST,", error));
    const message = "the channel failed to answer";
    return { kind: "refused", status: 500, code: "internal-error", message };
  }
}

const AUDIT_OPS = { GET: "GET", HEAD: "GET", PUT: "SET", POST: "CREATE", DELETE: "REMOVE" } as const;

/** Where what a POST wrote can be read: its entry, or all. A scalar key goes as its map: the text "5" would come back as 5. */
function locationOf(path: string, head: RestHead): string {
  const base = path.replace(/\/$/, "").split("/").map(encodeURIComponent).join("/");
  const isEntry = "key" in head;
  return (
    base +
    (isEntry
      ? indexPath([
          ["o", "e"],
          ["k", wrapKey(head.key)],
        ])
      : indexPath([["o", "a"]]))
  );
}
