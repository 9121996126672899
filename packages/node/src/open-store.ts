// Opens the durable store in a folder: takes the folder for this process, mends what is damaged, finds out whether it is
// a copy. Must never delete what it cannot read, nor take a lack of rights or room for damage.
import { resolve } from "node:path";
import { type ChorusError, OptionError, Store, type StoreOptions } from "@chorus/core";
import { ClassicLevel } from "classic-level";
import { FolderDatabase } from "./folder-database.js";
import { type HeldFolder, lockFolder } from "./folder-lock.js";
import { checkCount, checkNames } from "./options.js";
import { openingError } from "./store-errors.js";
import { exchangeDatabase, mendDatabase, StoreFolder } from "./store-folder.js";
import { findOpening, noteOpening } from "./store-opening.js";

/** Options of `openStore`; those without a comment here are core's. */
export interface OpenStoreOptions extends Pick<StoreOptions, (typeof COUNTS)[number]> {
  /**
   * What survives: "sync" stores with fsync before anything is sent, so that nothing is lost with the power; "os" leaves
   * that to the system, and survives a crash of the process only. Default "sync".
   */
  level?: "sync" | "os" | undefined;
}

/** A store that is open, and what was found on the way. */
export interface OpenedStore {
  /** `close` it when all its channels are closed; then another process can open the folder. */
  readonly store: Store;
  /**
   * What was wrong and kept nothing from working: store-damaged, what is intact was kept; store-copied, its channels are
   * new replicas, as they are after damage. To be reported.
   */
  readonly findings: readonly ChorusError[];
}

const COUNTS = ["minFoldBytes", "maxLogRecords", "maxQueuedBytes", "retryMs", "maxBatchBytes"] as const;

/**
 * Opens the store in a folder, and makes the folder when it is missing. One process at a time can have it open.
 * Rejects with OptionError for a wrong argument, store-locked when it is open already, store-unwritable, store-full,
 * store-newer when a later version of Chorus has written it, store-failed when its database is somebody else's, and for
 * any other reason; `cause` has the system's. Damage does not keep it from being opened.
 */
export async function openStore(folder: string, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  checkArguments(folder, options);
  const held = await lockFolder(resolve(folder));
  try {
    return await openHeld(held, options);
  } catch (error) {
    await held.release();
    throw openingError(held.path, error);
  }
}

function checkArguments(folder: unknown, options: OpenStoreOptions): void {
  if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
    throw new OptionError("folder", folder, "the path of a folder");
  }
  checkNames("store options", options, ["level", ...COUNTS]);
  const { level = "sync" } = options;
  if (level !== "sync" && level !== "os") throw new OptionError("level", level, '"sync" or "os"');
  for (const name of COUNTS) {
    if (options[name] !== undefined)
      checkCount(name, options[name], { least: 1, most: Number.MAX_SAFE_INTEGER });
  }
}

async function openHeld(held: HeldFolder, options: OpenStoreOptions): Promise<OpenedStore> {
  const folder = new StoreFolder(held.path);
  const mended = await mendDatabase(folder);
  const { level, finding = mended } = await openLevel(folder);
  try {
    const opening = await findOpening({ path: held.path, level });
    const database = new FolderDatabase(level, held);
    const store = await Store.open(database, { ...options, place: opening.place });
    // Not earlier: what cannot be opened is left as it is.
    await noteOpening({ path: held.path, level }, opening);
    return { store, findings: [...(finding === undefined ? [] : [finding]), ...store.findings] };
  } catch (error) {
    await level.close();
    throw error;
  }
}

interface OpenedLevel {
  readonly level: ClassicLevel<string, Uint8Array>;
  readonly finding?: ChorusError;
}

async function openLevel(folder: StoreFolder): Promise<OpenedLevel> {
  // Without compression the intact blocks of a damaged table can be read here.
  const level = new ClassicLevel<string, Uint8Array>(folder.database, {
    keyEncoding: "utf8",
    valueEncoding: "view",
    compression: false,
  });
  try {
    await level.open();
    return { level };
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code !== "LEVEL_CORRUPTION") throw error;
    // LevelDB sees what the inspection did not: all the more nothing of it may be lost.
    const finding = await exchangeDatabase(folder, cause.message);
    await level.open();
    return { level, finding };
  }
}
