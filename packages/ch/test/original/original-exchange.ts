// How the stand-in for the original OpenAF answers one request: authentication, the index in the path, the operations and
// their replies, written from observations. It must never import Chorus or answer better than the original does. Where
// nothing was observed a comment says "assumed".
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { DROPPED, type OriginalChannel, type OriginalMatch } from "./original-channel.js";

/** What an authentication function sees, and may change. */
export interface OriginalRequest {
  /** Decoded. */
  readonly uri: string;
  /** As it was sent. */
  readonly originalURI: string;
  readonly method: string;
  readonly header: IncomingMessage["headers"];
  /** Set by the function: a text with "r" and/or "w". With a function, undefined counts as "rw". */
  channelPermission?: string;
  user?: string;
}

/** The original's reply map; its status is ignored: 401 is sent whatever it says. */
export interface OriginalReplyMap {
  readonly status?: number;
  readonly data?: string;
  readonly mimetype?: string;
  readonly header?: { readonly [name: string]: string };
}

export interface OriginalExposeOptions {
  /** Truthy lets the request in. The original passes the server as third argument; no use was seen for it. */
  readonly auth?: (user: string, password: string, request: OriginalRequest) => unknown;
  readonly unAuth?: (request: OriginalRequest) => OriginalReplyMap;
  /** Stands for a permission set without an authentication function; undefined: everything is allowed. */
  readonly permission?: string;
}

/** A channel under a path. */
export interface Exposure {
  readonly uuid: string;
  readonly channel: OriginalChannel;
  readonly segments: readonly string[];
  readonly options: OriginalExposeOptions;
}

/** The fields of a path by their names. */
export type Index = ReadonlyMap<string, unknown>;

interface ChannelReply {
  l: number;
  v: number;
  c?: unknown;
  r?: unknown;
}

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"];
const RUBBISH = "TypeError: Cannot convert null to an object";

/** One request being answered. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: string;
  #isReplyLost = false;

  constructor(request: IncomingMessage, response: ServerResponse, body: string) {
    this.#request = request;
    this.#response = response;
    this.#body = body;
  }

  /** It will be carried out, and the connection ends instead of a reply. */
  loseReply(): void {
    this.#isReplyLost = true;
  }

  /** Carries it out, if anything is exposed at its path, and answers. */
  run(exposure: Exposure | undefined, index: Index | undefined): void {
    const { method = "GET" } = this.#request;
    // Seen of PATCH; of the others it is assumed.
    if (!METHODS.includes(method)) return void this.#request.socket.destroy();
    if (exposure === undefined) return this.#send(401, "", {});
    const permission = this.#admit(exposure);
    if (permission === undefined) return;
    if (method === "HEAD") return this.#sendMalformed();
    this.#sendReply(() => reply({ method, exposure, permission, body: this.#body }, index ?? new Map()));
  }

  /** @returns what the caller may do, or undefined after the refusal was sent */
  #admit({ options, channel }: Exposure): string | undefined {
    const { auth, unAuth, permission } = options;
    if (auth === undefined) return permission ?? "rw";
    const { url = "/", method = "GET", headers } = this.#request;
    const seen: OriginalRequest = { uri: decode(url), originalURI: url, method, header: headers };
    const header = headers.authorization;
    if (header !== undefined) {
      // Split at every colon and only two pieces used: a password with a colon is cut.
      const text = Buffer.from(header.replace(/^Basic /i, ""), "base64").toString();
      const [user = "", password = ""] = text.split(":");
      if (auth(user, password, seen)) return seen.channelPermission ?? permission ?? "rw";
    }
    const map = unAuth?.(seen) ?? {};
    const type = map.mimetype ?? "text/plain";
    const challenge = { "WWW-Authenticate": `Basic realm="${channel.name}"` };
    this.#send(401, map.data ?? "Not authorized.", { ...map.header, "Content-Type": type, ...challenge });
    return undefined;
  }

  #sendReply(run: () => unknown): void {
    let answer: unknown;
    try {
      answer = run();
    } catch {
      // Seen of GETs; that writes answer alike is assumed.
      return this.#send(200, RUBBISH, { "Content-Type": "text/plain" });
    }
    const location = this.#request.method === "POST" ? { Location: this.#request.url ?? "/" } : {};
    this.#send(200, JSON.stringify(answer), {
      "Content-Type": "application/json; charset=utf-8",
      ...location,
    });
  }

  #send(status: number, text: string, headers: { readonly [name: string]: string }): void {
    if (this.#isReplyLost) return void this.#request.socket.destroy();
    const isPlain = headers["Content-Type"]?.startsWith("text/plain") === true;
    const { "accept-encoding": accepted = "" } = this.#request.headers;
    if (isPlain && accepted.includes("gzip")) {
      // Without a length: chunked, as plain text was seen to come.
      this.#response.writeHead(status, {
        ...headers,
        Connection: "keep-alive",
        "Content-Encoding": "gzip",
        "Transfer-Encoding": "chunked",
      });
      this.#response.end(gzipSync(text));
      return;
    }
    const length = String(Buffer.byteLength(text));
    this.#response.writeHead(status, { ...headers, Connection: "keep-alive", "Content-Length": length });
    this.#response.end(text);
  }

  /** A HEAD was answered with something no client could read; what exactly is assumed. */
  #sendMalformed(): void {
    this.#request.socket.end("HTTP/1.1 200\r\nContent-Length: -1\r\n\r\n{}");
  }
}

