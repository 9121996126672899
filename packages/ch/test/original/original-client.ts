// A stand-in for how the original OpenAF sends requests, and for its remote channels (createRemote), written from
// observations. A test double: it must never import Chorus, nor throw where the original returns a map with an error.
// One thing is better than in the original: it left the connection of every request open, here they are closed, or tests
// would run out of descriptors as it did.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { wrapKey, wrapValue } from "./original-channel.js";

export interface OriginalClientOptions {
  /** After so long without an answer a request has failed; in milliseconds. Default 10,000, as the original. */
  readonly timeoutMs?: number;
  /** Instead of the credentials of the URL. */
  readonly login?: string;
  readonly pass?: string;
  /** The clock of the sending process. Default: this one's. */
  readonly now?: () => number;
}

export interface OriginalCall {
  readonly method: string;
  /** Encoded; appended to the URL's path. */
  readonly path: string;
  readonly body?: unknown;
}

/** What came back: the body, parsed when it is JSON; or what went wrong, as a map. */
export interface OriginalAnswer {
  /** Undefined when nothing came back. */
  readonly status?: number;
  readonly headers?: IncomingMessage["headers"];
  /** Parsed JSON, otherwise the text. */
  readonly body?: unknown;
  readonly error?: string;
}

const HEADERS = {
  "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)",
  Accept: "*/*",
  Connection: "Keep-Alive",
  "Accept-Encoding": "gzip",
};

/** Index fields, in the order in which they go into the path. */
export type IndexField = readonly [name: string, value: unknown];

