// The links of one channel to original OpenAF peers: finds out which URLs lead to one, keeps a link to each, and gives a
// URL back when a Chorus node answers there. It tells the links what happens to the channel; it never looks at values
// but to hash them.
import type { ChorusError, CloseInfo, Dialler, JsonValue, Transport, TransportHandlers } from "@chorus/core";
import { type HttpConnection, type HttpConnector, NO_UPGRADE_CODE } from "@chorus/node";
import { identityOf } from "../peer-urls.js";
import type { LinkInfo } from "../types.js";
import { KnownRows } from "./known-rows.js";
import { OriginalEndpoint } from "./original-endpoint.js";
import type { OriginalHost } from "./original-host.js";
import { OriginalLink } from "./original-link.js";
import { OriginalMemory } from "./original-memory.js";
import { usableHash, valueHash } from "./value-hash.js";

export interface OriginalPeersOptions
  extends Pick<OriginalHost, "channel" | "limits" | "restIntervalMs" | "uuid" | "writer" | "memories"> {
  readonly connectHttp: HttpConnector;
  readonly onLink: (link: { url: string; status: LinkInfo["status"] }) => void;
  readonly onError: (error: ChorusError) => void;
  /** Other URLs than before lead to originals. Must not throw. */
  readonly onMoved: () => void;
}

export class OriginalPeers {
  readonly #options: OriginalPeersOptions;
  readonly #host: OriginalHost;
  /** By identity of the URL. */
  readonly #links = new Map<string, OriginalLink>();
  /** URLs, by identity, that are wanted at all. */
  #wanted: ReadonlyMap<string, string> = new Map();
  /** Connections over which it is being found out who is there, by URL. */
  readonly #probes = new Map<string, HttpConnection>();
  /** Identities of URLs at which a Chorus node has answered since the start, and no original after it. */
  readonly #chorus = new Set<string>();
  /** See OriginalHost. */
  readonly #remembered: OriginalHost["remembered"] = new Map();
  readonly #listeners = new Set<() => void>();
  readonly #ending = new Set<Promise<void>>();
  readonly #stops: readonly (() => void)[];
  #isDoubtful = false;
  #closed = false;

