// Redis, as a reference with a single writer: node 0 has the master, every other node a replica of its own, each with
// the official client. Must never let two nodes write.
//
// Settings are in redis-process.ts. Values are JSON text under plain keys; the client pipelines by itself what one tick
// asks; many values go as MSET of 1,000 each. A client learns of changes by a marker that the writer publishes once
// for each tick that wrote: it travels in the replication stream behind the writes, so a replica that delivers it has
// applied them. Keyspace events would cost a message for each key, and WAIT tells the writer only. The state of a link
// is asked for every few milliseconds, but only while one is set up.
import { createClient, DisconnectsClientError } from "@redis/client";
import { pause } from "../wait.js";
import { ownCpuMicroseconds } from "./process-cpu.js";
import { RedisProcess, whyNoRedis } from "./redis-process.js";
import type { NodeOptions, System, SystemNode, Value } from "./system.js";

const MARKER = "bench:changed";
const KEYS_PER_COMMAND = 1_000;
const LINK_POLL_MS = 5;
const LINK_DEADLINE_MS = 60_000;
/** Nothing listens there (tcpmux): a replica of it stays as it is and keeps its place in the master's stream. */
const NO_MASTER = ["127.0.0.1", "1"];

type Client = ReturnType<typeof openClient>;

/** What master and replica have in common. */
abstract class RedisNode implements SystemNode {
  protected readonly server: RedisProcess;
  protected readonly client: Client;

  constructor(server: RedisProcess, client: Client) {
    this.server = server;
    this.client = client;
  }

  abstract listen(): Promise<string | undefined>;
  abstract connect(addresses: readonly string[], peers: number): Promise<void>;
  abstract set(key: string, value: Value): void;
  abstract setAll(entries: readonly (readonly [string, Value])[]): void;
  abstract delete(key: string): void;
  abstract onRemoteChange(listener: () => void): () => void;
  abstract goOffline(): Promise<void>;
  abstract goOnline(): Promise<void>;

  async get(key: string): Promise<Value | undefined> {
    const text = await this.client.get(key);
    return text === null ? undefined : (JSON.parse(text) as Value);
  }

  async entries(): Promise<Iterable<readonly [string, Value]>> {
    const found = new Map<string, Value>();
    for await (const keys of this.client.scanIterator({ COUNT: KEYS_PER_COMMAND })) {
      const texts = keys.length === 0 ? [] : await this.client.mGet(keys);
      for (const [index, key] of keys.entries()) {
        const text = texts[index];
        if (typeof text === "string") found.set(key, JSON.parse(text) as Value);
      }
    }
    return found;
  }

  stateBytes(): undefined {
    return undefined;
  }

  cpuMicroseconds(): number {
    return ownCpuMicroseconds() + this.server.cpuMicroseconds();
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.server.end();
  }

  protected ask(...words: string[]): Promise<unknown> {
    return this.client.sendCommand(words);
  }

  /** Resolves once `isSetUp` holds for what the server tells of its role. */
  protected async whenLinked(isSetUp: (role: readonly unknown[]) => boolean): Promise<void> {
    const end = performance.now() + LINK_DEADLINE_MS;
    while (!isSetUp((await this.ask("ROLE")) as unknown[])) {
      if (performance.now() > end)
        throw new Error(`no link between master and replica in ${LINK_DEADLINE_MS} ms`);
      await pause(LINK_POLL_MS);
    }
  }
}

class MasterNode extends RedisNode {
  #replicas = 0;
  #markerIsDue = false;

  async listen(): Promise<string> {
    return `${this.server.host}:${this.server.port}`;
  }

  async connect(_addresses: readonly string[], peers: number): Promise<void> {
    this.#replicas = peers;
    await this.#whenAllLinked();
    // A replica counts as linked before its first acknowledgement; until then it is sent nothing, for up to a second.
    await this.client.publish(MARKER, "");
    const acknowledged = Number(await this.ask("WAIT", String(peers), String(LINK_DEADLINE_MS)));
    if (acknowledged < peers) throw new Error(`${acknowledged} of ${peers} replicas are linked`);
  }

