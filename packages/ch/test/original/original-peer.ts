// A stand-in for a peer of the original OpenAF: expose, peer and unpeer of one channel, written from observations. A test
// double whose failures are the point: updates that do not get through are lost, nothing is exchanged after a cut, and
// there is no order between concurrent writes. It must never import Chorus or do any of this better.
import { type OriginalChannel, type OriginalEvent, wrapKey, wrapValue } from "./original-channel.js";
import { type IndexField, OriginalClient, writeIndex } from "./original-client.js";
import { type OriginalExposeOptions, OriginalServer } from "./original-server.js";

export interface OriginalPeerOptions extends OriginalExposeOptions {
  /** The name of the channel. Default "data". */
  readonly name?: string;
  /** Default "/" and the name. */
  readonly path?: string;
  /** Of every request, in milliseconds. Default 10,000, as the original. */
  readonly timeoutMs?: number;
  /** How far this process's clock is off, in milliseconds; for a server of our own. Default 0. */
  readonly clockOffsetMs?: number;
  /**
   * Whether a removal is sent with its time, as in the one that was captured; false sends "undefined", as a remote channel
   * does. Default true.
   */
  readonly sendsTimeOfRemovals?: boolean;
  /** The server of a process that has other channels too. Default: one of our own, on a free port. */
  readonly server?: OriginalServer;
}

/** One channel of one original process, with its server. */
export class OriginalPeer {
  readonly server: OriginalServer;
  readonly channel: OriginalChannel;
  readonly path: string;
  /** What requests are applied with; senders leave out changes that carry it. */
  readonly uuid: string;
  readonly #timeoutMs: number;
  readonly #sendsTimeOfRemovals: boolean;
  /** Subscriber ids by URL; a URL stays known after unpeer, with none, and is then never peered again. */
  readonly #peers = new Map<string, string[]>();
  readonly #clients = new Set<OriginalClient>();
  #isClosed = false;

  private constructor(server: OriginalServer, options: OriginalPeerOptions) {
    const name = options.name ?? "data";
    this.server = server;
    this.channel = server.channel(name);
    this.path = options.path ?? `/${name}`;
    this.uuid = server.expose(name, this.path, options);
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#sendsTimeOfRemovals = options.sendsTimeOfRemovals ?? true;
  }

  /** Exposes the channel. */
  static async start(options: OriginalPeerOptions = {}): Promise<OriginalPeer> {
    const server = options.server ?? (await OriginalServer.listen());
    if (options.clockOffsetMs !== undefined) server.clock.offsetMs = options.clockOffsetMs;
    return new OriginalPeer(server, options);
  }

  /** Without credentials. */
  get url(): string {
    return this.server.url(this.path);
  }

  /**
   * For each URL in order: takes over what is there, then sends all that is here, and each later change. The original
   * blocks meanwhile; here local writes may come in between.
   * @returns two subscriber ids per URL; none for one that was unpeered before
   */
  async peer(urls: string | readonly string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const url of typeof urls === "string" ? [urls] : urls) {
      const known = this.#peers.get(url);
      ids.push(...(known ?? (await this.#add(url))));
    }
    return ids;
  }

  /** We send nothing more; what the other side sends still arrives. */
  unpeer(url: string): void {
    const ids = this.#peers.get(url) ?? [];
    for (const id of ids.splice(0)) this.channel.unsubscribe(id);
  }

  /** For tests: resolves when no sender has anything waiting or under way. */
  whenIdle(): Promise<void> {
    return this.channel.whenIdle();
  }

  /** For tests: as if the process ended and started again, empty and exposed, but peered with nobody yet. */
  async restart(): Promise<void> {
    for (const client of this.#clients) client.abort();
    this.#peers.clear();
    await this.server.restart();
  }

  /** For tests: as if the process ended; what was waiting to be sent is lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const ids of this.#peers.values()) for (const id of ids) this.channel.unsubscribe(id);
    for (const client of this.#clients) client.abort();
    await this.server.close();
  }

  async #add(url: string): Promise<string[]> {
    const client = new OriginalClient(url, { timeoutMs: this.#timeoutMs });
    this.#clients.add(client);
    const ids: string[] = [];
    this.#peers.set(url, ids);
    const values = await this.#pull(client, "a");
    const keys = await this.#pull(client, "k");
    if (this.#isClosed) return ids;
    queueMicrotask(() => this.#takeOver(values, keys));
    // Its replay begins a turn later, so it sends back what was taken over: that is how a bogus entry came to the other.
    ids.push(this.channel.subscribe((event) => this.#send(client, event)));
    // The second one is to try again what failed. It never does: failures are no exceptions, so it hears of none.
    ids.push(this.channel.subscribe(() => undefined, true));
    return ids;
  }

  async #pull(client: OriginalClient, op: string): Promise<unknown> {
    const { body } = await client.call({ method: "GET", path: writeIndex([["o", op]]) });
    return (body as { r?: unknown } | undefined)?.r;
  }

  /** All rows under the field names of the first key only: with other shapes rows fall together. */
  #takeOver(values: unknown, keys: unknown): void {
    try {
      const fields = Object.keys((keys as object[])[0] as object);
      this.channel.setAll(fields, values, { uuid: this.uuid });
    } catch {
      // Nothing came back, or no entry did.
    }
  }

  /** One request; its failure is not noticed, so the change is lost. */
  async #send(client: OriginalClient, event: OriginalEvent): Promise<void> {
    if (event.uuid === this.uuid) return;
    const { key, value, timestamp } = event;
    const isTimed = event.op !== "unset" || this.#sendsTimeOfRemovals;
    const time: IndexField = ["t", isTimed ? timestamp : undefined];
    const entry: IndexField[] = [["o", "e"], ["k", wrapKey(key)], time];
    if (event.op === "set") {
      await client.call({ method: "PUT", path: writeIndex(entry), body: wrapValue(key, value) });
    } else if (event.op === "unset") {
      await client.call({ method: "DELETE", path: writeIndex(entry) });
    } else {
      const op = event.op === "setall" ? "a" : "ua";
      await client.call({ method: "PUT", path: writeIndex([["o", op], ["k", key], time]), body: value });
    }
  }
}
