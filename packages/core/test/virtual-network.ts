// Replicas on a virtual network for tests: every replica has a URL mem://<name>/data and may dial any other.
import { createTransportPair, type MemoryTransportOptions } from "../src/memory-transport.js";
import { type AcceptOptions, PeerSet } from "../src/peer-set.js";
import type { ReplicatedChannel } from "../src/channel-replication.js";
import type { ChorusError } from "../src/errors.js";
import type { PeerSetOptions, Permission } from "../src/replication-options.js";
import type { CloseInfo, Transport, TransportHandlers } from "../src/transport.js";
import { FakeChannel } from "./fake-channel.js";
import type { VirtualRuntime } from "./virtual-runtime.js";

/** A transport that shows, drops and changes what passes. */
export class Tap implements Transport {
  /** Frames that were sent through it. */
  readonly sent: Uint8Array[] = [];
  closedWith: CloseInfo | undefined;
  /** Returns what to send instead; undefined drops the frame. */
  filter: (frame: Uint8Array) => Uint8Array | undefined = (frame) => frame;
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  start(handlers: TransportHandlers): void {
    this.#inner.start({
      opened: () => handlers.opened(),
      received: (frame) => handlers.received(frame),
      drained: () => handlers.drained(),
      closed: (info) => {
        this.closedWith = info;
        handlers.closed(info);
      },
    });
  }

  send(frame: Uint8Array): void {
    const changed = this.filter(frame);
    if (changed === undefined) return;
    this.sent.push(changed);
    this.#inner.send(changed);
  }

  close(code: number, reason: string): void {
    this.#inner.close(code, reason);
  }

  terminate(): void {
    this.#inner.terminate();
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }
}

/** One replica with its peer set. */
export interface Node {
  readonly name: string;
  readonly url: string;
  readonly channel: FakeChannel;
  readonly peers: PeerSet;
  readonly errors: ChorusError[];
  readonly statuses: string[];
  accept: AcceptOptions;
  /** Refuses dials while false. */
  isUp: boolean;
}

/** Who a replica is; with `durable` it plays one with a store. */
interface ReplicaOptions {
  replicaId?: string;
  sessionId?: number;
  durable?: boolean;
}

/** One dial: both ends of the pipe. */
export interface Wire {
  readonly from: string;
  readonly to: string;
  readonly dialled: Tap;
  readonly accepted: Tap;
}

export class VirtualNetwork {
  readonly runtime: VirtualRuntime;
  readonly wires: Wire[] = [];
  transportOptions: MemoryTransportOptions = {};
  readonly #nodes = new Map<string, Node>();

  constructor(runtime: VirtualRuntime) {
    this.runtime = runtime;
  }

  /** Adds a replica; its replicaId is its name unless given. */
  add(name: string, options: PeerSetOptions & ReplicaOptions = {}): Node {
    const { replicaId, sessionId, durable = false, ...limits } = options;
    const channel = new FakeChannel(this.runtime, replicaId ?? name, sessionId);
    channel.durable = durable;
    const peers = new PeerSet(channel, { dial: (url) => this.#dial(name, url), ...limits });
    const node: Node = {
      name,
      url: `mem://${name}/data`,
      channel,
      peers,
      errors: [],
      statuses: [],
      accept: {},
      isUp: true,
    };
    peers.on("error", (error) => node.errors.push(error));
    peers.on("link", ({ status }) => node.statuses.push(status));
    this.#nodes.set(name, node);
    return node;
  }

  /** The latest pipe from one replica to another. */
  wire(from: string, to: string): Wire {
    const wire = this.wires.findLast((other) => other.from === from && other.to === to);
    if (!wire) throw new Error(`${from} never dialled ${to}`);
    return wire;
  }

  /** Pipes that are open. */
  get open(): Wire[] {
    return this.wires.filter(({ dialled, accepted }) => !dialled.closedWith && !accepted.closedWith);
  }

  /** Closes every peer set and lets them finish. */
  async close(): Promise<void> {
    const closing = [...this.#nodes.values()].map(({ peers }) => peers.close());
    this.runtime.advance(2_000);
    await Promise.all(closing);
  }

  #dial(from: string, url: string): Transport {
    const to = /^mem:\/\/([^/]*)/.exec(url)?.[1] ?? "";
    const [left, right] = createTransportPair(this.runtime, this.transportOptions);
    const wire = { from, to, dialled: new Tap(left), accepted: new Tap(right) };
    this.wires.push(wire);
    const node = this.#nodes.get(to);
    if (node?.isUp) node.peers.accept(wire.accepted, node.accept);
    else wire.accepted.terminate();
    return wire.dialled;
  }
}

/** Makes every replica dial every other. */
export function connectAll(nodes: readonly Node[]): void {
  const urls = nodes.map(({ url }) => url);
  for (const { peers, url } of nodes) peers.setUrls(urls.filter((other) => other !== url));
}

/** A peer played by the test: it sends and sees raw frames. */
export class RawPeer {
  readonly received: Uint8Array[] = [];
  closedWith: CloseInfo | undefined;
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start({
      opened: () => {},
      received: (frame) => this.received.push(frame),
      drained: () => {},
      closed: (info) => {
        this.closedWith = info;
      },
    });
  }
}

/** Connects a raw peer to a replica. */
export function connectRaw(
  node: { peers: PeerSet; channel: ReplicatedChannel },
  options: AcceptOptions & { grant?: Permission } = {},
): RawPeer {
  const [left, right] = createTransportPair(node.channel.runtime);
  node.peers.accept(right, options);
  return new RawPeer(left);
}
