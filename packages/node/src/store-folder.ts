// The database within a store's folder: where it lies, whose it is, and what is done when it is damaged or missing.
// Must never delete what it cannot read.
import { access, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChorusError } from "@chorus/core";
import { CHANNEL_FOLDERS, nameOf, STORE_KEYS } from "@chorus/core/internal";
import { findDamage, isDatabaseMissing } from "./leveldb-inspection.js";
import { isForeign } from "./leveldb-keys.js";
import { salvage } from "./leveldb-salvage.js";
import { openingError } from "./store-errors.js";
import { OPENING_KEY, renewPlace } from "./store-opening.js";
import { readPlace } from "./store-place.js";

/** The database, within the store's folder. */
const DATABASE_NAME = "db";
/** A database that is being made of the intact part of a damaged one. */
const SALVAGED_NAME = "db-salvaged";

/** A store's folder that this process has locked. */
export class StoreFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Where the database lies. */
  get database(): string {
    return join(this.path, DATABASE_NAME);
  }

  /** Where a new one is made when it is damaged. */
  get salvaged(): string {
    return join(this.path, SALVAGED_NAME);
  }
}

/**
 * Makes the database fit to be opened: if it is damaged, puts a new one with what is intact in its place and the damaged
 * one aside. Returns the finding, store-damaged, or undefined. Rejects with a ChorusError when the database is somebody
 * else's, when there is no room for a new one, or the folder cannot be read or written; then nothing has changed.
 */
export async function mendDatabase(folder: StoreFolder): Promise<ChorusError | undefined> {
  try {
    if (await isForeign(folder.database, isStoreKey)) throw foreignError(folder);
    const interrupted = await finishExchange(folder);
    const damage = await findDamage(folder.database);
    if (damage !== undefined) return await exchangeDatabase(folder, damage);
    return interrupted ?? (await findMissing(folder));
  } catch (error) {
    throw openingError(folder.path, error);
  }
}

function isStoreKey(key: string): boolean {
  if (key === OPENING_KEY || STORE_KEYS.includes(key)) return true;
  return CHANNEL_FOLDERS.some((folder) => key.startsWith(folder)) && nameOf(key) !== undefined;
}

function foreignError({ database }: StoreFolder): ChorusError {
  return new ChorusError(
    "store-failed",
    `the database ${database} is not a store of Chorus; it was left as it is`,
  );
}

/** Without a database LevelDB makes a new one, as for a new store. */
async function findMissing({ path, database }: StoreFolder): Promise<ChorusError | undefined> {
  // Written when the database had been opened: a first start that was interrupted has none.
  const { hasMarker } = await readPlace(path);
  if (!hasMarker || !(await isDatabaseMissing(database))) return undefined;
  return new ChorusError(
    "store-damaged",
    `the store was damaged (the database is missing): nothing was kept, since there is nothing in ${database}`,
  );
}

/** Puts the database aside and what is intact of it in its place; `damage` says why. Returns the finding. */
export async function exchangeDatabase(folder: StoreFolder, damage: string): Promise<ChorusError> {
  const kept = await salvage(folder.database, folder.salvaged);
  const aside = await chooseAside(folder.path);
  // The newest records may be lost, as in an older copy, and nobody can tell of whom: all channels are new replicas.
  await renewPlace(folder.path);
  await rename(folder.database, aside);
  await rename(folder.salvaged, folder.database);
  return new ChorusError(
    "store-damaged",
    `the store was damaged (${damage}): ${kept} records were intact and kept, the damaged files are in ${aside}`,
  );
}

/** Between its two renames an exchange may have been interrupted; the new database was complete then. */
async function finishExchange({ path, database, salvaged }: StoreFolder): Promise<ChorusError | undefined> {
  if (!(await exists(salvaged))) return undefined;
  if (await exists(database)) {
    await rm(salvaged, { recursive: true }); // perhaps incomplete; all that is in it is in the database
    return undefined;
  }
  await rename(salvaged, database);
  return new ChorusError("store-damaged", `the store was damaged; the damaged files are in ${path}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function chooseAside(path: string): Promise<string> {
  const stem = join(path, `damaged-${new Date().toISOString().replace(/[:.]/g, "-")}`);
  let aside = stem;
  for (let count = 2; await exists(aside); count += 1) aside = `${stem}-${count}`;
  return aside;
}