interface Call {
  readonly method: string;
  readonly exposure: Exposure;
  readonly permission: string;
  readonly body: string;
}

function reply(call: Call, index: Index): unknown {
  const { channel } = call.exposure;
  const op = index.get("o");
  const isRead = call.method === "GET";
  const ops = isRead ? readings : call.method === "DELETE" ? removals : writings;
  const run = typeof op === "string" ? ops.get(op) : undefined;
  if (run === undefined) return {};
  if (!call.permission.includes(isRead ? "r" : "w")) return { ...state(channel), c: -1, r: {} };
  const result = run({ channel, index, body: parseBody(call.body), uuid: call.exposure.uuid });
  const answer: ChannelReply = state(channel);
  const { counter } = channel;
  // The original serialises its counter as it is when it has not just been counted up.
  if (counter !== undefined) answer.c = isRead ? { v: String(counter) } : counter;
  if (result !== undefined) answer.r = result === DROPPED ? {} : result;
  return answer;
}

function state(channel: OriginalChannel): ChannelReply {
  return { l: channel.size, v: channel.version };
}

interface Action {
  readonly channel: OriginalChannel;
  readonly index: Index;
  readonly body: unknown;
  readonly uuid: string;
}

/** What is returned is `r`; undefined leaves it out. */
type Run = (action: Action) => unknown;

const readings = new Map<string, Run>([
  ["e", ({ channel, index }) => channel.get(index.get("k"))],
  ["a", ({ channel }) => channel.getAll()],
  ["k", ({ channel }) => channel.getKeys()],
  ["s", ({ channel }) => channel.getSortedKeys()],
  ["l", ({ channel }) => channel.size],
]);

const writings = new Map<string, Run>([
  ["e", counted(({ channel, index, body, ...rest }) => channel.set(index.get("k"), body, at(index, rest)))],
  ["es", counted(getSet)],
  [
    "a",
    counted(
      ({ channel, index, body, ...rest }) => void channel.setAll(index.get("k"), body, at(index, rest)),
    ),
  ],
  [
    "ua",
    counted(
      ({ channel, index, body, ...rest }) => void channel.unsetAll(index.get("k"), body, at(index, rest)),
      -1,
    ),
  ],
  ["r", counted(replaceAll)],
]);

const removals = new Map<string, Run>([
  [
    "e",
    counted(({ channel, index, ...rest }) => {
      channel.unset(index.get("k"), at(index, rest));
      return {};
    }),
  ],
]);

function getSet({ channel, index, body, ...rest }: Action): unknown {
  const match = index.get("m") as OriginalMatch;
  return channel.getSet({ match, key: index.get("k") }, body, at(index, rest));
}

/** Looks for the keys to keep by object identity, never finds one, and so removes all: read in the source, never run. */
function replaceAll({ channel, index, body, ...rest }: Action): void {
  channel.setAll(index.get("k"), body, at(index, rest));
  for (const key of channel.getKeys()) channel.unset(key, at(index, rest));
}

function at(index: Index, { uuid }: { readonly uuid: string }): { timestamp: unknown; uuid: string } {
  return { timestamp: index.get("t"), uuid };
}

/** Counts what was carried out; unsetAll counts down. That a failed write is not counted is assumed. */
function counted(run: Run, step = 1): Run {
  return (action) => {
    const result = run(action);
    action.channel.counter = (action.channel.counter ?? 0) + step;
    return result;
  };
}

/** Name, value, name, value of the still encoded target; undefined when it cannot be read. */
export function parseIndex(target: string, skip: number): Index | undefined {
  const parts = target.split("/").slice(1 + skip);
  if (parts.length % 2 !== 0) return undefined;
  try {
    const decoded = parts.map(decodeURIComponent);
    return new Map(
      decoded.flatMap((name, at) => (at % 2 === 0 ? [[name, parsed(decoded[at + 1] ?? "")]] : [])),
    );
  } catch {
    return undefined;
  }
}

/** What is no JSON stays a text: "undefined" too. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
