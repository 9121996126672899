// Finds out whether the marker file and the database of a folder belong together, so that neither can be exchanged for
// an older one: both have a text of the last opening. Must never leave them apart, wherever it is interrupted: the
// database, written first, has that of the marker too.
import { randomUUID } from "node:crypto";
import type { ClassicLevel } from "classic-level";
import { readPlace, writePlace } from "./store-place.js";

/** Under this key the database has the texts of its last opening and of the one before, as JSON. Core has none like it. */
export const OPENING_KEY = "!opening";

type Level = ClassicLevel<string, Uint8Array>;

/** A store's folder whose database is open. */
export interface OpenFolder {
  readonly path: string;
  readonly level: Level;
}

/** An opening that is not noted yet. */
export interface Opening {
  /** For `Store.open`: another one when the folder is a copy, or one of its parts is. */
  readonly place: string;
  /** Its own text. */
  readonly id: string;
  /** That of the opening before; undefined when there was none here. */
  readonly former: string | undefined;
}

/** Looks at the marker and the database, and writes nothing. Rejects with the error of either. */
export async function findOpening({ path, level }: OpenFolder): Promise<Opening> {
  const known = await readOpenings(level);
  const { place } = await readPlace(path);
  const id = randomUUID();
  if (place === undefined || !known.includes(place.opening))
    return { place: randomUUID(), id, former: undefined };
  return { place: place.id, id, former: place.opening };
}

/** Notes an opening, before anything else is written. Rejects with the error of the filesystem or the database. */
export async function noteOpening({ path, level }: OpenFolder, opening: Opening): Promise<void> {
  await noteInDatabase(level, opening);
  await writePlace(path, { id: opening.place, opening: opening.id });
}

/** The first half of `noteOpening`. */
export async function noteInDatabase(level: Level, { id, former }: Opening): Promise<void> {
  const openings = former === undefined ? [id] : [id, former];
  await level.put(OPENING_KEY, Buffer.from(JSON.stringify(openings)), { sync: true });
}

/** Makes the folder another place: whatever database is in it then, belongs to none that was. */
export async function renewPlace(path: string): Promise<void> {
  await writePlace(path, { id: randomUUID(), opening: randomUUID() });
}

async function readOpenings(level: Level): Promise<readonly unknown[]> {
  try {
    const value = await level.get(OPENING_KEY);
    const openings = value === undefined ? [] : JSON.parse(Buffer.from(value).toString());
    return Array.isArray(openings) ? openings : [];
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "LEVEL_CORRUPTION")
      return [];
    throw error;
  }
}
