// Chorus under measure, in memory and in a folder: its public surface, as an application without `$ch` uses it. Must
// never set an option that an application would not.
import { Channel, type ChannelEvents, PeerSet } from "@chorus/core";
import { dialWebSocket, Endpoint, openStore } from "@chorus/node";
import type { FrameCounts, NodeOptions, System, SystemNode, Value } from "./system.js";

const HOST = "127.0.0.1";
const PATH = "/bench";

class ChorusNode implements SystemNode {
  readonly #channel: Channel;
  readonly #closeStore: () => Promise<void>;
  #links: PeerSet;
  #endpoint: Endpoint | undefined;
  #port = 0;
  #urls: readonly string[] = [];

  constructor(channel: Channel, closeStore: () => Promise<void>) {
    this.#channel = channel;
    this.#closeStore = closeStore;
    this.#links = new PeerSet(channel, { dial: dialWebSocket });
  }

  async listen(): Promise<string> {
    const endpoint = await Endpoint.listen(this.#port, { host: HOST });
    const links = this.#links;
    endpoint.expose(PATH, (transport, admission) => links.accept(transport, admission));
    this.#endpoint = endpoint;
    this.#port = endpoint.port;
    return `ws://${HOST}:${endpoint.port}${PATH}`;
  }

  async connect(addresses: readonly string[], peers: number): Promise<void> {
    this.#urls = addresses;
    this.#links.setUrls(addresses);
    await this.#whenLive(peers);
  }

  set(key: string, value: Value): void {
    this.#channel.set(key, value);
  }

  setAll(entries: readonly (readonly [string, Value])[]): void {
    this.#channel.update(entries);
  }

  delete(key: string): void {
    this.#channel.delete(key);
  }

  get(key: string): Value | undefined {
    return this.#channel.get(key);
  }

  entries(): Iterable<readonly [string, Value]> {
    return this.#channel.entries("any");
  }

  onRemoteChange(listener: () => void): () => void {
    return this.#channel.on("change", ({ origin }) => {
      if (origin === "remote") listener();
    });
  }

  onProgress(listener: () => void): () => void {
    return this.#channel.on("progress" as keyof ChannelEvents, listener);
  }

  async goOffline(): Promise<void> {
    await this.#disconnect();
    this.#links = new PeerSet(this.#channel, { dial: dialWebSocket });
  }

  async goOnline(): Promise<void> {
    await this.listen();
    const connected = new Promise<void>((resolve) => {
      const stop = this.#links.on("peer", () => {
        stop();
        resolve();
      });
    });
    this.#links.setUrls(this.#urls);
    if (this.#urls.length > 0) await connected;
  }

  stateBytes(): number {
    return this.#channel.documentBytes();
  }

  framesSent(): FrameCounts {
    const { update, ...others } = this.#links.stats().framesSent;
    return { updates: update, others: Object.values(others).reduce((sum, count) => sum + count, 0) };
  }

  cpuMicroseconds(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  }

  async close(): Promise<void> {
    await this.#disconnect();
    await this.#channel.close();
    await this.#closeStore();
  }

  async #disconnect(): Promise<void> {
    await this.#links.close();
    await this.#endpoint?.close();
    this.#endpoint = undefined;
  }

  /** By events: looking again and again would take CPU. */
  #whenLive(peers: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        const { connections, live } = this.#links.stats();
        if (connections !== peers || live !== peers) return;
        stop();
        resolve();
      };
      const stop = this.#links.on("peer", look);
      look();
    });
  }
}

/** A channel that lives in memory. */
export const chorus: System = {
  name: "Chorus",
  topology: "mesh",
  multiWriter: true,
  durable: false,
  conflicts: "later wins",
  unavailable: () => undefined,
  createNode: async () => new ChorusNode(new Channel({ name: "bench" }), async () => undefined),
};

/** A channel in a folder, at the level `sync`. */
export const chorusDurable: System = {
  ...chorus,
  name: "Chorus durable",
  durable: true,
  createNode: async ({ folder }: NodeOptions) => {
    const { store } = await openStore(folder, { level: "sync" });
    const channel = new Channel({ name: "bench", storage: store.openChannel("bench") });
    return new ChorusNode(channel, () => store.close());
  },
};
