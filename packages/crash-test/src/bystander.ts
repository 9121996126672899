// A peer of the victim in the test's own process: no store, never killed, so what it wrote must all be there at the end.
import { channelUrl } from "./channel-url.js";
import type { History } from "./history.js";
import type { Content, Load, Report } from "./messages.js";
import { Replica } from "./replica.js";
import { type DurableMap, Writer, type WriterHost } from "./writer.js";

export class Bystander {
  readonly url: string;
  readonly #name: string;
  readonly #replica: Replica;
  readonly #history: History;
  readonly #host: WriterHost;
  #writer: Writer | undefined;

  private constructor(
    name: string,
    parts: { replica: Replica; port: number; host: WriterHost; history: History },
  ) {
    this.#name = name;
    this.#replica = parts.replica;
    this.#history = parts.history;
    this.#host = parts.host;
    this.url = channelUrl(parts.port);
  }

  /** @param fail told of every error event */
  static async open(name: string, history: History, fail: (error: unknown) => void): Promise<Bystander> {
    const replica = new Replica({ name: "data", replicaId: name }, fail);
    const tell = (report: Report): void => {
      if (report.kind === "announced") history.announce(name, report);
      if (report.kind === "written") history.finish(name, report.latestMs);
    };
    return new Bystander(name, { replica, port: await replica.listen(fail), history, host: { tell, fail } });
  }

  link(urls: readonly string[]): void {
    this.#replica.peers.setUrls(urls);
  }

  /** Writes until `quiet`. */
  write(load: Omit<Load, "nextNumber" | "writer">): void {
    const nextNumber = this.#history.nextNumber(this.#name);
    // Durable is not what this one can be; committed is enough to go on.
    const map: DurableMap = {
      idOf: (key) => this.#replica.idOf(key),
      set: (key, value) => this.#replica.set(key, value),
      delete: (key) => this.#replica.delete(key),
      batch: (entries) => this.#replica.batch(entries),
      whenDurable: () => this.#replica.channel.whenCommitted(),
    };
    this.#writer = new Writer(map, { ...load, writer: this.#name, nextNumber }, this.#host);
    this.#writer.start();
  }

  async quiet(): Promise<void> {
    await this.#writer?.stop();
    this.#writer = undefined;
  }

  /** All that it wrote is to be found everywhere from now on. */
  promiseAll(): void {
    this.#history.acknowledge(this.#name, Number.POSITIVE_INFINITY);
  }

  get contentHash(): string {
    return this.#replica.channel.contentHash();
  }

  content(): Content {
    return this.#replica.content();
  }

  async close(): Promise<void> {
    await this.quiet();
    await this.#replica.close();
  }
}
