// What a store holds, found when it is opened: the names of its channels, and for those whose metadata is lost a list of
// everything that is left of them. It writes nothing.
import { type ChannelMetadata, findMetadata } from "./channel-metadata.js";
import type { LostChannel } from "./channel-reader.js";
import type { ReadValue, StoreDatabase } from "./store-database.js";
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

/**
 * Those of the channels whose metadata does not say where everything is, with a list of their keys: it is lost, or
 * older than what stands in the log.
 */
export async function findLost(
  database: StoreDatabase,
  names: readonly string[],
): Promise<Map<string, LostChannel>> {
  const lost = new Map<string, LostChannel>();
  for (let from = 0; from < names.length; from += CHUNK) {
    const chunk = names.slice(from, from + CHUNK).map((name) => ({ name, keys: new ChannelKeys(name) }));
    const values = await database.read(chunk.flatMap(({ keys }) => keys.metadata));
    const look = async ({ name, keys }: Looked, index: number): Promise<void> => {
      const copies = values.slice(index * keys.metadata.length, (index + 1) * keys.metadata.length);
      const found = await lookAt(database, keys, copies);
      if (found) lost.set(name, found);
    };
    await Promise.all(chunk.map(look));
  }
  return lost;
}

interface Looked {
  readonly name: string;
  readonly keys: ChannelKeys;
}

/** What there is of a channel, if its metadata does not say where. @param copies of the metadata, as they were read */
async function lookAt(
  database: StoreDatabase,
  keys: ChannelKeys,
  copies: readonly ReadValue[],
): Promise<LostChannel | undefined> {
  const { metadata } = findMetadata(keys, copies);
  if (metadata && !metadata.isSalvaged && !(await isOutdated(database, keys, metadata))) return undefined;
  const slices = await database.keys(keys.slices);
  const updates = await database.keys(keys.log);
  // Nothing at all: a channel that is new.
  const isThere = slices.length + updates.length > 0 || copies.some((copy) => copy !== undefined);
  return isThere ? { slices, updates } : undefined;
}

/** There are updates behind the end that the metadata knows of. */
async function isOutdated(
  database: StoreDatabase,
  keys: ChannelKeys,
  { endNumber, firstNumber }: ChannelMetadata,
): Promise<boolean> {
  if (endNumber === undefined) return false;
  const from = keys.update(Math.max(firstNumber, endNumber));
  return (await database.keys({ from, to: keys.log.to }, 1)).length > 0;
}
