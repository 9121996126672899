// The systems that the bench compares, by the name that the command line has for each. Must never load one that was not
// asked for: what a library takes in memory and at the start would be in the others' figures.
import type { System } from "./system.js";

const LOADERS: { readonly [id: string]: () => Promise<System> } = {
  wire: async () => (await import("./wire.js")).wire,
  chorus: async () => (await import("./chorus.js")).chorus,
  "chorus-durable": async () => (await import("./chorus.js")).chorusDurable,
  "y-websocket": async () => (await import("./y-websocket.js")).yWebsocket,
  hocuspocus: async () => (await import("./hocuspocus.js")).hocuspocus,
  tinybase: async () => (await import("./tinybase.js")).tinybase,
  redis: async () => (await import("./redis.js")).redis,
};

/** What all others are compared with. */
export const WIRE_ID = "wire";

/** Chorus in memory, which durable Chorus is compared with. */
export const MEMORY_ID = "chorus";

/** All ids, in the order of reports. */
export const SYSTEM_IDS: readonly string[] = Object.keys(LOADERS);

/** Whether it is Chorus: what must never fail or be late. */
export function isChorus(id: string): boolean {
  return id.startsWith("chorus");
}

/** @throws Error naming the systems that there are */
export async function loadSystem(id: string): Promise<System> {
  const load = Object.hasOwn(LOADERS, id) ? LOADERS[id] : undefined;
  if (load === undefined) throw new Error(`no system ${id}: there are ${SYSTEM_IDS.join(", ")}`);
  return load();
}
