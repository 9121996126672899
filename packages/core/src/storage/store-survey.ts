// What a store holds, found when it is opened: the names of its channels, and for those whose metadata is lost a list of
// everything that is left of them. It writes nothing.
import { findMetadata } from "./channel-metadata.js";
import type { LostChannel } from "./channel-reader.js";
import type { StoreDatabase } from "./store-database.js";
import { behind, CHANNEL_FOLDERS, ChannelKeys, nameOf, within } from "./store-keys.js";

/** Channels that are looked at together. */
const CHUNK = 64;

/** The names of all channels of which there is anything at all, in the order of their code units. */
export async function findNames(database: StoreDatabase): Promise<string[]> {
  const names = new Set<string>();
  for (const folder of CHANNEL_FOLDERS) {
    // From one channel to the next, however many records each has.
    let range = within(folder);
    for (;;) {
      const [first] = await database.keys(range, 1);
      if (first === undefined) break;
      const name = nameOf(first);
      if (name === undefined) range = { from: `${first}\u0001`, to: range.to };
      else range = behind(folder, name);
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort();
}

/** Those of the channels whose metadata does not say where everything is, with a list of their keys. */
export async function findLost(
  database: StoreDatabase,
  names: readonly string[],
): Promise<Map<string, LostChannel>> {
  const lost = new Map<string, LostChannel>();
  for (let from = 0; from < names.length; from += CHUNK) {
    const chunk = names.slice(from, from + CHUNK).map((name) => ({ name, keys: new ChannelKeys(name) }));
    const values = await database.read(chunk.flatMap(({ keys }) => keys.metadata));
    let next = 0;
    for (const { name, keys } of chunk) {
      const copies = values.slice(next, next + keys.metadata.length);
      next += keys.metadata.length;
      const { metadata } = findMetadata(keys, copies);
      if (metadata && !metadata.isSalvaged) continue;
      const slices = await database.keys(keys.slices);
      const updates = await database.keys(keys.log);
      // Nothing at all: a channel that is new.
      if (slices.length + updates.length > 0 || copies.some((copy) => copy !== undefined)) {
        lost.set(name, { slices, updates });
      }
    }
  }
  return lost;
}
