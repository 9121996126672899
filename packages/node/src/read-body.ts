// Reads the body of a request within bounds. Whatever ends the reading, no listener and no byte of a budget may
// stay behind; of a body that is refused the rest is taken in and dropped, since a client that is still sending
// would lose the answer with its connection.
import type { IncomingMessage } from "node:http";
import { ChorusError } from "@chorus/core";
import type { BodyBudget } from "./body-budget.js";
import { checkCount } from "./options.js";

/** What a body may take up. */
export interface BodyLimits {
  /** Bytes of this body. */
  maxBytes: number;
  /** Bytes of all bodies that are being read with the same budget. Default: not bounded together. */
  budget?: BodyBudget | undefined;
}

/** What is dropped of a refused body before the connection is cut. */
const MAX_DROPPED_BYTES = 64 * 1024 * 1024;
const MAX_DROPPING_MS = 10_000;

/**
 * The whole body of a request; an empty Buffer when it has none. To be called once, before anything else reads the
 * request. Its bytes count in the budget as they come and until the promise settles.
 * @throws (rejects) ChorusError "too-large" when this body is, "too-many" when the budget has no room,
 * "connection-failed" when the client goes away first. After the first two the request can still be answered.
 */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const { maxBytes, budget } = limits;
  checkCount("maxBytes", maxBytes, { least: 0, most: 2 ** 31 });
  // Node has checked that the header is one number.
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    dropRest(request);
    return Promise.reject(tooLarge(maxBytes));
  }
  if (request.readableEnded || request.destroyed) return Promise.reject(gone());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (error?: ChorusError): void => {
      request.off("data", taken).off("end", ended).off("close", lost).off("error", lost);
      budget?.giveBack(bytes);
      if (error) reject(error);
      else resolve(Buffer.concat(chunks, bytes));
    };
    const refuse = (error: ChorusError): void => {
      settle(error);
      dropRest(request);
    };
    const taken = (chunk: Buffer): void => {
      if (bytes + chunk.length > maxBytes) return refuse(tooLarge(maxBytes));
      if (budget && !budget.take(chunk.length)) return refuse(tooMany());
      bytes += chunk.length;
      chunks.push(chunk);
    };
    const ended = (): void => settle();
    const lost = (): void => settle(gone());
    request.on("data", taken).on("end", ended).on("close", lost).on("error", lost);
  });
}

/** Takes in and drops what is still to come, within bounds; beyond them the connection is cut. */
function dropRest(request: IncomingMessage): void {
  if (request.readableEnded || request.destroyed) return;
  let bytes = 0;
  const cut = (): void => {
    request.destroy();
  };
  const dropped = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_DROPPED_BYTES) cut();
  };
  const over = (): void => {
    clearTimeout(timer);
    request.off("data", dropped).off("end", over).off("close", over).off("error", over);
  };
  const timer = setTimeout(cut, MAX_DROPPING_MS).unref();
  request.on("data", dropped).on("end", over).on("close", over).on("error", over);
  request.resume();
}

function tooLarge(maxBytes: number): ChorusError {
  return new ChorusError("too-large", `the body is larger than ${maxBytes} bytes`);
}

function tooMany(): ChorusError {
  return new ChorusError("too-many", "too many bytes of bodies are being read");
}

function gone(): ChorusError {
  return new ChorusError("connection-failed", "the client went away before its body was complete");
}
