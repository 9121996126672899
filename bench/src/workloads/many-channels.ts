// Many small channels of Chorus in one process, and one with all their keys: what each channel and each key takes of
// the heap. Must run in a process that has done nothing else.
import type { System } from "../systems/system.js";
import { grouped, type Workload, type WorkloadSize } from "./workload.js";

interface Sizes extends WorkloadSize {
  readonly channels: number;
  readonly keys: number;
}

export const manyChannels: Workload<Sizes> = {
  id: "channels",
  title: "Heap of many channels",
  aim: "reported; goal ≤ 450 B per key",
  freshProcesses: true,
  metrics: [
    { id: "perKey", title: "heap per key", unit: "B", digits: 0, compared: false },
    { id: "perChannel", title: "heap per empty channel", unit: "B", digits: 0, compared: false },
    { id: "perKeyOfOne", title: "per key, one channel with all", unit: "B", digits: 0, compared: false },
  ],
  sizes: {
    full: { rounds: 1, channels: 10_000, keys: 10 },
    quick: { rounds: 1, warmUps: 0, channels: 500, keys: 10 },
    tiny: { rounds: 1, warmUps: 0, channels: 20, keys: 10 },
  },
  describe: ({ channels, keys }) =>
    `${grouped(channels)} channels of ${keys} keys, and one of ${grouped(channels * keys)}`,
  excludes: (id: string, _system: System) => (id === "chorus" ? undefined : "only Chorus has such channels"),
  run: async (cluster, { channels, keys }) => {
    const { perKey, perChannel, perKeyOfOne } = await cluster.ask(0, "channelHeap", { channels, keys });
    return { perKey, perChannel, perKeyOfOne };
  },
};