  constructor(options: OriginalPeersOptions) {
    this.#options = options;
    const { channel } = options;
    this.#host = {
      ...options,
      remembered: this.#remembered,
      statusChanged: ({ safeUrl, status }) => {
        channel.runtime.soon(() => {
          options.onLink({ url: safeUrl, status });
          this.#changed();
        });
      },
      progressed: () => this.#changed(),
      isChorus: ({ url }) => this.#leave(url),
      report: (error) => options.onError(error),
      isDoubtful: () => this.#isDoubtful,
    };
    this.#stops = [
      channel.on("error", ({ code }) => {
        this.#isDoubtful ||= code === "store-damaged" || code === "store-copied";
      }),
      channel.on("store", ({ failure }) => {
        if (!failure) for (const link of this.#links.values()) link.storeRecovered();
      }),
    ];
  }

  get links(): LinkInfo[] {
    return [...this.#links.values()].map(({ safeUrl, status }) => ({
      url: safeUrl,
      status,
      dialect: "openaf",
    }));
  }

  /** Whether the URL, shown without credentials, is that of an original. */
  has(safeUrl: string): boolean {
    return this.links.some(({ url }) => url === safeUrl);
  }

  /** Calls `listener` when the status of a link changes or something was sent, until the returned function is called. */
  onChange(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** The dialler, but a server that has no WebSocket is asked whether it is an original. */
  watching(dial: Dialler): Dialler {
    return (url) =>
      watched(dial(url), ({ code }) => {
        if (code === NO_UPGRADE_CODE) void this.#probe(url);
      });
  }

  /**
   * These URLs are wanted, links to others end. @param isForGood what is known of originals at URLs that were wanted so
   * far, and are no more, is forgotten. Not when a function of URLs leaves one out: it may be back soon. Other credentials
   * are no other URL
   */
  setUrls(urls: readonly string[], isForGood: boolean): void {
    const gone = new Set(isForGood ? this.#wanted.keys() : []);
    const wanted = new Map(urls.map((url) => [identityOf(url) ?? url, url]));
    this.#wanted = wanted;
    for (const identity of wanted.keys()) gone.delete(identity);
    for (const [identity, link] of this.#links) {
      if (wanted.get(identity) === link.url) continue;
      this.#end(identity, link, { isForgotten: gone.delete(identity) });
    }
    for (const identity of gone) this.#forget(identity);
    for (const [url, probe] of this.#probes) {
      if (wanted.get(identityOf(url) ?? url) !== url) void probe.close().catch(() => undefined);
    }
    this.#linkKnown();
  }

  /** Those of these URLs that are not known to lead to an original; default: of the wanted ones. */
  othersOf(urls: readonly string[] = [...this.#wanted.values()]): string[] {
    return urls.filter((url) => this.#links.get(identityOf(url) ?? url)?.url !== url);
  }

  /** See Peering.wrote. */
  wrote(keys: readonly string[], origin: "rest" | undefined): void {
    if (this.#links.size === 0) return;
    for (const key of keys) {
      const hash = valueHash(this.#options.channel.get(key));
      for (const link of this.#links.values()) {
        if (origin === "rest") link.writtenByOriginal(key, hash);
        else link.written(key, hash);
      }
    }
  }

  /** See Peering.changedElsewhere. */
  changedElsewhere(keys: readonly string[]): void {
    if (this.#links.size === 0) return;
    for (const link of this.#links.values()) link.changedElsewhere();
    for (const key of keys) {
      const hash = valueHash(this.#options.channel.get(key));
      for (const link of this.#links.values()) link.changedElsewhere(key, hash);
    }
  }

  /** See Peering.heard. */
  heard(key: string, value: JsonValue | undefined, isReplay: boolean): void {
    if (this.#links.size === 0) return;
    const hash = usableHash(value);
    if (hash === undefined) return;
    const { channel } = this.#options;
    // Of what is not known here it is all there is to go by.
    const isOld = isReplay && channel.stampOf(key) >= 0 && valueHash(channel.get(key)) !== hash;
    for (const link of this.#links.values()) link.heard(key, hash, isOld);
  }

  /** A function that says whether the originals have all that was written here so far. */
  flushMark(): () => boolean {
    const marks = [...this.#links.values()].map((link) => ({ link, writes: link.writes }));
    return () => marks.every(({ link, writes }) => link.isFlushed(writes));
  }

  /** Ends all links. Resolves when no connection is left; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wanted = new Map();
    for (const stop of this.#stops) stop();
    for (const [identity, link] of this.#links) this.#end(identity, link);
    const probes = [...this.#probes.values()].map((connection) => connection.close());
    await Promise.allSettled([...this.#ending, ...probes]);
  }

  /** Asks who is there. Never rejects. */
  async #probe(url: string): Promise<void> {
    const identity = identityOf(url) ?? url;
    if (!this.#isOpen(identity, url) || this.#probes.has(url)) return;
    const connection = this.#connect(url);
    if (!connection) return;
    this.#probes.set(url, connection);
    const isOriginal = await new OriginalEndpoint(connection, () => undefined).size().then(
      () => true,
      () => false,
    );
    this.#probes.delete(url);
    if (!isOriginal || !this.#isOpen(identity, url)) {
      await connection.close().catch(() => undefined);
      return;
    }
    this.#link(identity, url, connection);
    this.#options.onMoved();
  }

  /**
   * Where an earlier process met an original there probably is one still: it may tell us things before it answers, and
   * the link must know of them.
   */
  #linkKnown(): void {
    let isMoved = false;
    for (const [identity, url] of this.#wanted) {
      if (!this.#options.memories?.has(identity) || this.#chorus.has(identity)) continue;
      if (this.#links.has(identity)) continue;
      const connection = this.#connect(url);
      if (!connection) continue;
      this.#link(identity, url, connection);
      isMoved = true;
    }
    if (isMoved) this.#options.onMoved();
  }

  #link(identity: string, url: string, connection: HttpConnection): void {
    const link = new OriginalLink(this.#host, url, connection);
    this.#chorus.delete(identity);
    this.#links.set(identity, link);
    link.start();
  }

  #isOpen(identity: string, url: string): boolean {
    return !this.#closed && this.#wanted.get(identity) === url && !this.#links.has(identity);
  }

  /** Undefined when the connector throws: what it says may show the password, and the link goes on as it is. */
  #connect(url: string): HttpConnection | undefined {
    try {
      return this.#options.connectHttp(url);
    } catch {
      return undefined;
    }
  }

  /** A Chorus node is there now. */
  #leave(url: string): void {
    const identity = identityOf(url) ?? url;
    const link = this.#links.get(identity);
    if (link?.url !== url) return;
    this.#chorus.add(identity);
    this.#end(identity, link, { isSilent: true });
    this.#options.onMoved();
  }

  /** Of an original to which there is no link. */
  #forget(identity: string): void {
    this.#remembered.delete(identity);
    const { channel, memories: channels } = this.#options;
    const state = () => ({ isComplete: false, counter: undefined });
    const isDoubtful = (): boolean => false;
    const memory = new OriginalMemory({
      channel,
      channels,
      identity,
      isDoubtful,
      state,
      known: new KnownRows(),
    });
    this.#whenEnded(memory.close(true));
  }

  #end(identity: string, link: OriginalLink, how: Parameters<OriginalLink["close"]>[0] = {}): void {
    this.#links.delete(identity);
    this.#whenEnded(link.close(how));
  }

  #whenEnded(end: Promise<void>): void {
    const ending = end.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** A transport whose end is told to somebody else too, after its owner. */
function watched(transport: Transport, closed: (info: CloseInfo) => void): Transport {
  return {
    get bufferedBytes(): number {
      return transport.bufferedBytes;
    },
    start: (handlers: TransportHandlers) =>
      transport.start({
        opened: () => handlers.opened(),
        received: (frame) => handlers.received(frame),
        drained: () => handlers.drained(),
        closed: (info) => {
          handlers.closed(info);
          closed(info);
        },
      }),
    send: (frame) => transport.send(frame),
    close: (code, reason) => transport.close(code, reason),
    terminate: () => transport.terminate(),
    pause: () => transport.pause(),
    resume: () => transport.resume(),
  };
}
