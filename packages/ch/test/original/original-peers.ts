// Originals as the scripts of failures.ts want them: a full mesh over cuttable connections. It must never help them: what
// they lose is lost.
import { CuttableMesh } from "./cuttable-mesh.js";
import type { Peers } from "./failures.js";
import { OriginalPeer } from "./original-peer.js";

/** Starts peers that are all peered with each other. */
export async function startOriginalPeers(count: number): Promise<Peers> {
  const peers = await Promise.all(Array.from({ length: count }, () => OriginalPeer.start()));
  const mesh = await CuttableMesh.open(peers.map(({ server }) => server.port));
  for (const [from, peer] of peers.entries()) {
    const others = peers.map((_, to) => to).filter((to) => to !== from);
    await peer.peer(others.map((to) => `http://127.0.0.1:${mesh.port(from, to)}${peer.path}`));
  }
  const peerAt = (place: number): OriginalPeer => {
    const peer = peers[place];
    if (peer === undefined) throw new Error(`no peer ${place}`);
    return peer;
  };
  return {
    write: (place, key, value) => void peerAt(place).channel.set({ id: key }, { id: key, value }),
    cut: (place) => mesh.cut(place),
    heal: (place) => mesh.heal(place),
    // What arrives is not sent on, so one round is all there is.
    settle: async () => void (await Promise.all(peers.map((peer) => peer.whenIdle()))),
    contents: (place) => {
      const rows = peerAt(place).channel.getAll() as { id: string; value: string }[];
      return new Map(rows.map(({ id, value }) => [id, value]));
    },
    close: async () => {
      await Promise.all(peers.map((peer) => peer.close()));
      await mesh.close();
    },
  };
}
