// Carries a typed request out on a channel and makes the reply as OpenAF gives it. Pure but for the channel: it knows no
// HTTP. Of a request that the channel refuses nothing may remain.
import type { JsonValue } from "@chorus/core";
import type { CallDetails } from "../channel-data.js";
import { keyText, wrapKey } from "../keys.js";
import { wrapValue } from "../wrapping.js";
import {
  isWrite,
  type RestRequest,
  type RowsRequest,
  type SetRequest,
  type WriteRequest,
} from "./rest-request.js";
import { type NextTurn, writeRows } from "./rest-rows.js";
import type { RestTarget } from "./rest-target.js";

/** The reply: size, version, count of writes by REST and result. What is undefined is left out of the JSON. */
export interface ReplyMap {
  readonly l: number;
  readonly v: number;
  readonly c: number | undefined;
  readonly r: unknown;
}

/** A channel as one server of it sees it: with the count of its writes. */
export interface CountedTarget {
  readonly target: RestTarget;
  /** Writes by REST so far. */
  writes: number;
}

/** How a request is carried out. */
export interface Carrying {
  /** The time of a write in milliseconds; undefined: now. */
  readonly timestamp: number | undefined;
  readonly nextTurn: NextTurn;
}

/**
 * Does what the request asks for, in this turn unless it has many rows.
 * @throws (rejects) what the channel throws; then nothing was changed, unless the channel or its store ended meanwhile
 */
export async function carryOut(
  counted: CountedTarget,
  request: RestRequest,
  { timestamp, nextTurn }: Carrying,
): Promise<ReplyMap> {
  const { target } = counted;
  if (!isWrite(request)) return replyMap(counted, read(target, request));
  const details: CallDetails = { timestamp, uuid: target.uuid, origin: "rest" };
  const result = isOfRows(request)
    ? await writeRows(target, request, { details, nextTurn })
    : write(target, request as EntryRequest, details);
  counted.writes++;
  return replyMap(counted, result);
}

/** The reply to a request that the client is not permitted. */
export function refusedReply({ target }: CountedTarget): ReplyMap {
  return { l: target.data.size, v: target.version, c: -1, r: {} };
}

/**
 * The reply once everything in it is there: functions behind a virtual channel may return promises.
 * @throws (rejects) what they reject with; none of the rejections is left alone
 */
export async function settled({ l, v, c, r }: ReplyMap): Promise<ReplyMap> {
  const result = Array.isArray(r) && r.some((one) => one instanceof Promise) ? Promise.all(r) : r;
  const [size, found] = await Promise.all([l, result]);
  return { l: size, v, c, r: found };
}

function replyMap({ target, writes }: CountedTarget, r: unknown): ReplyMap {
  return { l: target.data.size, v: target.version, c: writes > 0 ? writes : undefined, r };
}

function read({ data }: RestTarget, request: Exclude<RestRequest, WriteRequest>): unknown {
  switch (request.kind) {
    case "get":
      return data.get(request.key);
    case "values":
      return data.values();
    case "keys":
      return data.keys();
    case "sortedKeys":
      return data.sortedKeys();
    case "size":
      return data.size;
  }
}

type EntryRequest = Exclude<WriteRequest, RowsRequest>;

function isOfRows(request: RestRequest): request is RowsRequest {
  return "rows" in request;
}

function write(target: RestTarget, request: EntryRequest, details: CallDetails): unknown {
  const { data } = target;
  switch (request.kind) {
    case "set":
      return set(target, request, details);
    case "setMatching":
      return data.setMatching([request.match, request.key, request.value], details);
    case "unset":
      target.heard(keyText(wrapKey(request.key)), undefined, false);
      data.unset(request.key, details);
      return {};
  }
}

/** The key map, also when a later entry stays: for OpenAF a write never fails. */
function set(target: RestTarget, { key, value, time }: SetRequest, details: CallDetails): unknown {
  const keyMap = wrapKey(key);
  target.heard(keyText(keyMap), wrapValue(key, value) as JsonValue, time.kind === "unknown");
  return target.data.set(key, value, details) ?? keyMap;
}
