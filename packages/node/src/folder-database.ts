// The LevelDB in a store's folder, as core's store uses it. Must not be closed for a new attempt at a full disk before
// there is room to open it again: it can be read meanwhile.
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { LevelDatabase } from "@chorus/core";
import type { ClassicLevel } from "classic-level";
import type { StoreFolder } from "./store-folder.js";

/** Beyond the log, which becomes a table when the database is opened: the new log, manifest and the table's index. */
const MARGIN_BYTES = 65_536;

/** Opened already; `close` gives the folder free for others. */
export class FolderDatabase extends LevelDatabase {
  readonly #folder: StoreFolder;

  constructor(level: ClassicLevel<string, Uint8Array>, folder: StoreFolder) {
    super(level);
    this.#folder = folder;
  }

  override reopen(done: (error?: Error) => void): void {
    hasRoom(this.#folder.database).then((isRoom) => {
      if (isRoom) super.reopen(done);
      else done(Object.assign(new Error("no space left to open the database again"), { code: "ENOSPC" }));
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

/** Also true when it cannot be told, as under a quota: then the attempt itself tells. Never rejects. */
async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    const logs = (await readdir(folder)).filter((name) => name.endsWith(".log"));
    const sizes = await Promise.all(logs.map(async (name) => (await stat(join(folder, name))).size));
    const neededBytes = sizes.reduce((sum, size) => sum + size, MARGIN_BYTES);
    return bavail * bsize >= neededBytes;
  } catch {
    return true;
  }
}
