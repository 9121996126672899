// Peers of Chorus as the scripts of original/failures.ts want them: a full mesh over cuttable connections, by the public
// interface only. It must never give them another way to each other than the original's peers have.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@chorus/testing";
import { type Ch, type ChannelHandle, createCh } from "../src/index.js";
import { CuttableMesh } from "./original/cuttable-mesh.js";
import type { Peers } from "./original/failures.js";

type Data = ChannelHandle<{ id: string }, { id: string; value: string }>;

interface Node {
  readonly $ch: Ch;
  readonly data: Data;
  readonly server: Server;
}

/** Starts peers that are all peered with each other. */
export async function startChorusPeers(count: number): Promise<Peers> {
  const nodes = await Promise.all(Array.from({ length: count }, startNode));
  const mesh = await CuttableMesh.open(nodes.map(({ server }) => (server.address() as AddressInfo).port));
  for (const [from, { data, server }] of nodes.entries()) {
    const others = nodes.map((_, to) => to).filter((to) => to !== from);
    const urls = others.map((to) => `http://127.0.0.1:${mesh.port(from, to)}/data`);
    await data.peer(server, "/data", urls);
  }
  const dataAt = (place: number): Data => {
    const node = nodes[place];
    if (node === undefined) throw new Error(`no peer ${place}`);
    return node.data;
  };
  const settle = async (): Promise<void> => {
    await until(() => nodes.every(({ data }, from) => linksAreAsExpected(data, mesh, from)), {
      what: "links to be up where nothing is cut, and down elsewhere",
    });
    await Promise.all(nodes.map(({ data }) => data.waitForJobs(10_000)));
  };
  await settle();
  return {
    write: (place, key, value) => void dataAt(place).set({ id: key }, { id: key, value }),
    cut: (place) => mesh.cut(place),
    heal: (place) => mesh.heal(place),
    settle,
    contents: (place) =>
      new Map(
        dataAt(place)
          .getAll()
          .map(({ id, value }) => [id, value]),
      ),
    close: async () => {
      for (const { $ch, server } of nodes) await stop($ch, server);
      await mesh.close();
    },
  };
}

async function startNode(): Promise<Node> {
  const server = createServer((_, response) => response.writeHead(418).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A cut is healed within milliseconds here; the delays of a real network would only make the script slow.
  const $ch = createCh({ links: { backoffMinMs: 10, backoffMaxMs: 100 } });
  return { $ch, server, data: $ch("data") };
}

function linksAreAsExpected(data: Data, mesh: CuttableMesh, from: number): boolean {
  return data.links().every(({ url, status }) => {
    const to = mesh.placeOf(from, Number(new URL(url).port));
    return (status === "synced") === mesh.isOpen(from, to);
  });
}

async function stop($ch: Ch, server: Server): Promise<void> {
  await $ch.close();
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
