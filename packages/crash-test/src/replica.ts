// A core channel with its peers and its endpoint on a port of its own, as the crash test runs it: in the test's process
// without a store, in the victim's with one.
import { Channel, type ChannelOptions, PeerSet } from "@chorus/core";
import { type Authenticate, dialWebSocket, Endpoint } from "@chorus/node";
import { PASSWORD, USER } from "./channel-url.js";
import type { Content, ReplicaState } from "./messages.js";
import type { DurableMap, StampedValue } from "./writer.js";

const authenticate: Authenticate = (credentials) =>
  credentials?.user === USER && credentials.password === PASSWORD ? "rw" : undefined;

export class Replica implements DurableMap {
  readonly channel: Channel;
  readonly peers: PeerSet;
  #endpoint: Endpoint | undefined;

  /** @param onError told of every error event of channel, peers and endpoint */
  constructor(options: ChannelOptions, onError: (error: unknown) => void) {
    this.channel = new Channel(options);
    this.channel.on("error", onError);
    this.peers = new PeerSet(this.channel, { dial: dialWebSocket });
    this.peers.on("error", onError);
  }

  /** Lets peers in. @returns the port */
  async listen(onError: (error: unknown) => void): Promise<number> {
    this.#endpoint = await Endpoint.listen(0, { host: "127.0.0.1", onError });
    this.#endpoint.expose("/data", (transport, admission) => this.peers.accept(transport, admission), {
      authenticate,
    });
    return this.#endpoint.port;
  }

  idOf(key: string): string | undefined {
    return (this.channel.get(key) as unknown as StampedValue | undefined)?.id;
  }

  set(key: string, value: StampedValue): void {
    this.channel.set(key, value);
  }

  delete(key: string): void {
    this.channel.delete(key);
  }

  batch(entries: readonly (readonly [string, StampedValue | undefined])[]): void {
    this.channel.update(entries);
  }

  whenDurable(): Promise<void> {
    return this.channel.whenDurable();
  }

  content(): Content {
    return [...this.channel.entries()].map(([key, value]) => [key, (value as unknown as StampedValue).id]);
  }

  state(): ReplicaState {
    const { channel } = this;
    return {
      contentHash: channel.contentHash(),
      content: this.content(),
      documentBytes: channel.documentBytes(),
      segments: channel.stats().segments,
    };
  }

  async close(): Promise<void> {
    await this.peers.close();
    await this.#endpoint?.close();
    await this.channel.close();
  }
}
