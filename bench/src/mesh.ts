// Full meshes of replicas in one process, over memory. Must leave no timer behind after `close`.
import { Channel, createTransportPair, PeerSet, systemRuntime } from "@chorus/core";
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
    return { channel, links: new PeerSet(channel) };
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
