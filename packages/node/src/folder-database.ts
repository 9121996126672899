// The LevelDB in a store's folder, as core's store uses it. Must not be closed for a new attempt at a full disk before
// there is room to open it again: it can be read meanwhile.
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { ChorusError, LevelDatabase } from "@chorus/core";
import type { ClassicLevel } from "classic-level";
import type { HeldFolder } from "./folder-lock.js";

/** Beyond the log, which becomes a table when the database is opened: the new log, manifest and the table's index. */
const MARGIN_BYTES = 65_536;

/** Opened already; `close` gives the folder free for others. */
export class FolderDatabase extends LevelDatabase {
  readonly #path: string;
  readonly #folder: HeldFolder;

  constructor(level: ClassicLevel<string, Uint8Array>, folder: HeldFolder) {
    super(level);
    this.#path = level.location;
    this.#folder = folder;
  }

  override reopen(done: (error?: Error) => void): void {
    findLack(this.#path).then((lack) => {
      if (lack === undefined) super.reopen(done);
      else done(lack);
    });
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      await this.#folder.release();
    }
  }
}

/**
 * Why there is no room to open the database again: store-full. Undefined when there is, also when it cannot be told, as
 * under a quota: then the attempt itself tells. Never rejects.
 */
async function findLack(path: string): Promise<ChorusError | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    const logs = (await readdir(path)).filter((name) => name.endsWith(".log"));
    const sizes = await Promise.all(logs.map(async (name) => (await stat(join(path, name))).size));
    const neededBytes = sizes.reduce((sum, size) => sum + size, MARGIN_BYTES);
    const freeBytes = bavail * bsize;
    if (freeBytes >= neededBytes) return undefined;
    const need = `it needs ${neededBytes} bytes, and the disk has ${freeBytes}`;
    return new ChorusError(
      "store-full",
      `there is no room for the store: to be opened again ${need}; it is tried again`,
    );
  } catch {
    return undefined;
  }
}
