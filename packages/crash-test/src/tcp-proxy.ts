// A TCP proxy for one direction of one pair of processes, in the test's process: it can cut what goes through it, refuse
// newcomers, and hold everything back for a while. It looks at nothing that passes.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Both ends of one connection through the proxy. */
type Pair = readonly [Socket, Socket];

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #targetPort: number | undefined;
  #refuses = false;
  #stalls = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#take(socket));
  }

  static async open(): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server);
  }

  /** Where to connect; never changes. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Where connections lead from now on; undefined refuses them. Those that are open stay. */
  leadTo(port: number | undefined): void {
    this.#targetPort = port;
  }

  /** Resets every open connection. @returns how many */
  cut(): number {
    const count = this.#pairs.size;
    for (const pair of this.#pairs) for (const socket of pair) reset(socket);
    return count;
  }

  /** Resets newcomers, or takes them in again. */
  refuse(refuses: boolean): void {
    this.#refuses = refuses;
  }

  /** Holds back everything in both directions, or lets it go on. */
  stall(stalls: boolean): void {
    this.#stalls = stalls;
    for (const pair of this.#pairs) for (const socket of pair) stalls ? socket.pause() : socket.resume();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, "close");
  }

  #take(client: Socket): void {
    client.on("error", () => undefined);
    if (this.#refuses || this.#targetPort === undefined) {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ host: "127.0.0.1", port: this.#targetPort, noDelay: true });
    const pair: Pair = [client, target];
    this.#pairs.add(pair);
    this.#carry(client, target);
    this.#carry(target, client);
    for (const socket of pair) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
    if (this.#stalls) for (const socket of pair) socket.pause();
    else client.resume();
  }

  #carry(from: Socket, to: Socket): void {
    from.on("data", (bytes) => {
      if (to.write(bytes)) return;
      from.pause();
      to.once("drain", () => {
        if (!this.#stalls) from.resume();
      });
    });
    // What was written before the end must still arrive: a close frame, for example.
    from.on("end", () => to.end());
  }
}

/**
 * Not while it is being shut down: Node 20 then closes it never, and the process spins for ever at its end, in
 * `CleanupHandles`. What is to come of an end that was said already is the same.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
