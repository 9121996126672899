// TCP proxies between peers, one for every directed pair, so that one peer can be cut off as by an unplugged cable but
// at once. It knows nothing of what is said on the connections, and must never treat one kind of peer unlike another.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Proxy {
  readonly from: number;
  readonly to: number;
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

const HOST = "127.0.0.1";

export class CuttableMesh {
  readonly #proxies: readonly Proxy[];
  readonly #cut = new Set<number>();
  /** Pairs of which neither reaches the other, as "lower-higher". */
  readonly #cutPairs = new Set<string>();

  private constructor(ports: readonly number[]) {
    const places = ports.map((_, place) => place);
    this.#proxies = places.flatMap((from) =>
      places.filter((to) => to !== from).map((to) => this.#create(from, to, ports[to] ?? 0)),
    );
  }

  /** @param ports where the peers listen on loopback, by their place */
  static async open(ports: readonly number[]): Promise<CuttableMesh> {
    const mesh = new CuttableMesh(ports);
    for (const { server } of mesh.#proxies) {
      server.listen(0, HOST);
      await once(server, "listening");
    }
    return mesh;
  }

  /** Where `from` reaches `to`. */
  port(from: number, to: number): number {
    const proxy = this.#proxies.find((candidate) => candidate.from === from && candidate.to === to);
    if (proxy === undefined) throw new Error(`no way from ${from} to ${to}`);
    return (proxy.server.address() as AddressInfo).port;
  }

  /** Whom `from` reaches at a port of `port()`. */
  placeOf(from: number, port: number): number {
    const proxy = this.#proxies.find(
      (candidate) => candidate.from === from && this.port(from, candidate.to) === port,
    );
    if (proxy === undefined) throw new Error(`${from} reaches nobody at port ${port}`);
    return proxy.to;
  }

  /** Whether connections from one to the other are let through. */
  isOpen(from: number, to: number): boolean {
    return !this.#cut.has(from) && !this.#cut.has(to) && !this.#cutPairs.has(pairOf(from, to));
  }

  /** Ends all connections from and to a peer, and every new one at once. */
  cut(place: number): void {
    this.#cut.add(place);
    this.#reset();
  }

  heal(place: number): void {
    this.#cut.delete(place);
  }

  /** The same for the connections between two peers. */
  cutPair(one: number, other: number): void {
    this.#cutPairs.add(pairOf(one, other));
    this.#reset();
  }

  healPair(one: number, other: number): void {
    this.#cutPairs.delete(pairOf(one, other));
  }

  async close(): Promise<void> {
    const closed = this.#proxies.map(({ server }) => once(server, "close"));
    for (const { server, sockets } of this.#proxies) {
      server.close();
      for (const socket of sockets) socket.destroy();
    }
    await Promise.all(closed);
  }

  #reset(): void {
    for (const { from, to, sockets } of this.#proxies) {
      if (!this.isOpen(from, to)) for (const socket of sockets) reset(socket);
    }
  }

  #create(from: number, to: number, port: number): Proxy {
    const sockets = new Set<Socket>();
    const keep = (socket: Socket, other: Socket): void => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    };
    const server = createServer((near) => {
      near.on("error", () => undefined);
      // The port stays taken while cut, or another process could get it; so connecting succeeds and ends in a reset.
      if (!this.isOpen(from, to)) return void near.resetAndDestroy();
      const far = connect(port, HOST);
      keep(near, far);
      keep(far, near);
    });
    return { from, to, server, sockets };
  }
}

/** Never while it is being shut down: Node 20 would not close it at all, and spin for ever at the end of the process. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function pairOf(one: number, other: number): string {
  return `${Math.min(one, other)}-${Math.max(one, other)}`;
}
