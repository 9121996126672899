// A stand-in for the HTTP side of the original OpenAF: channels exposed under paths of one port, written from
// observations of its requests and replies. A test double: it is as forgiving and as silent about errors as the original
// is, and must never import Chorus or answer better than it. Where nothing was observed a comment says "assumed".
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { OriginalChannel, OriginalClock } from "./original-channel.js";
import { Exchange, type Exposure, type OriginalExposeOptions, parseIndex } from "./original-exchange.js";

export type { OriginalExposeOptions, OriginalReplyMap, OriginalRequest } from "./original-exchange.js";

/** What goes wrong on purpose; all may be changed at any time. */
export interface OriginalFaults {
  /** Requests are read and never answered, nor applied. */
  hang: boolean;
  /** Before a request is looked at, in milliseconds. */
  delayMs: number;
  /** The part of requests, 0 to 1, whose connection ends before they are looked at. */
  dropFraction: number;
  /** The part of requests, 0 to 1, that are carried out and whose connection ends instead of a reply. */
  loseReplyFraction: number;
  /** 0 to 1; replace it by a seeded one where it matters. */
  random: () => number;
}

/** One request as it came in, for tests. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** The op of the index, "" when there is none. */
  readonly op: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export class OriginalServer {
  readonly clock = new OriginalClock();
  readonly faults: OriginalFaults = {
    hang: false,
    delayMs: 0,
    dropFraction: 0,
    loseReplyFraction: 0,
    random: Math.random,
  };
  /** All requests that came in, also those that were then dropped or left hanging, the earliest first. */
  readonly seen: SeenRequest[] = [];
  /** How many connections were opened to it so far. */
  connections = 0;
  readonly #channels = new Map<string, OriginalChannel>();
  readonly #exposures: Exposure[] = [];
  readonly #server: Server;
  readonly #host: string;
  #port = 0;

  private constructor(host: string) {
    this.#host = host;
    // No listener for upgrades: Node then hands them over as plain requests. That the original does the same, and so
    // answers a WebSocket handshake with 200 and `{}`, is assumed: it was never tried.
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("connection", () => {
      this.connections++;
    });
  }

  /** @param port 0 takes a free one. */
  static async listen(port = 0, host = "127.0.0.1"): Promise<OriginalServer> {
    const server = new OriginalServer(host);
    server.#port = port;
    await server.listenAgain();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** The URL of a path, without credentials. */
  url(path: string): string {
    return `http://${this.#host}:${this.#port}${path}`;
  }

  /** The channel of that name of this process, made when it is missing. */
  channel(name: string): OriginalChannel {
    const channel = this.#channels.get(name) ?? new OriginalChannel(name, this.clock);
    this.#channels.set(name, channel);
    return channel;
  }

  /** @returns the uuid that requests for this path are applied with; the same one for the same path */
  expose(name: string, path = `/${name}`, options: OriginalExposeOptions = {}): string {
    const segments = path.split("/").filter((segment) => segment !== "");
    const known = this.#exposures.find((exposure) => exposure.segments.join("/") === segments.join("/"));
    if (known !== undefined) return known.uuid;
    const exposure = { uuid: crypto.randomUUID(), channel: this.channel(name), segments, options };
    this.#exposures.push(exposure);
    return exposure.uuid;
  }

  /** How often an op came in: count("PUT", "e"). */
  count(method: string, op: string): number {
    return this.seen.filter((request) => request.method === method && request.op === op).length;
  }

  /** Stops listening and ends all connections; connecting is refused then. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Listens again on the same port. */
  async listenAgain(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, this.#host);
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends and starts again on the same port, with the same paths and nothing in the channels. */
  async restart(): Promise<void> {
    await this.refuse();
    for (const channel of this.#channels.values()) channel.restart();
    await this.listenAgain();
  }

  close(): Promise<void> {
    return this.refuse();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readText(request);
      const { method = "GET", url = "/" } = request;
      const exposure = this.#find(url);
      const index = exposure && parseIndex(url, exposure.segments.length);
      const op = String(index?.get("o") ?? "");
      this.seen.push({ method, target: url, op, headers: request.headers, body });
      if (this.faults.hang) return;
      if (this.faults.delayMs > 0) await new Promise((done) => setTimeout(done, this.faults.delayMs));
      const { random, dropFraction, loseReplyFraction } = this.faults;
      if (random() < dropFraction) return void request.socket.destroy();
      const exchange = new Exchange(request, response, body);
      if (random() < loseReplyFraction) exchange.loseReply();
      exchange.run(exposure, index);
    } catch {
      request.socket.destroy();
    }
  }

  /** The longest path that the target begins with, segment by segment. */
  #find(target: string): Exposure | undefined {
    const segments = target.split("/").slice(1);
    // The original's router uses this prefix itself.
    if (segments[0] === "r") return undefined;
    return this.#exposures
      .filter((exposure) => exposure.segments.every((segment, at) => segment === segments[at]))
      .sort((a, b) => b.segments.length - a.segments.length)[0];
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
