// Carries a typed request out on a channel and makes the reply as OpenAF gives it. Pure but for the channel: it knows no
// HTTP. Of a request that the channel refuses nothing may remain.
import type { JsonValue } from "@chorus/core";
import type { CallDetails } from "../channel-data.js";
import { keyText, wrapKey } from "../keys.js";
import { pickKey, wrapValue } from "../wrapping.js";
import {
  isWrite,
  type RestRequest,
  type RowsRequest,
  type SetRequest,
  type WriteRequest,
} from "./rest-request.js";
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

/**
 * Does what the request asks for. @param timestamp the time of a write in milliseconds; undefined: now
 * @throws what the channel throws; then nothing was changed
 */
export function carryOut(
  counted: CountedTarget,
  request: RestRequest,
  timestamp: number | undefined,
): ReplyMap {
  const { target } = counted;
  if (!isWrite(request)) return replyMap(counted, read(target, request));
  const details: CallDetails = { timestamp, uuid: target.uuid, origin: "rest" };
  const result = write(target, request as WriteRequest, details);
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

function write(target: RestTarget, request: WriteRequest, details: CallDetails): unknown {
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
    case "setRows":
      hearRows(target, request, (row) => row);
      data.setRows(request.fields, request.rows, details);
      return undefined;
    case "unsetRows":
      hearRows(target, request, () => undefined);
      data.unsetRows(request.fields, request.rows, details);
      return undefined;
    case "replaceRows":
      replace(target, request, details);
      return undefined;
  }
}

/** The key map, also when a later entry stays: for OpenAF a write never fails. */
function set(target: RestTarget, { key, value, time }: SetRequest, details: CallDetails): unknown {
  const keyMap = wrapKey(key);
  target.heard(keyText(keyMap), wrapValue(key, value) as JsonValue, time.kind === "unknown");
  return target.data.set(key, value, details) ?? keyMap;
}

/** The rows first: they are checked as a whole, and when one is refused nothing may be removed. */
function replace(target: RestTarget, request: RowsRequest, details: CallDetails): void {
  const { data } = target;
  const kept = new Set(hearRows(target, request, (row) => row));
  const others = data.keys().filter((key) => !kept.has(keyText(wrapKey(key))));
  data.setRows(request.fields, request.rows, details);
  for (const [fields, keys] of byShape(others)) {
    for (const key of keys) target.heard(keyText(key), undefined, false);
    data.unsetRows(fields, keys, details);
  }
}

/** Key maps by their field names, so that each shape goes in one call. */
function byShape(keys: readonly unknown[]): Iterable<[fields: string[], keys: object[]]> {
  const shapes = new Map<string, [string[], object[]]>();
  for (const key of keys) {
    const keyMap = wrapKey(key);
    const fields = Object.keys(keyMap);
    const shape = JSON.stringify(fields);
    const same = shapes.get(shape) ?? [fields, []];
    same[1].push(keyMap);
    shapes.set(shape, same);
  }
  return shapes.values();
}

/** Notes what the client holds. @returns the keys of all rows @throws ChorusError invalid-key */
function hearRows(
  target: RestTarget,
  { fields, rows, time }: RowsRequest,
  heldIn: (row: object) => object | undefined,
): string[] {
  const keys = rows.map((row) => keyText(pickKey(row, fields)));
  for (const [i, key] of keys.entries()) {
    const row = rows[i];
    target.heard(key, row && (heldIn(row) as JsonValue | undefined), time.kind === "unknown");
  }
  return keys;
}
