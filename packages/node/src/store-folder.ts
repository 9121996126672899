// The folder of a store: who may have it open, where the database lies in it, and what is done when that is damaged.
// Must never delete what it cannot read.
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ChorusError } from "@chorus/core";
import { ClassicLevel } from "classic-level";
import { findDamage } from "./leveldb-inspection.js";
import { salvage } from "./leveldb-salvage.js";
import { openingError } from "./store-errors.js";
import { renewPlace } from "./store-place.js";

/** The database, within the store's folder. */
const DATABASE_NAME = "db";
/** An empty database that is only ever locked: the lock of `db` does not cover its repair. */
const LOCK_NAME = "lock";
/** A database that is being made of the intact part of a damaged one. */
const SALVAGED_NAME = "db-salvaged";

/** A folder that this process has for itself. */
export interface StoreFolder {
  readonly path: string;
  /** Where the database lies. */
  readonly database: string;
  /** Lets others have it. Never rejects. */
  release(): Promise<void>;
}

/**
 * Makes the folder, with those above it, and locks it; the system unlocks it when the process ends, however it ends.
 * Rejects with store-locked, store-unwritable, store-full or store-failed.
 */
export async function lockFolder(path: string): Promise<StoreFolder> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw openingError(path, error);
  }
  const lock = new ClassicLevel(join(path, LOCK_NAME));
  await openLock(lock).catch((error) => {
    throw openingError(path, error);
  });
  return { path, database: join(path, DATABASE_NAME), release: () => lock.close().catch(() => undefined) };
}

async function openLock(lock: ClassicLevel): Promise<void> {
  try {
    await lock.open();
  } catch (error) {
    if (openingError(lock.location, error).code !== "store-failed") throw error;
    // Damaged, and nothing is in it. The file LOCK stays: another process may have locked it a moment ago.
    for (const name of await readdir(lock.location)) {
      if (name !== "LOCK") await rm(join(lock.location, name), { recursive: true });
    }
    await lock.open();
  }
}

/**
 * Makes the database fit to be opened: if it is damaged, puts a new one with what is intact in its place and the damaged
 * one aside. Returns the finding, store-damaged, or undefined. Rejects with a ChorusError when there is no room for it,
 * or the folder cannot be read or written; then nothing has changed.
 */
export async function mendDatabase(folder: StoreFolder): Promise<ChorusError | undefined> {
  try {
    const interrupted = await finishExchange(folder);
    const damage = await findDamage(folder.database);
    return damage === undefined ? interrupted : await exchangeDatabase(folder, damage);
  } catch (error) {
    throw openingError(folder.path, error);
  }
}

/** Puts the database aside and what is intact of it in its place; `damage` says why. Returns the finding. */
export async function exchangeDatabase(folder: StoreFolder, damage: string): Promise<ChorusError> {
  const salvaged = join(folder.path, SALVAGED_NAME);
  const kept = await salvage(folder.database, salvaged);
  const aside = await chooseAside(folder.path);
  // The newest records may be lost, as in an older copy, and nobody can tell of whom: all channels are new replicas.
  await renewPlace(folder.path);
  await rename(folder.database, aside);
  await rename(salvaged, folder.database);
  return new ChorusError(
    "store-damaged",
    `the store was damaged (${damage}): ${kept} records were intact and kept, the damaged files are in ${aside}`,
  );
}

/** Between its two renames an exchange may have been interrupted; the new database was complete then. */
async function finishExchange({ path, database }: StoreFolder): Promise<ChorusError | undefined> {
  const salvaged = join(path, SALVAGED_NAME);
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
