// The network side of one channel: where it is exposed, which URLs it is peered with, and the changes of both, one at a
// time. It wires core's PeerSet and the links to originals to node's Endpoint and keeps nothing half-started; it never
// looks at data.
import {
  type Channel,
  ChorusError,
  type JsonValue,
  type OptionError,
  PeerSet,
  type PeerSetOptions,
  redactUrl,
} from "@chorus/core";
import { resolveLimits } from "@chorus/core/internal";
import type { HttpConnector } from "@chorus/node";
import { Exposures, type ExposuresOptions, type ExposeRequest } from "./exposures.js";
import { withCode } from "./errors.js";
import { checkUrls, identityOf, type UrlSource } from "./peer-urls.js";
import { type WatchedPeers, watchPeers, whenFlushed, whenNoneSyncing, whenReady } from "./readiness.js";
import { OriginalPeers } from "./rest/original-peers.js";
import type { MemoryChannels } from "./rest/original-memory.js";
import type { OriginalWriter } from "./rest/original-writing.js";
import type { LinkInfo, PeerInfo } from "./types.js";

export interface PeeringOptions extends Omit<ExposuresOptions, "onTransport" | "onError"> {
  readonly channel: Channel;
  readonly links: PeerSetOptions;
  /** How often a function of URLs is asked again. */
  readonly urlsIntervalMs: number;
  /** How often originals are asked whether something has changed, and how connections to them are opened. */
  readonly restIntervalMs: number;
  readonly connectHttp: HttpConnector;
  /** Writes what originals hold: subscribers are told, and `wrote` is called with the origin "rest". */
  readonly writer: () => OriginalWriter;
  /** Where it is kept over restarts what is known of originals; undefined for a channel that is not stored. */
  readonly memories?: MemoryChannels | undefined;
  readonly onLink: (link: Pick<LinkInfo, "url" | "status">) => void;
  readonly onError: (error: ChorusError | OptionError) => void;
}

export class Peering {
  readonly #options: PeeringOptions;
  readonly #peers: PeerSet;
  readonly #originals: OriginalPeers;
  readonly #exposures: Exposures;
  /** URLs as given, in order: what the links are to. */
  #urls: readonly string[] = [];
  /** Two ids for every URL, by its identity. */
  readonly #ids = new Map<string, [string, string]>();
  /** Identities that a function of URLs must not bring back before the next `peer`. */
  readonly #unpeered = new Set<string>();
  #source: UrlSource | undefined;
  #timer: { cancel(): void } | undefined;
  #lastChange: Promise<unknown> = Promise.resolve();
  #closed = false;
  #abandonQuestion: () => void = () => undefined;