  set(key: string, value: Value): void {
    this.#send(this.client.set(key, JSON.stringify(value)));
  }

  setAll(entries: readonly (readonly [string, Value])[]): void {
    for (let start = 0; start < entries.length; start += KEYS_PER_COMMAND) {
      const slice = entries.slice(start, start + KEYS_PER_COMMAND);
      this.#send(
        this.client.mSet(slice.map(([key, value]) => [key, JSON.stringify(value)] as [string, string])),
      );
    }
  }

  delete(key: string): void {
    this.#send(this.client.del(key));
  }

  /** Nothing ever comes to the only writer. */
  onRemoteChange(): () => void {
    return () => undefined;
  }

  async goOffline(): Promise<void> {
    // Without its port no replica can return; this node's own connection stays.
    await this.ask("CONFIG", "SET", "port", "0");
    await this.ask("CLIENT", "KILL", "TYPE", "replica");
  }

  async goOnline(): Promise<void> {
    await this.ask("CONFIG", "SET", "port", String(this.server.port));
    await this.#whenAllLinked();
  }

  #whenAllLinked(): Promise<void> {
    return this.whenLinked(([, , replicas]) => Array.isArray(replicas) && replicas.length >= this.#replicas);
  }

  #send(answer: Promise<unknown>): void {
    answer.catch(reportFailure);
    if (this.#markerIsDue) return;
    this.#markerIsDue = true;
    queueMicrotask(() => {
      this.#markerIsDue = false;
      this.client.publish(MARKER, "").catch(reportFailure);
    });
  }
}

class ReplicaNode extends RedisNode {
  readonly #listeners = new Set<() => void>();
  readonly #subscriber: Client;
  #master: string[] = [];

  constructor(server: RedisProcess, client: Client) {
    super(server, client);
    this.#subscriber = openClient(server);
  }

  /** Nobody dials a replica. */
  async listen(): Promise<undefined> {
    await this.#subscriber.connect();
    await this.#subscriber.subscribe(MARKER, () => this.#changed());
  }

  async connect([master]: readonly string[]): Promise<void> {
    if (master === undefined) throw new TypeError("a replica needs the master's address");
    this.#master = master.split(":");
    await this.goOnline();
  }

  set(): void {
    throw new Error("only node 0 writes to Redis");
  }

  setAll(): void {
    this.set();
  }

  delete(): void {
    this.set();
  }

  onRemoteChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async goOffline(): Promise<void> {
    await this.ask("REPLICAOF", ...NO_MASTER);
  }

  async goOnline(): Promise<void> {
    await this.ask("REPLICAOF", ...this.#master);
    await this.whenLinked(([, , , state]) => state === "connected");
    // A snapshot holds no marker.
    this.#changed();
  }

  override async close(): Promise<void> {
    if (this.#subscriber.isOpen) this.#subscriber.destroy();
    await super.close();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function openClient({ host, port }: RedisProcess) {
  const client = createClient({ socket: { host, port, reconnectStrategy: false } });
  return client.on("error", reportFailure);
}

// What a node that is closed had still asked for is no failure.
function reportFailure(error: Error): void {
  if (!(error instanceof DisconnectsClientError)) process.stderr.write(`Redis: ${error.message}\n`);
}

async function createNode({ folder, index }: NodeOptions): Promise<SystemNode> {
  const server = await RedisProcess.start(folder);
  const client = openClient(server);
  await client.connect();
  return index === 0 ? new MasterNode(server, client) : new ReplicaNode(server, client);
}

/** Redis with replicas: asynchronous replication, no conflicts to handle. */
export const redis: System = {
  name: "Redis",
  topology: "mesh",
  multiWriter: false,
  durable: false,
  unavailable: whyNoRedis,
  createNode,
};
