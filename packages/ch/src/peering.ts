// The network side of one channel: where it is exposed, which URLs it is peered with, and the changes of both, one at a
// time. It wires core's PeerSet to node's Endpoint and keeps nothing half-started; it never looks at data.
import {
  type Channel,
  ChorusError,
  type JsonValue,
  type OptionError,
  PeerSet,
  type PeerSetOptions,
} from "@chorus/core";
import { Exposures, type ExposuresOptions, type ExposeRequest } from "./exposures.js";
import { withCode } from "./errors.js";
import { checkUrls, identityOf, type UrlSource } from "./peer-urls.js";
import { whenNoneSyncing, whenReady } from "./readiness.js";
import type { LinkInfo, PeerInfo } from "./types.js";

export interface PeeringOptions extends Omit<ExposuresOptions, "onTransport" | "onError"> {
  readonly channel: Channel;
  readonly links: PeerSetOptions;
  /** How often a function of URLs is asked again. */
  readonly urlsIntervalMs: number;
  readonly onLink: (link: LinkInfo) => void;
  readonly onError: (error: ChorusError | OptionError) => void;
}

export class Peering {
  readonly #options: PeeringOptions;
  readonly #peers: PeerSet;
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
    this.#peers = new PeerSet(options.channel, options.links);
    this.#peers.on("link", (link) => options.onLink(link));
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
        this.#apply(urls);
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
    if (left.length > 0) this.#peers.unpeer(left);
  }

  links(): LinkInfo[] {
    return this.#peers.links.map((link) => ({ ...link }));
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
    return whenReady(this.#peers, this.#options.channel, timeoutMs).then(() => this.#assertOpen());
  }

  /**
   * Resolves when every connected peer has acknowledged all writes so far.
   * @param timeoutMs below 0 waits for ever. @throws (rejects) ChorusError timeout
   */
  async whenAcknowledged(timeoutMs: number): Promise<void> {
    await whenNoneSyncing(this.#peers, this.#options.channel, timeoutMs);
    await this.#peers.whenAcknowledged(timeoutMs < 0 ? undefined : timeoutMs);
  }

  /** Told of keys that were written here; `origin` as of CallDetails. Links to originals push what was not theirs. */
  wrote(_keys: readonly string[], _origin: "rest" | undefined): void {}

  /** Told of keys that were changed by peers: links to originals compare them at their next pull. */
  changedElsewhere(_keys: readonly string[]): void {}

  /** Told what an original says it holds under a key (undefined: removed), before the write is tried here. */
  heard(_keyText: string, _value: JsonValue | undefined): void {}

  /** Ends links, connections and routes. Resolves when nothing of them is left; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#source = undefined;
    this.#timer?.cancel();
    this.#abandonQuestion();
    // Paths are free as soon as this call returns; the channel may be created and exposed again at once.
    await Promise.allSettled([this.#exposures.close(), this.#peers.close()]);
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

  /** Makes these URLs the links, without the unpeered ones. Our own is found out when it answers. */
  #apply(urls: readonly string[]): void {
    const wanted = new Map<string, string>();
    for (const url of urls) if (!wanted.has(identity(url))) wanted.set(identity(url), url);
    for (const one of this.#unpeered) wanted.delete(one);
    try {
      this.#peers.setUrls([...wanted.values()]);
    } catch (error) {
      // All URLs were checked: this is a dialler of the caller's own.
      throw withCode(error, "connection-failed", "the dialler failed");
    }
    this.#urls = [...wanted.values()];
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
      if (this.#source === source) this.#apply(urls);
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
