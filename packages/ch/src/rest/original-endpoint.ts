// The requests that an original OpenAF endpoint understands, one typed method each, over one HTTP connection. Whatever
// comes back is checked to the last field: an original answers failures with status 200 and any text. All that can go
// wrong leaves here as an OriginalFailure, which never quotes what the other side or the connection said.
import { ChorusError, type JsonValue } from "@chorus/core";
import { type HttpConnection, type HttpReply, PROTOCOL_HEADER } from "@chorus/node";
import type { KeyMap } from "../types.js";
import { indexPath } from "./rest-index.js";

/**
 * offline: no answer, or none of an original's. unauthorized: HTTP 401, 403, or reading is refused. chorus: the reply
 * is from a Chorus node, to which a WebSocket can be opened. closed: the connection was closed here.
 */
export type FailureKind = "offline" | "unauthorized" | "chorus" | "closed";

/** Why a request came to nothing. `isGarbage`: something answered, but not as an original does. */
export class OriginalFailure extends Error {
  readonly kind: FailureKind;
  readonly isGarbage: boolean;

  constructor(kind: FailureKind, message: string, isGarbage = false) {
    super(message);
    this.name = "OriginalFailure";
    this.kind = kind;
    this.isGarbage = isGarbage;
  }
}

/** What every reply tells. */
export interface ReplyState {
  /** Milliseconds of the last change, by the original's clock. */
  readonly version: number;
  /** Writes that came to it by REST; undefined before the first. */
  readonly counter: number | undefined;
  /** For want of a permission: nothing was read or written. */
  readonly isRefused: boolean;
  /** When the reply was made, by the original's clock in whole seconds, if it says so. */
  readonly dateMs: number | undefined;
}

export interface Answer<Result> extends ReplyState {
  readonly result: Result;
}

type Index = readonly (readonly [name: string, value: unknown])[];

export class OriginalEndpoint {
  readonly #connection: HttpConnection;
  readonly #noted: (state: ReplyState, wasUnsetAll: boolean) => void;

  /** @param noted told of every good reply, in order; it must not throw */
  constructor(connection: HttpConnection, noted: (state: ReplyState, wasUnsetAll: boolean) => void) {
    this.#connection = connection;
    this.#noted = noted;
  }

  /** How many keys there are. */
  async size(): Promise<Answer<number>> {
    const { result, ...state } = await this.#read([["o", "l"]]);
    if (typeof result !== "number") throw garbage();
    return { ...state, result };
  }

  keys(): Promise<Answer<readonly unknown[]>> {
    return this.#readArray("k");
  }

  rows(): Promise<Answer<readonly unknown[]>> {
    return this.#readArray("a");
  }

  /** The value of one key; undefined when there is none. */
  get(key: KeyMap): Promise<Answer<unknown>> {
    return this.#read([...ENTRY, ["k", key]]);
  }

  set(key: KeyMap, value: JsonValue, timestampMs: number): Promise<ReplyState> {
    return this.#write("PUT", [...ENTRY, ["k", key], ["t", timestampMs]], value);
  }

  unset(key: KeyMap, timestampMs: number): Promise<ReplyState> {
    return this.#write("DELETE", [...ENTRY, ["k", key], ["t", timestampMs]]);
  }

  setAll(fields: readonly string[], rows: readonly JsonValue[], timestampMs: number): Promise<ReplyState> {
    return this.#write(
      "PUT",
      [
        ["o", "a"],
        ["k", fields],
        ["t", timestampMs],
      ],
      [...rows],
    );
  }

  unsetAll(fields: readonly string[], rows: readonly KeyMap[], timestampMs: number): Promise<ReplyState> {
    return this.#write(
      "PUT",
      [
        ["o", "ua"],
        ["k", fields],
        ["t", timestampMs],
      ],
      [...rows],
      true,
    );
  }

  /** Ends the connection. Never rejects. */
  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined);
  }

  async #readArray(what: "k" | "a"): Promise<Answer<readonly unknown[]>> {
    const { result, ...state } = await this.#read([["o", what]]);
    if (!Array.isArray(result)) throw garbage();
    return { ...state, result };
  }

  async #read(index: Index): Promise<Answer<unknown>> {
    const reply = await this.#request("GET", index);
    const { result, ...state } = parseReply(reply);
    if (state.isRefused) throw new OriginalFailure("unauthorized", "reading is refused");
    this.#noted(state, false);
    return { ...state, result };
  }

  async #write(
    method: "PUT" | "DELETE",
    index: Index,
    body?: JsonValue,
    wasUnsetAll = false,
  ): Promise<ReplyState> {
    const reply = await this.#request(method, index, body);
    const { result: _, ...state } = parseReply(reply);
    if (state.counter === undefined) throw garbage();
    if (!state.isRefused) this.#noted(state, wasUnsetAll);
    return state;
  }

  async #request(method: "GET" | "PUT" | "DELETE", index: Index, body?: JsonValue): Promise<HttpReply> {
    const path = indexPath(index);
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    let reply: HttpReply;
    try {
      reply = await this.#connection.request({ method, path, ...text });
    } catch (error) {
      const wasClosed = error instanceof ChorusError && error.code === "closed";
      throw new OriginalFailure(wasClosed ? "closed" : "offline", "the request failed");
    }
    assertOriginal(reply);
    return reply;
  }
}

const ENTRY: Index = [["o", "e"]];

function assertOriginal({ status, headers }: HttpReply): void {
  if (headers[PROTOCOL_HEADER] !== undefined) throw new OriginalFailure("chorus", "a Chorus node answered");
  if (status === 401 || status === 403) throw new OriginalFailure("unauthorized", `HTTP ${status}`);
  if (status !== 200) throw new OriginalFailure("offline", `HTTP ${status}`, status < 500);
}

function parseReply({ body, headers }: HttpReply): Answer<unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw garbage();
  }
  if (typeof parsed !== "object" || parsed === null) throw garbage();
  const { l, v, c, r } = parsed as { l?: unknown; v?: unknown; c?: unknown; r?: unknown };
  if (!Number.isSafeInteger(l) || !isVersion(v)) throw garbage();
  // As a number: in replies to GET a counter comes as an object, which an unsetAll may have brought below 0.
  const isRefused = c === -1;
  const date = Date.parse(headers.date ?? "");
  const dateMs = Number.isFinite(date) ? date : undefined;
  return { version: v, counter: counterOf(c), isRefused, dateMs, result: r };
}

/** A whole number of milliseconds that can be a time. */
function isVersion(version: unknown): version is number {
  return Number.isSafeInteger(version) && (version as number) >= 0;
}

/** In replies to GET the original writes its counter as an object with a text. */
function counterOf(counter: unknown): number | undefined {
  if (counter === undefined) return undefined;
  const wrapped = typeof counter === "object" && counter !== null ? (counter as { v?: unknown }).v : counter;
  const isText = typeof wrapped === "string" && /^-?\d{1,15}$/.test(wrapped);
  const number = isText ? Number(wrapped) : wrapped;
  if (!Number.isSafeInteger(number)) throw garbage();
  return number as number;
}

function garbage(): OriginalFailure {
  return new OriginalFailure("offline", "the answer is not that of an OpenAF channel", true);
}
