// The HTTP replies of the REST server: reply maps, refusals, and the header that tells us from an original. Never throws
// for a client that is gone.
import type { ServerResponse } from "node:http";
import { jsonReply, PROTOCOL_HEADERS, sendReply } from "@chorus/node";
import type { ReplyMap } from "./rest-operations.js";
import type { Refusal } from "./rest-refusal.js";

/** Answers with what became of an operation. */
export function reply(
  response: ServerResponse,
  map: ReplyMap,
  headers: { [name: string]: string } = {},
): void {
  send(response, { status: 200, body: map, headers });
}

/** Answers with why nothing became of it. */
export function refuse(response: ServerResponse, { status, code, message, headers = {} }: Refusal): void {
  send(response, { status, body: { error: code, message }, headers });
}

function send(
  response: ServerResponse,
  { status, body, headers }: { status: number; body: object; headers: { readonly [name: string]: string } },
): void {
  const made = jsonReply(status, body);
  Object.assign(made.headers, PROTOCOL_HEADERS, headers);
  sendReply(response, made);
}

/** The reply to a request for the path of the channel itself. */
export function webSocketPath(): Refusal {
  const message = "this path speaks WebSocket, and OpenAF's REST dialect below it, such as /o/l";
  const headers = { upgrade: "websocket", connection: "upgrade" };
  return { kind: "refused", status: 426, code: "upgrade-required", message, headers };
}

/** The reply to a request that the end of its channel has overtaken. */
export function closing(): Refusal {
  return { kind: "refused", status: 503, code: "closed", message: "the channel is being destroyed" };
}

/** The reply to a request whose body was read, while others take up what bodies may. */
export function tooMany(): Refusal {
  const message = "too many bytes of bodies are being written";
  return { kind: "refused", status: 503, code: "too-many", message };
}