  constructor(options: PeeringOptions) {
    this.#options = options;
    this.#originals = new OriginalPeers({
      ...options,
      limits: resolveLimits(options.links),
      onMoved: () => this.#moved(),
    });
    const { dial } = options.links;
    const links = dial ? { ...options.links, dial: this.#originals.watching(dial) } : options.links;
    this.#peers = new PeerSet(options.channel, links);
    this.#peers.on("link", (link) => {
      // A URL that was found to lead to an original is not closed, it is linked in another way.
      if (link.status !== "closed" || !this.#originals.has(link.url)) options.onLink(link);
    });
    this.#peers.on("error", (error) => options.onError(error));
    this.#exposures = new Exposures({
      ...options,
      onTransport: (transport, admission) => this.#peers.accept(transport, admission),
    });
  }

  /** See ChannelHandle.expose. */
  expose(request: ExposeRequest): Promise<string | undefined> {
    return this.#inTurn(async () => {
      const opened = await this.#exposures.open(request);
      this.#assertOpen();
      opened?.keep();
      return opened?.uuid;
    });
  }

  /** See ChannelHandle.peer. */
  peer(request: ExposeRequest, source: UrlSource): Promise<string[]> {
    // At the call, not when its turn comes: an unpeer that follows it must hold.
    const pardoned = source.fixed?.map(identity).filter((one) => this.#unpeered.has(one)) ?? [
      ...this.#unpeered,
    ];
    for (const one of pardoned) this.#unpeered.delete(one);
    return this.#peerInTurn(request, source).catch((error) => {
      for (const one of pardoned) this.#unpeered.add(one);
      throw error;
    });
  }

  #peerInTurn(request: ExposeRequest, source: UrlSource): Promise<string[]> {
    return this.#inTurn(async () => {
      const urls = await this.#answerOf(source, request);
      this.#assertOpen();
      const opened = await this.#exposures.open(request);
      try {
        this.#assertOpen();
        this.#apply(urls, source.fixed !== undefined);
      } catch (error) {
        await opened?.undo();
        throw error;
      }
      opened?.keep();
      this.#follow(request, source);
      return urls.flatMap((url) => this.#idsOf(identity(url)));
    });
  }

  /** See ChannelHandle.unpeer. */
  unpeer(urls: string | readonly string[]): void {
    const leaving = new Set(checkUrls(urls).map(identity));
    for (const one of leaving) {
      this.#unpeered.add(one);
      this.#ids.delete(one);
    }
    const left = this.#urls.filter((url) => leaving.has(identity(url)));
    this.#urls = this.#urls.filter((url) => !leaving.has(identity(url)));
    if (left.length === 0) return;
    this.#originals.setUrls(this.#urls, true);
    this.#peers.unpeer(left);
  }

  /** All links, in the order in which their URLs were given. */
  links(): LinkInfo[] {
    const chorus = this.#peers.links.map((link): LinkInfo => ({ ...link, dialect: "chorus" }));
    const order = this.#urls.map(redactUrl);
    const place = ({ url }: LinkInfo): number => order.indexOf(url);
    return [...chorus, ...this.#originals.links].sort((one, other) => place(one) - place(other));
  }

  /**
   * These keys were written, and are so already: by a call here, or, with the origin "rest", as an original has it.
   * Originals are sent only what was written by calls; the rest they get when they turn out to lack it.
   */
  wrote(keys: readonly string[], origin: "rest" | undefined): void {
    this.#originals.wrote(keys, origin);
  }

  /** Chorus peers changed these keys, and they are so already; empty when it is not known which. */
  changedElsewhere(keys: readonly string[]): void {
    this.#originals.changedElsewhere(keys);
  }

  /** An original says what it holds under a key (undefined: nothing); called before that is written here. */
  heard(keyText: string, value: JsonValue | undefined, isReplay: boolean): void {
    this.#originals.heard(keyText, value, isReplay);
  }

  /** The replicas that are connected and have said who they are; each once, in its furthest state. */
  peers(): PeerInfo[] {
    const peers = new Map<string, PeerInfo>();
    for (const { replicaId, state, direction, durable } of this.#peers.peers) {
      if (peers.get(replicaId)?.state === "live") continue;
      peers.set(replicaId, { replicaId, state, direction, durable });
    }
    return [...peers.values()];
  }

  /** See ChannelHandle.whenSynced. */
  whenSynced(options: { peers: number; timeoutMs?: number }): Promise<void> {
    return this.#peers.whenSynced(options);
  }

  /** See ChannelHandle.ready. */
  whenReady(timeoutMs: number): Promise<void> {
    return whenReady(this.#watched(), timeoutMs).then(() => this.#assertOpen());
  }

  /**
   * Resolves when every connected peer has acknowledged all writes so far, and every original that is in sync has them.
   * @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
   */
  async whenAcknowledged(timeoutMs: number): Promise<void> {
    const flushed = whenFlushed(this.#watched(), this.#originals.flushMark(), timeoutMs);
    const acknowledged = whenNoneSyncing(this.#watched(), timeoutMs).then(() =>
      this.#peers.whenAcknowledged(timeoutMs < 0 ? undefined : timeoutMs),
    );
    await Promise.all([flushed, acknowledged]);
  }

  /** Ends links, connections and routes. Resolves when nothing of them is left; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#source = undefined;
    this.#timer?.cancel();
    this.#abandonQuestion();
    // Paths are free as soon as this call returns; the channel may be created and exposed again at once.
    await Promise.allSettled([this.#exposures.close(), this.#originals.close(), this.#peers.close()]);
  }

  /** Links and peers of both kinds, to wait for. */
  #watched(): WatchedPeers {
    const { runtime } = this.#options.channel;
    return watchPeers({ runtime, links: () => this.links(), peers: this.#peers, originals: this.#originals });
  }

  /** URLs went from one kind of link to the other. */
  #moved(): void {
    try {
      this.#peers.setUrls(this.#originals.othersOf());
    } catch (error) {
      this.#options.onError(withCode(error, "connection-failed", "the dialler failed"));
    }
  }

  /** Runs changes one after the other, whatever becomes of each. */
  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#lastChange.then(() => {
      this.#assertOpen();
      return task();
    });
    this.#lastChange = result.catch(() => undefined);
    return result;
  }

  /** What the source says, unless the channel ends, or a function says nothing for as long as it would be asked again. */
  #answerOf(source: UrlSource, request: ExposeRequest): Promise<readonly string[]> {
    const { channel, urlsIntervalMs } = this.#options;
    return new Promise((resolve, reject) => {
      const text = `the function that gives the peer URLs did not answer within ${urlsIntervalMs} ms`;
      const timer = channel.runtime.after(urlsIntervalMs, () => reject(new ChorusError("urls-failed", text)));
      this.#abandonQuestion = () => reject(new ChorusError("closed", "the channel was destroyed meanwhile"));
      const asked = source.ask(this.#context(request));
      asked.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #context(request: ExposeRequest) {
    const { channel, uuid } = this.#options;
    return { name: channel.name, portOrServer: request.portOrServer, path: request.path, uuid };
  }

  /** Makes these URLs the links, without the unpeered ones. Our own is found out when it answers. See OriginalPeers.setUrls. */
  #apply(urls: readonly string[], isForGood: boolean): void {
    const wanted = new Map<string, string>();
    for (const url of urls) if (!wanted.has(identity(url))) wanted.set(identity(url), url);
    for (const one of this.#unpeered) wanted.delete(one);
    try {
      this.#peers.setUrls(this.#originals.othersOf([...wanted.values()]));
    } catch (error) {
      // All URLs were checked: this is a dialler of the caller's own.
      throw withCode(error, "connection-failed", "the dialler failed");
    }
    this.#urls = [...wanted.values()];
    this.#originals.setUrls(this.#urls, isForGood);
    for (const known of [...this.#ids.keys()]) if (!wanted.has(known)) this.#ids.delete(known);
  }

  #idsOf(one: string): [string, string] {
    const { newUuid } = this.#options;
    const ids = this.#ids.get(one) ?? [newUuid(), newUuid()];
    this.#ids.set(one, ids);
    return ids;
  }

  /** Asks a function of URLs again every interval, until another `peer` or the end. */
  #follow(request: ExposeRequest, source: UrlSource): void {
    this.#timer?.cancel();
    this.#source = source;
    if (source.fixed) return;
    const { channel, urlsIntervalMs } = this.#options;
    this.#timer = channel.runtime.after(urlsIntervalMs, () => void this.#askAgain(request, source), {
      background: true,
    });
  }

  async #askAgain(request: ExposeRequest, source: UrlSource): Promise<void> {
    try {
      const urls = await this.#answerOf(source, request);
      if (this.#source === source) this.#apply(urls, false);
    } catch (error) {
      // The links stay as they are; checkUrls and ask throw nothing without a code.
      if (this.#source === source) this.#options.onError(error as ChorusError);
    }
    if (this.#source === source) this.#follow(request, source);
  }

  #assertOpen(): void {
    if (this.#closed) throw new ChorusError("closed", "the channel was destroyed meanwhile");
  }
}

/** Of a URL that was checked. */
function identity(url: string): string {
  return identityOf(url) ?? url;
}
