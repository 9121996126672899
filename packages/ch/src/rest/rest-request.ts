// From the method, the path and the body of a request to one typed request, or the refusal. Pure: no sockets, no channel.
// Whatever a client sends, nothing is thrown, and what is let through has every field that its operation needs.
import { keyText, wrapKey } from "../keys.js";
import { checkFieldNames, checkRows, pickKey } from "../wrapping.js";
import { parseBody } from "./json-body.js";
import { parseIndex } from "./rest-index.js";
import { invalidRequest, type Refusal, refusalOf } from "./rest-refusal.js";

/** When a write was made: now; at the client's time in milliseconds; or nobody knows, so it must not win over anything. */
export type WriteTime =
  | { readonly kind: "now" }
  | { readonly kind: "sent"; readonly sentMs: number }
  | { readonly kind: "unknown" };

/** Keys are as the client sent them, a scalar may be one; `data` methods wrap them. */
export interface GetRequest {
  readonly kind: "get";
  readonly key: unknown;
}

/** Asks for all values or keys, or for their number. */
export interface ListRequest {
  readonly kind: "values" | "keys" | "sortedKeys" | "size";
}

/** Removes one entry. */
export interface UnsetRequest {
  readonly kind: "unset";
  readonly key: unknown;
  readonly time: WriteTime;
}

/** Writes `value`; with `match`, a map, only when what is there matches. */
export interface SetRequest {
  readonly kind: "set" | "setMatching";
  readonly key: unknown;
  readonly match: object;
  readonly value: unknown;
  readonly time: WriteTime;
}

/** `replaceRows` removes all other keys as well. */
export interface RowsRequest {
  readonly kind: "setRows" | "unsetRows" | "replaceRows";
  readonly fields: readonly string[];
  readonly rows: readonly object[];
  readonly time: WriteTime;
}

/** What changes data. */
export type WriteRequest = UnsetRequest | SetRequest | RowsRequest;
/** All that can be asked for. */
export type RestRequest = GetRequest | ListRequest | WriteRequest;

/** What is known before the body is read: a request without its value or rows. */
export type RestHead =
  | GetRequest
  | ListRequest
  | UnsetRequest
  | Omit<SetRequest, "value">
  | Omit<RowsRequest, "rows">;

/** The methods that are answered, as an Allow header lists them. */
export const ALLOWED_METHODS = "GET, HEAD, PUT, POST, DELETE";

/** More fields are no key of anybody, but much work for every row. */
const MAX_KEY_FIELDS = 64;
/** The body is parsed in one turn: so many small rows take about 0.1 s, and 0.3 s when no two have the same field names. */
const MAX_ROWS = 250_000;

const LISTS: { readonly [op: string]: ListRequest["kind"] } = {
  a: "values",
  k: "keys",
  s: "sortedKeys",
  l: "size",
};
const ROWS: { readonly [op: string]: RowsRequest["kind"] } = {
  a: "setRows",
  ua: "unsetRows",
  r: "replaceRows",
};

/** What the method and the still encoded path behind the channel's ask for, or why it is refused. */
export function parseHead(method: string, subpath: string): RestHead | Refusal {
  if (!ALLOWED_METHODS.split(", ").includes(method)) {
    const message = `the method must be one of ${ALLOWED_METHODS}`;
    return { ...invalidRequest(message), status: 405, headers: { allow: ALLOWED_METHODS } };
  }
  const index = parseIndex(subpath);
  if (index === undefined)
    return invalidRequest('the path must be made of "/name/value" pairs, without a query');
  try {
    return headOf(method, index) ?? invalidRequest(`there is no such operation with the method ${method}`);
  } catch (error) {
    return refusalOf(error) ?? invalidRequest("the path cannot be understood");
  }
}

/** Whether a request changes data. */
export function isWrite(head: RestHead): head is Exclude<RestHead, GetRequest | ListRequest> {
  return "time" in head;
}

/** Whether the request is complete only with its body. */
export function needsBody(head: RestHead): head is Omit<SetRequest, "value"> | Omit<RowsRequest, "rows"> {
  return isWrite(head) && head.kind !== "unset";
}

