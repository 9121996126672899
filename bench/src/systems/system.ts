// What the bench asks of every system that it compares: the same few calls, whatever stands behind them. Must never
// know a workload, nor how anything is measured.

/** A JSON value, as the workloads write them. */
export type Value = unknown;

/** One node of a system under measure; it lives in a process of its own. */
export interface SystemNode {
  /** Opens what others connect to. Resolves with its address, or with undefined for a node that only dials. */
  listen(): Promise<string | undefined>;
  /**
   * Connects to the addresses: of all nodes that were started before, or of the system's server. Resolves once this
   * node is live with `peers` others, those that will dial it included (a client of a server: once it is synced).
   */
  connect(addresses: readonly string[], peers: number): Promise<void>;
  /** Writes one value here, as the system's users would; it leaves on its own. */
  set(key: string, value: Value): void;
  /** Writes many as the system's users would: in one transaction or batch, in slices where its documents say so. */
  setAll(entries: readonly (readonly [string, Value])[]): void | Promise<void>;
  /** Deletes a key here. */
  delete(key: string): void;
  /** What this node holds now under the key; a promise where reading is asynchronous. */
  get(key: string): Value | undefined | Promise<Value | undefined>;
  /** All that this node holds. */
  entries(): Iterable<readonly [string, Value]> | Promise<Iterable<readonly [string, Value]>>;
  /** Calls the listener whenever something came from another node and was applied. Returns the way to stop it. */
  onRemoteChange(listener: () => void): () => void;
  /** Calls the listener at every word of how far a join or a load has come. Only for systems that say so. */
  onProgress?(listener: () => void): () => void;
  /** Cuts all connections; writes go on here. Resolves when they are cut. */
  goOffline(): Promise<void>;
  /** Connects again as before; resolves once connected, not yet synced. */
  goOnline(): Promise<void>;
  /** Bytes of the state that a fresh node would be given, or undefined where a system has no such thing. */
  stateBytes(): number | undefined;
  /**
   * Frames that this node has sent so far; one to each of two peers counts as two. Only for systems that take part in
   * the workload `meshes`.
   */
  framesSent?(): FrameCounts;
  /** CPU in microseconds that this node has taken so far, with processes that it started. */
  cpuMicroseconds(): number;
  /** Ends everything; no process, socket or timer stays. */
  close(): Promise<void>;
}

/** Frames that carry changes, and all others. */
export interface FrameCounts {
  readonly updates: number;
  readonly others: number;
}

/** Where a system's node or server is created; `durable` ones get a folder of their own. */
export interface NodeOptions {
  /** An empty folder that is the node's own, on a real disk. */
  readonly folder: string;
  /** Number of the node, from 0; a system with a single writer writes at node 0. */
  readonly index: number;
}

/** A system as the bench runs it. */
export interface System {
  /** In tables and charts. */
  readonly name: string;
  /** `mesh`: every node dials those before it. `server`: one more process, created by `createServer`, that all dial. */
  readonly topology: "mesh" | "server";
  /** More than one node may write. */
  readonly multiWriter: boolean;
  /** A write is on disk of its node before others see it. */
  readonly durable: boolean;
  /**
   * What it promises of concurrent writes of one key. `later wins`: by the clock; the bench fails when it does not.
   * `some wins` (the default): the same one everywhere. `none`: copies may differ, which then is no failure.
   */
  readonly conflicts?: "later wins" | "some wins" | "none";
  /** What is measured, where it is no dependency of this package: "redis-server 7.0.15". */
  version?(): string | undefined;
  /** Why it cannot run here, for instance "redis-server is not installed"; undefined when it can. */
  unavailable(): string | undefined;
  createNode(options: NodeOptions): Promise<SystemNode>;
  /** The server's process; only `listen`, `cpuMicroseconds` and `close` are asked of it. Missing for a mesh. */
  createServer?(options: NodeOptions): Promise<SystemServer>;
}

/** The part of a node that a server process is asked for. */
export type SystemServer = Pick<SystemNode, "cpuMicroseconds" | "close"> & { listen(): Promise<string> };
