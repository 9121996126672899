// Full meshes of replicas in one process, over WebSockets on the loopback interface or over memory. Must leave no
// socket and no timer behind after `close`.
import { Channel, createTransportPair, PeerSet, systemRuntime } from "@chorus/core";
import { dialWebSocket, Endpoint } from "@chorus/node";
import { waitFor } from "./wait.js";

/** One replica of a mesh. */
export interface Peer {
  readonly channel: Channel;
  readonly links: PeerSet;
}

/** Replicas that are connected, each with each. */
export interface Mesh {
  readonly peers: readonly Peer[];
  close(): Promise<void>;
}

const PATH = "/bench";

/** A mesh over real WebSockets; every replica is given all URLs, its own included. */
export async function webSocketMesh(count: number): Promise<Mesh> {
  const peers = createPeers(count);
  const endpoints: Endpoint[] = [];
  const mesh = {
    peers,
    close: async () => {
      await closePeers(peers);
      await Promise.all(endpoints.map((endpoint) => endpoint.close()));
    },
  };
  try {
    for (const { links } of peers) {
      const endpoint = await Endpoint.listen(0, { host: "127.0.0.1" });
      endpoints.push(endpoint);
      endpoint.expose(PATH, (transport, admission) => links.accept(transport, admission));
    }
    const urls = endpoints.map(({ port }) => `http://127.0.0.1:${port}${PATH}`);
    for (const { links } of peers) links.setUrls(urls);
  } catch (error) {
    await mesh.close();
    throw error;
  }
  return completed(mesh);
}

/** A mesh over memory transports: no sockets, so that a figure is the engine's alone. */
export async function memoryMesh(count: number): Promise<Mesh> {
  const peers = createPeers(count);
  const mesh = { peers, close: () => closePeers(peers) };
  for (const [index, { links }] of peers.entries()) {
    for (const other of peers.slice(index + 1)) {
      const [near, far] = createTransportPair(systemRuntime);
      links.accept(near);
      other.links.accept(far);
    }
  }
  return completed(mesh);
}

function createPeers(count: number): Peer[] {
  return Array.from({ length: count }, (_, index) => {
    const channel = new Channel({ name: "bench", replicaId: `replica-${index}` });
    return { channel, links: new PeerSet(channel, { dial: dialWebSocket }) };
  });
}

/** Resolves once there is one live connection for each pair and none besides: of two to the same peer one has ended. */
async function completed(mesh: Mesh): Promise<Mesh> {
  const { peers } = mesh;
  const others = peers.length - 1;
  const isComplete = (): boolean =>
    peers.every(({ links }) => {
      const { connections, live } = links.stats();
      return connections === others && live === others;
    });
  try {
    await waitFor(isComplete, { what: `a full mesh of ${peers.length}` });
    return mesh;
  } catch (error) {
    await mesh.close();
    throw error;
  }
}

async function closePeers(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map(({ links }) => links.close()));
  for (const { channel } of peers) channel.close();
}