/** The whole request; `body` is asked for only where the request needs one. */
export function withBody(head: RestHead, body: Uint8Array): RestRequest | Refusal {
  if (!needsBody(head)) return head;
  const parsed = parseBody(body, "fields" in head ? MAX_ROWS : undefined);
  if (parsed.kind === "refused") return parsed;
  if (!("fields" in head)) return { ...head, value: parsed.value };
  try {
    const rows = checkRows(parsed.value);
    return rowsRefusal(head, rows) ?? { ...head, rows };
  } catch (error) {
    return refusalOf(error) ?? invalidRequest("the rows cannot be understood");
  }
}

/** @throws ChorusError, OptionError for what keys and field names must not be */
function headOf(method: string, index: ReadonlyMap<string, unknown>): RestHead | Refusal | undefined {
  const op = index.get("o");
  if (typeof op !== "string") return undefined;
  if (method === "GET" || method === "HEAD") {
    if (op === "e") return keyOf(index, (key) => ({ kind: "get", key }));
    const kind = Object.hasOwn(LISTS, op) && LISTS[op];
    return kind ? { kind } : undefined;
  }
  const time = timeOf(index);
  if (method === "DELETE") {
    return op === "e" ? keyOf(index, (key) => ({ kind: "unset", key, time })) : undefined;
  }
  if (op === "e") return keyOf(index, (key) => ({ kind: "set", key, match: {}, time }));
  if (op === "es") return matchingHead(index, time);
  const kind = Object.hasOwn(ROWS, op) && ROWS[op];
  return kind ? rowsHead(index, { kind, time }) : undefined;
}

function matchingHead(index: ReadonlyMap<string, unknown>, time: WriteTime): RestHead | Refusal {
  const match = index.get("m");
  if (typeof match !== "object" || match === null || Array.isArray(match)) {
    return invalidRequest('the match ("m") must be a map');
  }
  return keyOf(index, (key) => ({ kind: "setMatching", key, match, time }));
}

function rowsHead(
  index: ReadonlyMap<string, unknown>,
  { kind, time }: { kind: RowsRequest["kind"]; time: WriteTime },
): RestHead | Refusal {
  const fields = checkFieldNames(index.get("k"));
  if (fields.length > MAX_KEY_FIELDS) return invalidRequest(`a key has at most ${MAX_KEY_FIELDS} fields`);
  return { kind, fields, time };
}

/** What `make` makes of the key, once that is checked. @throws ChorusError invalid-key */
function keyOf(index: ReadonlyMap<string, unknown>, make: (key: unknown) => RestHead): RestHead | Refusal {
  if (!index.has("k")) return invalidRequest('the key ("k") is missing');
  const key = index.get("k");
  const text = keyText(wrapKey(key));
  const head = make(key);
  return isWrite(head) && isNobodys(head.time, text === "{}") ? nobodysKey() : head;
}

/** An OpenAF peer sends whole milliseconds; a random uuid when it replays what it holds to a new peer. */
function timeOf(index: ReadonlyMap<string, unknown>): WriteTime {
  const time = index.has("t") ? index.get("t") : "undefined";
  if (time === "undefined") return { kind: "now" };
  return typeof time === "number" && Number.isSafeInteger(time) && time >= 0
    ? { kind: "sent", sentMs: time }
    : { kind: "unknown" };
}

function rowsRefusal(head: Omit<RowsRequest, "rows">, rows: readonly object[]): Refusal | undefined {
  if (head.time.kind !== "unknown") return undefined;
  const hasEmptyKey = rows.some((row) => Object.keys(pickKey(row, head.fields)).length === 0);
  return isNobodys(head.time, hasEmptyKey) ? nobodysKey() : undefined;
}

/** OpenAF makes rows under the key `{}` of its own accord when it replays a channel whose keys have different fields. */
function isNobodys(time: WriteTime, isEmptyKey: boolean): boolean {
  return time.kind === "unknown" && isEmptyKey;
}

function nobodysKey(): Refusal {
  const message = "a key without fields needs the time of the write";
  return { kind: "refused", status: 400, code: "invalid-key", message };
}
