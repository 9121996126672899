// What a disk holds of a channel, read by the engine's own store from a copy of it: the yardstick for what must not get
// lost. The disk itself is not touched.
import { Store } from "@chorus/core";
import type { StateVector } from "@chorus/core/internal";
import * as Y from "yjs";
import type { Disk } from "./disk.js";
import type { World } from "./host.js";
import type { Random } from "./random.js";
import { VirtualDatabase } from "./virtual-database.js";
import { VirtualRuntime } from "./virtual-runtime.js";
import { waitFor } from "./wait-for.js";

const READING_MS = 1_000;

/** The state vector of what a process that started now on this disk would find. */
export async function storedVector(disk: Disk, world: World, random: Random): Promise<StateVector> {
  const { scheduler } = world;
  const runtime = new VirtualRuntime({ scheduler, random: random.fork(), clock: { skewMs: 0 } });
  const copy = disk.copy(disk.place);
  const database = new VirtualDatabase(copy, { runtime, random: random.fork(), writeMs: 1, count: () => {} });
  const opened = await waitFor(Store.open(database, { runtime, place: copy.place }), scheduler, READING_MS);
  if (!opened) throw new Error(`the copy of ${disk.place} cannot be read`);
  const { snapshot, updates } = opened.value.openChannel("data").restore();
  runtime.kill();
  const document = new Y.Doc();
  for (const update of [...snapshot, ...updates]) Y.applyUpdate(document, update);
  return Y.decodeStateVector(Y.encodeStateVector(document));
}
