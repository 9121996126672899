// One request that was begun and its reply, from the events of node:http. Exactly one outcome comes of it, within
// its time, and a connection is kept only after a whole reply. Nothing may be thrown in an event.
import type { ClientRequest, IncomingMessage } from "node:http";
import { ChorusError } from "@chorus/core";
import { failureCode } from "./socket-failure.js";

/** What bounds one exchange. */
export interface ExchangeLimits {
  /** From the sending, connecting included, to the last byte of the reply. */
  requestTimeoutMs: number;
  maxReplyBytes: number;
  /** For messages: without credentials. */
  url: string;
}

/** A reply whose bytes have all come. */
export interface WholeReply {
  response: IncomingMessage;
  bytes: Buffer;
}

interface Outcome {
  resolve(reply: WholeReply): void;
  reject(error: ChorusError): void;
}

/** One request and its reply. */
export class HttpExchange {
  /** Rejects with ChorusError "connection-failed", "timeout", "too-large", or what it was aborted with. */
  readonly reply: Promise<WholeReply>;
  readonly #request: ClientRequest;
  readonly #limits: ExchangeLimits;
  readonly #timer: NodeJS.Timeout;
  /** Undefined once it has come. */
  #outcome: Outcome | undefined;

  /** Sends the body, or ends the request without one. */
  constructor(request: ClientRequest, body: string | undefined, limits: ExchangeLimits) {
    this.#request = request;
    this.#limits = limits;
    this.reply = new Promise((resolve, reject) => {
      this.#outcome = { resolve, reject };
    });
    const { url, requestTimeoutMs } = limits;
    this.#timer = setTimeout(() => {
      this.abort(new ChorusError("timeout", `no whole reply from ${url} within ${requestTimeoutMs} ms`));
    }, requestTimeoutMs);
    request.on("error", this.#broken);
    // Once there is a response it ends by the response's own events, which may come later than this one.
    request.on("close", this.#broken);
    request.on("response", (response) => {
      request.off("close", this.#broken);
      this.#collect(response);
    });
    request.end(body);
  }

  /** Ends it and its connection, unless it has an outcome. */
  abort(error: ChorusError): void {
    const outcome = this.#take();
    if (!outcome) return;
    outcome.reject(error);
    this.#request.destroy();
  }

  readonly #broken = (cause?: unknown): void => {
    const why = failureCode(cause) ?? "the connection ended before a whole reply";
    this.abort(new ChorusError("connection-failed", `a request to ${this.#limits.url} failed: ${why}`));
  };

  #collect(response: IncomingMessage): void {
    const { maxReplyBytes, url } = this.#limits;
    const tooLarge = (): void => {
      this.abort(new ChorusError("too-large", `the reply of ${url} is larger than ${maxReplyBytes} bytes`));
    };
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("error", this.#broken);
    response.on("close", this.#broken);
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxReplyBytes) return tooLarge();
      chunks.push(chunk);
    });
    response.on("end", () => {
      this.#take()?.resolve({ response, bytes: Buffer.concat(chunks) });
    });
    if (Number(response.headers["content-length"] ?? 0) > maxReplyBytes) tooLarge();
  }

  /** The outcome that is still open, if it is, to be settled by the caller. */
  #take(): Outcome | undefined {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    clearTimeout(this.#timer);
    return outcome;
  }
}
