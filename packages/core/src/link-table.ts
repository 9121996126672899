// The links of a peer set, one per URL, and the replicas that were unpeered. It changes nothing before every new URL
// was found usable.
import type { Connection } from "./connection.js";
import type { ConnectionEnd } from "./connection-host.js";
import { OptionError } from "./errors.js";
import { Link, type LinkHost } from "./link.js";
import { isUrl, redactUrl } from "./redact-url.js";
import type { Transport } from "./transport.js";

/** Starts a transport that nobody wants, only to end it. */
export function discardTransport(transport: Transport): void {
  const ignore = (): void => {};
  transport.start({ opened: ignore, received: ignore, drained: ignore, closed: ignore });
  transport.close(1000, "closed");
}

export class LinkTable {
  readonly #host: LinkHost;
  readonly #links = new Map<string, Link>();
  readonly #ofConnection = new Map<Connection, Link>();
  /** URL without credentials to the replica that was reached there when it was unpeered. */
  readonly #unpeered = new Map<string, string>();

  constructor(host: LinkHost) {
    this.#host = host;
  }

  get all(): Iterable<Link> {
    return this.#links.values();
  }

  of(connection: Connection): Link | undefined {
    return this.#ofConnection.get(connection);
  }

  /** Notes which link a connection belongs to. */
  bind(connection: Connection, link: Link): void {
    this.#ofConnection.set(connection, link);
  }

  /** @throws OptionError for a URL that cannot be used; then nothing has changed */
  setUrls(urls: readonly string[]): void {
    const wanted = checkUrls(urls);
    const transports = this.#dialAll([...wanted].filter((url) => !this.#links.has(url)));
    for (const url of wanted) this.#unpeered.delete(redactUrl(url));
    for (const [url, link] of this.#links) {
      if (!wanted.has(url)) this.#drop(link, "closed");
    }
    for (const [url, transport] of transports) {
      const link = new Link(this.#host, url);
      this.#links.set(url, link);
      link.start(transport);
    }
  }

  /** Drops links and from now on refuses the replicas reached there. @returns those replicas */
  unpeer(urls: readonly string[]): string[] {
    const unwanted = new Set([...checkUrls(urls)].map(redactUrl));
    const replicaIds: string[] = [];
    for (const link of this.#links.values()) {
      if (!unwanted.has(link.safeUrl)) continue;
      if (link.replicaId !== undefined) {
        this.#unpeered.set(link.safeUrl, link.replicaId);
        replicaIds.push(link.replicaId);
      }
      this.#drop(link, "unpeered");
    }
    return replicaIds;
  }

  isUnpeered(replicaId: string): boolean {
    for (const unpeered of this.#unpeered.values()) {
      if (unpeered === replicaId) return true;
    }
    return false;
  }

  /** A connection to the replica was greeted and stays. */
  covered(replicaId: string): void {
    for (const link of this.#links.values()) link.coveredBy(replicaId);
  }

  /** The last connection to the replica is gone. */
  uncovered(replicaId: string): void {
    for (const link of this.#links.values()) link.uncovered(replicaId);
  }

  ended(connection: Connection, end: ConnectionEnd): void {
    const link = this.#ofConnection.get(connection);
    this.#ofConnection.delete(connection);
    link?.ended(end);
  }

  /** This replica has another id, so that there is no reason to wait any longer. */
  redial(): void {
    for (const link of this.#links.values()) link.redial();
  }

  close(): void {
    for (const link of this.#links.values()) this.#drop(link, "closed");
  }

  #drop(link: Link, code: "closed" | "unpeered"): void {
    this.#links.delete(link.url);
    link.close(code);
  }

  #dialAll(urls: readonly string[]): Map<string, Transport> {
    const transports = new Map<string, Transport>();
    try {
      for (const url of urls) transports.set(url, this.#host.dial(url));
    } catch (error) {
      for (const transport of transports.values()) discardTransport(transport);
      throw error;
    }
    return transports;
  }
}

function checkUrls(urls: readonly string[]): Set<string> {
  if (!Array.isArray(urls)) throw new OptionError("urls", urls, "an array of URLs");
  for (const url of urls) {
    const shown: unknown = typeof url === "string" ? redactUrl(url) : url;
    if (!isUrl(url)) throw new OptionError("urls", shown, "an array of URLs such as ws://host:port/path");
  }
  return new Set(urls);
}
