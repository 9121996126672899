// Growth with the number of keys of one channel.
import { heapUsed } from "../node/heap.js";
import { closeAll, connect, cpuOf, cpuPerSet, fill, openReplica, whenEqual } from "./replicas.js";
import type { GrowthSeries } from "./series.js";

const SETS = 10_000;
const SETS_PER_TURN = 100;
/** The heap of fewer keys cannot be told from noise. */
const LEAST_WEIGHED = 10_000;

export const keysGrowth: GrowthSeries = {
  id: "keys",
  title: "Keys of a channel",
  axis: "keys",
  description:
    "A replica is filled, another one joins it, then both overwrite keys at random, 100 in a turn of the event loop.",
  points: [1_000, 10_000, 100_000, 1_000_000],
  tinyPoints: [500],
  metrics: [
    { id: "heapWritten", title: "written here", unit: "B", panel: "Heap per key", digits: 0 },
    { id: "heapReceived", title: "received", unit: "B", panel: "Heap per key", digits: 0 },
    { id: "set", title: "a set, both replicas", unit: "µs of CPU", panel: "A set" },
    { id: "join", title: "per key, both replicas", unit: "µs of CPU", panel: "A join" },
  ],
  measure: async (keys) => {
    await warmUp();
    const base = await heapUsed();
    const writer = openReplica();
    await fill(writer, keys);
    const filled = await heapUsed();
    const joiner = openReplica();
    const join = await cpuOf(async () => {
      connect(writer, joiner);
      await whenEqual([writer, joiner], 1);
    });
    const joined = await heapUsed();
    const set = await cpuPerSet([writer, joiner], { count: SETS, perTurn: SETS_PER_TURN, keys });
    await closeAll([writer, joiner]);
    const heap = { heapWritten: (filled - base) / keys, heapReceived: (joined - filled) / keys };
    return { ...(keys < LEAST_WEIGHED ? {} : heap), set, join: join / keys };
  },
};

/** Code and tables that everything shares are there before the heap is weighed, and V8 has compiled what joins. */
async function warmUp(): Promise<void> {
  const [giver, joiner] = [openReplica(), openReplica()];
  await fill(giver, SETS);
  connect(giver, joiner);
  await whenEqual([giver, joiner], 1);
  await cpuPerSet([giver, joiner], { count: SETS, perTurn: SETS_PER_TURN, keys: SETS });
  await closeAll([giver, joiner]);
}
