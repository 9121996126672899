// Growth with the number of channels in one process.
import type { Peer } from "../mesh.js";
import { heapUsed } from "../node/heap.js";
import { closeAll, connect, cpuOf, fill, openReplica, whenEqual } from "./replicas.js";
import type { GrowthSeries } from "./series.js";

const KEYS = 10;
const WARM_UP = 200;
/** The heap of fewer channels cannot be told from noise. */
const LEAST_WEIGHED = 100;

export const channelsGrowth: GrowthSeries = {
  id: "channels",
  title: "Channels of a process",
  axis: "channels",
  description: `Channels of ${KEYS} keys are opened and filled, then as many empty ones join them, each over a connection of its own.`,
  points: [10, 100, 1_000, 10_000],
  tinyPoints: [20],
  metrics: [
    { id: "heap", title: `with ${KEYS} keys`, unit: "KB", panel: "Heap per channel" },
    {
      id: "heapLive",
      title: "one that joins, connected",
      unit: "KB",
      panel: "Heap per channel",
    },
    { id: "open", title: "open and fill", unit: "µs of CPU", panel: "Time per channel", digits: 0 },
    {
      id: "sync",
      title: "join, both ends",
      unit: "µs of CPU",
      panel: "Time per channel",
      digits: 0,
    },
  ],
  measure: async (channels) => {
    await closeAll((await pairs(WARM_UP)).flat());
    const base = await heapUsed();
    const here: Peer[] = [];
    const open = await cpuOf(() => openAll(here, channels));
    const filled = await heapUsed();
    const there = here.map(({ channel }) => openReplica(channel.name));
    const sync = await cpuOf(() => joinAll(here, there));
    const live = await heapUsed();
    await closeAll([...here, ...there]);
    const kilobytesEach = (bytes: number): number => bytes / channels / 1_000;
    const heap = { heap: kilobytesEach(filled - base), heapLive: kilobytesEach(live - filled) };
    return { ...(channels < LEAST_WEIGHED ? {} : heap), open: open / channels, sync: sync / channels };
  },
};

async function pairs(count: number): Promise<Peer[][]> {
  const here: Peer[] = [];
  await openAll(here, count);
  const there = here.map(({ channel }) => openReplica(channel.name));
  await joinAll(here, there);
  return [here, there];
}

async function openAll(into: Peer[], count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const replica = openReplica(`channel:${index}`);
    await fill(replica, KEYS);
    into.push(replica);
  }
}

/** All at once, as after a restart. */
async function joinAll(here: readonly Peer[], there: readonly Peer[]): Promise<void> {
  for (const [index, replica] of here.entries()) connect(replica, there[index] as Peer);
  for (const [index, replica] of here.entries()) await whenEqual([replica, there[index] as Peer], 1);
}