/** "/o/e/k/%7B…": maps and arrays as JSON, everything else as its text. */
export function writeIndex(fields: readonly IndexField[]): string {
  return fields
    .map(([name, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return `/${encodeURIComponent(name)}/${encodeURIComponent(text)}`;
    })
    .join("");
}

/** Sends requests to one URL. */
export class OriginalClient {
  readonly #url: URL;
  readonly #timeoutMs: number;
  readonly #authorization: string | undefined;
  readonly #open = new Set<ClientRequest>();

  constructor(url: string, options: OriginalClientOptions = {}) {
    this.#url = new URL(url);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    const user = options.login ?? decodeURIComponent(this.#url.username);
    const password = options.pass ?? decodeURIComponent(this.#url.password);
    const text = Buffer.from(`${user}:${password}`).toString("base64");
    this.#authorization = user === "" ? undefined : `Basic ${text}`;
  }

  /** Without credentials first; after a 401 with them, at most twice. Never rejects: failures are maps with `error`. */
  async call(call: OriginalCall): Promise<OriginalAnswer> {
    let answer = await this.#send(call, undefined);
    for (let tries = 0; tries < 2 && answer.status === 401 && this.#authorization; tries++) {
      answer = await this.#send(call, this.#authorization);
    }
    return answer.status === 401 ? { ...answer, error: "401" } : answer;
  }

  /** For tests: ends the requests under way, as if the process had ended. */
  abort(): void {
    for (const request of this.#open) request.destroy(new Error("ended"));
  }

  #send(call: OriginalCall, authorization: string | undefined): Promise<OriginalAnswer> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const headers: Record<string, string> = { ...HEADERS };
    if (authorization !== undefined) headers.Authorization = authorization;
    if (body !== undefined) {
      headers["Content-Type"] = "application/json; charset=UTF-8";
      headers["Content-Length"] = String(Buffer.byteLength(body));
    }
    return new Promise((resolve) => {
      const request = httpRequest({
        host: this.#url.hostname,
        port: this.#url.port || 80,
        method: call.method,
        path: this.#url.pathname.replace(/\/$/, "") + call.path,
        headers,
        agent: false,
      });
      this.#open.add(request);
      const timer = setTimeout(() => request.destroy(new Error("timeout")), this.#timeoutMs);
      const finish = (answer: OriginalAnswer): void => {
        clearTimeout(timer);
        this.#open.delete(request);
        request.destroy();
        resolve(answer);
      };
      request.on("response", (response) => void read(response).then(finish, fail));
      request.on("error", fail);
      request.end(body);
      function fail(error: Error): void {
        finish({ error: error.message });
      }
    });
  }
}

/** A channel of type "remote": every call is one request or more. Times are the caller's. */
export class OriginalRemote {
  readonly #client: OriginalClient;
  readonly #now: () => number;

  constructor(url: string, options: OriginalClientOptions = {}) {
    // The query of the URL is dropped, as by the original.
    this.#client = new OriginalClient(url.replace(/\?.*$/, ""), options);
    this.#now = options.now ?? Date.now;
  }

  /** @returns what the server says the key is */
  set(key: unknown, value: unknown, timestamp: unknown = this.#now()): Promise<unknown> {
    const fields: IndexField[] = [
      ["o", "e"],
      ["k", wrapKey(key)],
      ["t", timestamp],
    ];
    return this.#write("PUT", fields, wrapValue(key, value));
  }

  /** @returns the key when it matched; a scalar key never does */
  getSet(match: object, key: unknown, value: unknown): Promise<unknown> {
    const fields: IndexField[] = [
      ["o", "es"],
      ["m", match],
      ["k", key],
      ["t", undefined],
    ];
    return this.#write("PUT", fields, wrapValue(key, value));
  }

  setAll(
    fields: readonly string[],
    rows: readonly unknown[],
    timestamp: unknown = this.#now(),
  ): Promise<unknown> {
    return this.#write("PUT", rowsIndex("a", fields, timestamp), rows);
  }

  unsetAll(
    fields: readonly string[],
    rows: readonly unknown[],
    timestamp: unknown = this.#now(),
  ): Promise<unknown> {
    return this.#write("PUT", rowsIndex("ua", fields, timestamp), rows);
  }

  /** The time never gets through: a slip in the original's arguments. */
  unset(key: unknown): Promise<unknown> {
    const fields: IndexField[] = [
      ["o", "e"],
      ["k", wrapKey(key)],
      ["t", undefined],
    ];
    return this.#write("DELETE", fields);
  }

  get(key: unknown): Promise<unknown> {
    const fields: IndexField[] = [
      ["o", "e"],
      ["k", wrapKey(key)],
    ];
    return this.#write("GET", fields);
  }

  async getAll(): Promise<unknown[]> {
    return (await this.#read("a")) as unknown[];
  }

  async getKeys(): Promise<unknown[]> {
    return (await this.#read("k")) as unknown[];
  }

  async getSortedKeys(): Promise<unknown[]> {
    return (await this.#read("s")) as unknown[];
  }

  async size(): Promise<number> {
    return (await this.#read("l")) as number;
  }

  /** One request for the keys and one for each. */
  async forEach(visit: (key: unknown, value: unknown) => unknown): Promise<void> {
    for (const key of await this.getKeys()) await visit(key, await this.get(key));
  }

  pop(): Promise<unknown> {
    return this.#take((keys) => keys.at(-1));
  }

  shift(): Promise<unknown> {
    return this.#take((keys) => keys[0]);
  }

  /** Five requests that nothing holds together: two clients may take the same entry. */
  async #take(choose: (keys: unknown[]) => unknown): Promise<unknown> {
    if ((await this.size()) === 0) return undefined;
    const key = choose(await this.getSortedKeys());
    await this.get(key);
    const value = await this.get(key);
    await this.unset(key);
    return value;
  }

  #read(op: string): Promise<unknown> {
    return this.#write("GET", [["o", op]]);
  }

  /** @returns `r`. @throws Error when there was no answer, or none in JSON: remote channels do throw */
  async #write(method: string, fields: readonly IndexField[], body?: unknown): Promise<unknown> {
    const answer = await this.#client.call({ method, path: writeIndex(fields), body });
    if (answer.error !== undefined) throw new Error(answer.error);
    if (typeof answer.body !== "object" || answer.body === null) throw new Error(String(answer.body));
    return (answer.body as { r?: unknown }).r;
  }
}

function rowsIndex(op: string, fields: readonly string[], timestamp: unknown): IndexField[] {
  return [
    ["o", op],
    ["k", fields],
    ["t", timestamp],
  ];
}

async function read(response: IncomingMessage): Promise<OriginalAnswer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  const isPacked = response.headers["content-encoding"] === "gzip" && bytes.length > 0;
  const text = (isPacked ? gunzipSync(bytes) : bytes).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
