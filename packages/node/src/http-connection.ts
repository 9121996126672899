// Plain HTTP requests to one server, one at a time over one connection that is kept alive. A request is never
// repeated here, since nobody knows how much of it was carried out; and no error may show credentials.
import { isUtf8 } from "node:buffer";
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { ChorusError, OptionError } from "@chorus/core";
import { writeCredentials } from "./basic-auth.js";
import { HttpExchange, type WholeReply } from "./http-exchange.js";
import type { TlsOptions } from "./tls-options.js";
import { parseHttpUrl } from "./url.js";

/** One request. */
export interface HttpRequest {
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Appended to the path of the connection's URL; percent-encoded already, begins with "/" unless it is empty. */
  path: string;
  /** JSON text. */
  body?: string | undefined;
}

/** The whole answer to a request. */
export interface HttpReply {
  readonly status: number;
  /** Names in lower case; the values of a repeated one are joined by ", ". */
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

/** Requests to one URL, in the order of the calls. */
export interface HttpConnection {
  /**
   * Sends a request once all earlier ones are answered, connecting if need be; credentials of the URL go with every
   * one. Redirects are not followed, compressed replies not asked for.
   * @throws (rejects) OptionError for a wrong path or method; ChorusError "connection-failed" when the server cannot
   * be reached, ends the connection or answers what is no HTTP or no UTF-8; "timeout"; "too-large" for a reply; or
   * "closed". Whether a request that failed was carried out is not known, except after OptionError.
   */
  request(request: HttpRequest): Promise<HttpReply>;
  /** Ends it; requests under way or waiting reject with "closed". */
  close(): Promise<void>;
}

/** What all connections of a connector share. */
export interface ConnectionSettings {
  requestTimeoutMs: number;
  maxReplyBytes: number;
  tls: TlsOptions;
}

/**
 * How long a connection may be idle: less than the five seconds after which many servers, Node's among them, close
 * it, since a request that crosses such a close fails.
 */
const MAX_IDLE_MS = 3_000;
const JSON_TYPE = "application/json; charset=utf-8";
const METHODS: ReadonlySet<unknown> = new Set(["GET", "PUT", "POST", "DELETE"]);

/** A connection that is kept between requests. */
export class KeptConnection implements HttpConnection {
  readonly #settings: ConnectionSettings;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: HttpAgent;
  #tail: Promise<unknown> = Promise.resolve();
  #exchange: HttpExchange | undefined;
  #closed = false;

  /** Connects with the first request. Throws OptionError for a URL that cannot be used. */
  constructor(url: string, settings: ConnectionSettings) {
    const { url: address, credentials } = parseHttpUrl(url);
    this.#settings = settings;
    this.#url = new URL(address);
    this.#headers = {
      accept: "application/json, */*;q=0.5",
      "accept-encoding": "identity",
      ...(credentials ? { authorization: writeCredentials(credentials) } : {}),
    };
    const options = { keepAlive: true, maxSockets: 1, timeout: MAX_IDLE_MS };
    this.#agent = this.#isSecure() ? new HttpsAgent({ ...options, ...settings.tls }) : new HttpAgent(options);
  }

  async request(request: HttpRequest): Promise<HttpReply> {
    const { method, path, body } = request;
    checkRequest(request);
    const turn = this.#tail.then(() => this.#send({ method, path, body }));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#exchange?.abort(closed());
    this.#agent.destroy();
    await this.#tail;
  }

  #isSecure(): boolean {
    return this.#url.protocol === "https:";
  }

  async #send({ method, path, body }: HttpRequest): Promise<HttpReply> {
    if (this.#closed) throw closed();
    const { pathname, search, href: url } = this.#url;
    const open = this.#isSecure() ? requestHttps : requestHttp;
    const sent = open(this.#url, {
      agent: this.#agent,
      method,
      path: (path === "" ? pathname : pathname.replace(/\/$/, "") + path) + search,
      headers: body === undefined ? this.#headers : { ...this.#headers, "content-type": JSON_TYPE },
    });
    const { requestTimeoutMs, maxReplyBytes } = this.#settings;
    const exchange = new HttpExchange(sent, body, { requestTimeoutMs, maxReplyBytes, url });
    this.#exchange = exchange;
    try {
      return readReply(await exchange.reply, url);
    } finally {
      this.#exchange = undefined;
    }
  }
}

function checkRequest({ method, path, body }: HttpRequest): void {
  if (!METHODS.has(method)) throw new OptionError("method", method, "GET, PUT, POST or DELETE");
  if (typeof path !== "string" || !/^(\/[\x21-\x7e]*)?$/.test(path) || path.includes("#")) {
    throw new OptionError("path", path, 'percent-encoded and empty or begin with "/"');
  }
  if (body !== undefined && typeof body !== "string") throw new OptionError("body", body, "a text");
}

/** The reply as text. An error page may be in whatever encoding; what is read on as data must be UTF-8. */
function readReply({ response, bytes }: WholeReply, url: string): HttpReply {
  const status = response.statusCode ?? 0;
  if (status < 400 && (isEncoded(response) || !isUtf8(bytes))) {
    throw new ChorusError("connection-failed", `the reply of ${url} is compressed or no UTF-8`);
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return { status, headers, body: bytes.toString("utf8") };
}

function isEncoded(response: IncomingMessage): boolean {
  return (response.headers["content-encoding"] ?? "identity").toLowerCase() !== "identity";
}

function closed(): ChorusError {
  return new ChorusError("closed", "the connection is closed");
}
