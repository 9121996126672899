// Growth with the number of sessions that have written to a channel: each leaves an entry in the state vector for ever.
import { PeerSet } from "@chorus/core";
import { encodeStateVector } from "yjs";
import type { Peer } from "../mesh.js";
import { heapUsed } from "../node/heap.js";
import { closeAll, connect, cpuOf, cpuPerSet, fill, openReplica, whenEqual } from "./replicas.js";
import type { GrowthSeries } from "./series.js";

/** The same however many sessions have written them. */
const KEYS = 10_000;
const SETS = 10_000;

export const sessionsGrowth: GrowthSeries = {
  id: "sessions",
  title: "Sessions in a channel's history",
  axis: "sessions",
  description:
    "10,000 keys, written by so many short sessions of different replicas, whose updates are merged in one channel. " +
    "A fresh replica joins it; then both overwrite keys, 100 in a turn of the event loop; then they part and meet again " +
    "with nothing to catch up on.",
  points: [1, 10, 100, 1_000, 10_000],
  tinyPoints: [5],
  metrics: [
    { id: "vector", title: "as sent when peers meet", unit: "B", panel: "State vector", digits: 0 },
    { id: "heap", title: "whole channel", unit: "KB", panel: "Heap", digits: 0 },
    { id: "set", title: "both replicas", unit: "µs of CPU", panel: "A set" },
    { id: "join", title: "a fresh replica joins", unit: "ms of CPU", panel: "A sync, both replicas" },
    {
      id: "meet",
      title: "peers meet again",
      unit: "ms of CPU",
      panel: "A sync, both replicas",
    },
  ],
  measure: async (sessions) => {
    await closeAll(await joined(await merged(10)));
    const base = await heapUsed();
    const replica = await merged(sessions);
    const heap = ((await heapUsed()) - base) / 1_000;
    const vector = encodeStateVector(new Map(replica.channel.replication.vector())).length;
    let both: Peer[] = [];
    const join = await cpuOf(async () => {
      both = await joined(replica);
    });
    const set = await cpuPerSet(both, { count: SETS, perTurn: 100, keys: KEYS });
    const meet = await meeting(both);
    await closeAll(both);
    return { vector, heap, set, join: join / 1_000, meet: meet / 1_000 };
  },
};

/** One replica that has got everything from sessions that are gone. */
async function merged(sessions: number): Promise<Peer> {
  const replica = openReplica();
  const { replication } = replica.channel;
  for (let index = 0; index < sessions; index++) {
    const writer = openReplica();
    writer.channel.replication.onUpdate(
      (update) => void replication.receive(update, writer, () => undefined),
    );
    const first = Math.floor((index * KEYS) / sessions);
    await fill(writer, Math.floor(((index + 1) * KEYS) / sessions) - first, first);
    await closeAll([writer]);
  }
  if (replica.channel.size !== KEYS) throw new Error(`${replica.channel.size} of ${KEYS} keys were merged`);
  return replica;
}

async function joined(replica: Peer): Promise<Peer[]> {
  const both = [replica, openReplica()] as const;
  connect(...both);
  await whenEqual(both, 1);
  return [...both];
}

/** CPU of parting and meeting again, in microseconds. */
async function meeting(both: readonly Peer[]): Promise<number> {
  for (const { links } of both) await links.close();
  const again = both.map(({ channel }) => ({ channel, links: new PeerSet(channel) }));
  const [here, there] = again;
  if (here === undefined || there === undefined) throw new Error("two replicas meet");
  const cpu = await cpuOf(async () => {
    connect(here, there);
    await whenEqual(again, 1);
  });
  for (const { links } of again) await links.close();
  return cpu;
}
