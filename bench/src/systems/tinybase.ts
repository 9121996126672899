// TinyBase: a MergeableStore at each node with its WebSocket synchronizer, its server in the middle. Must never write
// but through the store.
//
// Settings: no compression. The server relays only; with a store of its own, as persistence would need one, it takes
// more CPU and the rest is no faster. Keys are the store's `values`, its natural form for keyed JSON and measured the
// fastest beside cells and rows of a table. Requests may take 30 s instead of 1 s, so that a large exchange does not
// fail on a slow machine. The package itself ends a connection with more than 16 MiB unsent.
//
// A synchronizer starts by asking all others and takes the first answer. Where only clients answer, nobody answers the
// first one: its users wait for the timeout (1 s by default). Here an empty client in the server's process answers until
// a real one is there, so that nobody waits and no order of connecting matters.
import { createMergeableStore, type MergeableStore } from "tinybase/mergeable-store";
import { createWsSynchronizer, type WsSynchronizer } from "tinybase/synchronizers/synchronizer-ws-client";
import { createWsServer, type WsServer } from "tinybase/synchronizers/synchronizer-ws-server";
import type { WebSocket } from "ws";
import { listenOnLoopback, PlainWebSocket, whenClosed } from "./loopback-sockets.js";
import { ownCpuMicroseconds } from "./process-cpu.js";
import type { System, SystemNode, SystemServer, Value } from "./system.js";

const REQUEST_TIMEOUT_SECONDS = 30;
const PATH = "/data";
/** What a synchronizer says once it has started; the package has names for such numbers in its types only. */
const CONTENT_HASHES = 2;
/** How the package's error for a request ends whose synchronizer was destroyed. */
const ENDED = ":destroyed";

/** What a store holds: JSON, without undefined. */
type StoredValue = Parameters<MergeableStore["setValue"]>[1];

class TinyBaseNode implements SystemNode {
  readonly #store = createMergeableStore();
  #url = "";
  #synchronizer: WsSynchronizer<WebSocket> | undefined;
  #isWriting = false;

  listen(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async connect([address]: readonly string[]): Promise<void> {
    if (address === undefined) throw new TypeError("a client of TinyBase needs its server's address");
    this.#url = `${address}${PATH}`;
    this.#synchronizer = await synchronize(this.#store, this.#url);
    await this.#synchronizer.startSync();
  }

  set(key: string, value: Value): void {
    this.#write(() => this.#store.setValue(key, value as StoredValue));
  }

  setAll(entries: readonly (readonly [string, Value])[]): void {
    this.#write(() => {
      for (const [key, value] of entries) this.#store.setValue(key, value as StoredValue);
    });
  }

  delete(key: string): void {
    this.#write(() => this.#store.delValue(key));
  }

  get(key: string): Value | undefined {
    return this.#store.getValue(key);
  }

  entries(): Iterable<readonly [string, Value]> {
    return Object.entries(this.#store.getValues());
  }

  onRemoteChange(listener: () => void): () => void {
    const id = this.#store.addDidFinishTransactionListener(() => {
      if (!this.#isWriting) listener();
    });
    return () => void this.#store.delListener(id);
  }

  async goOffline(): Promise<void> {
    const synchronizer = this.#synchronizer;
    this.#synchronizer = undefined;
    if (synchronizer !== undefined) await end(synchronizer);
  }

  async goOnline(): Promise<void> {
    this.#synchronizer = await synchronize(this.#store, this.#url);
    // Resolves when the exchange is done, which nobody waits for here; failures go to `reportFailure`.
    void this.#synchronizer.startSync();
  }

  stateBytes(): number {
    return Buffer.byteLength(JSON.stringify(this.#store.getMergeableContent()));
  }

  cpuMicroseconds(): number {
    return ownCpuMicroseconds();
  }

  close(): Promise<void> {
    return this.goOffline();
  }

  // Transactions end within the call, so whatever ends outside came from another node.
  #write(change: () => void): void {
    this.#isWriting = true;
    try {
      this.#store.transaction(change);
    } finally {
      this.#isWriting = false;
    }
  }
}

class TinyBaseServer implements SystemServer {
  #server: WsServer | undefined;
  #greeter: Greeter | undefined;

  async listen(): Promise<string> {
    const { sockets, url } = await listenOnLoopback();
    this.#server = createWsServer(sockets, undefined, reportFailure, REQUEST_TIMEOUT_SECONDS);
    this.#greeter = new Greeter();
    await this.#greeter.greet(`${url}${PATH}`);
    return url;
  }

  cpuMicroseconds(): number {
    return ownCpuMicroseconds();
  }

  async close(): Promise<void> {
    await this.#greeter?.leave();
    await this.#server?.destroy();
  }
}

/** The empty client that answers the first real one, and leaves as soon as that one answers others. */
class Greeter {
  #synchronizer: WsSynchronizer<WebSocket> | undefined;

  async greet(url: string): Promise<void> {
    this.#synchronizer = await synchronize(createMergeableStore(), url, (message) => {
      if (message === CONTENT_HASHES) void this.leave();
    });
    // Saving only: it answers, and takes nothing.
    await this.#synchronizer.startAutoSave();
  }

  async leave(): Promise<void> {
    const synchronizer = this.#synchronizer;
    this.#synchronizer = undefined;
    if (synchronizer !== undefined) await end(synchronizer);
  }
}

function synchronize(
  store: MergeableStore,
  url: string,
  onMessage?: (message: number) => void,
): Promise<WsSynchronizer<WebSocket>> {
  const socket: WebSocket = new PlainWebSocket(url);
  const onReceive = onMessage && ((_from: unknown, _request: unknown, message: number) => onMessage(message));
  return createWsSynchronizer(store, socket, REQUEST_TIMEOUT_SECONDS, undefined, onReceive, reportFailure);
}

async function end(synchronizer: WsSynchronizer<WebSocket>): Promise<void> {
  const closed = whenClosed(synchronizer.getWebSocket());
  await synchronizer.destroy();
  await closed;
}

// The package goes on after its own errors: without a word a workload would only miss its deadline.
// What a node that is ended had still asked for is no failure.
function reportFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (!message.endsWith(ENDED)) process.stderr.write(`TinyBase: ${message}\n`);
}

/** TinyBase's MergeableStore with its WebSocket synchronizer. */
export const tinybase: System = {
  name: "TinyBase",
  topology: "server",
  multiWriter: true,
  durable: false,
  unavailable: () => undefined,
  createNode: async () => new TinyBaseNode(),
  createServer: async () => new TinyBaseServer(),
};
