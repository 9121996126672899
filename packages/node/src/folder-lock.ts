// Takes a store's folder for this process, and no other, and for one opening in it. Must never let LevelDB find out that
// this process has it: that closes a handle to the file of the lock, and then the system unlocks it for all others.
import { type FileHandle, mkdir, open, readdir, realpath, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { isLevelName } from "./leveldb-files.js";
import { openingError } from "./store-errors.js";

/** An empty database that is only ever locked: the lock of `db` does not cover its repair. */
const LOCK_NAME = "lock";

/** A folder that this process has for itself. */
export interface HeldFolder {
  /** Without symbolic links. */
  readonly path: string;
  /** Lets others have it. Never rejects. */
  release(): Promise<void>;
}

/**
 * Makes the folder, with those above it, and locks it; the system unlocks it when the process ends, however it ends.
 * Rejects with store-locked, store-unwritable, store-full or store-failed.
 */
export async function lockFolder(given: string): Promise<HeldFolder> {
  try {
    await mkdir(given, { recursive: true });
    const path = await realpath(given);
    const unclaim = await claim(path);
    const lock = new ClassicLevel(join(path, LOCK_NAME));
    await openLock(lock).catch(async (error) => {
      await unclaim();
      throw error;
    });
    const release = (): Promise<void> =>
      lock
        .close()
        .catch(() => undefined)
        .then(unclaim);
    return { path, release };
  } catch (error) {
    throw openingError(given, error);
  }
}

/**
 * The folders that this process has open, by device and inode: bind mounts and disks that take capitals for small letters
 * give one folder many paths. The handles keep the inode of a folder that is deleted from becoming another's.
 */
const claims = new Map<string, FileHandle | undefined>();

/** Returns what gives it up. */
async function claim(path: string): Promise<() => Promise<void>> {
  const handle = await open(path, "r").catch(() => undefined); // not everywhere can a folder be opened
  const { dev, ino } = await stat(path, { bigint: true });
  const name = ino === 0n ? path : `${dev}:${ino}`;
  if (claims.has(name)) {
    await handle?.close();
    throw Object.assign(new Error("this process has the folder open"), { code: "LEVEL_LOCKED" });
  }
  claims.set(name, handle);
  let isGivenUp = false;
  return async () => {
    if (isGivenUp) return;
    isGivenUp = true;
    claims.delete(name);
    await handle?.close().catch(() => undefined);
  };
}

async function openLock(lock: ClassicLevel): Promise<void> {
  try {
    await lock.open();
  } catch (error) {
    if (openingError(lock.location, error).code !== "store-failed") throw error;
    // Damaged, and nothing is in it. The file LOCK stays: another process may have locked it a moment ago.
    for (const name of await readdir(lock.location)) {
      if (isLevelName(name)) await unlink(join(lock.location, name));
    }
    await lock.open();
  }
}
