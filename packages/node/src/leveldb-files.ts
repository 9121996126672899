// The files of a LevelDB by their names, and their bytes. Must never write, nor take a lack of rights for damage.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The files of a database by what they are, with their numbers; others are not listed. */
export interface LevelFiles {
  readonly hasCurrent: boolean;
  readonly manifests: readonly string[];
  readonly logs: ReadonlyMap<number, string>;
  readonly tables: ReadonlyMap<number, string>;
}

/** Whether LevelDB gives this name to a file of its own other than LOCK. */
export function isLevelName(name: string): boolean {
  return /^(?:CURRENT|LOG|LOG\.old|MANIFEST-\d+|\d+\.(?:log|ldb|sst|dbtmp))$/.test(name);
}

/** The names of LevelDB's files in a folder; none for a folder that does not exist. */
export async function listLevelFiles(folder: string): Promise<LevelFiles> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const numbered = (pattern: RegExp): Map<number, string> => {
    const found = names.map((name) => pattern.exec(name)).filter((match) => match !== null);
    return new Map(found.map((match) => [Number(match[1]), match[0]]));
  };
  return {
    hasCurrent: names.includes("CURRENT"),
    manifests: names.filter((name) => /^MANIFEST-\d+$/.test(name)),
    logs: numbered(/^(\d+)\.log$/),
    tables: numbered(/^(\d+)\.(?:ldb|sst)$/),
  };
}

/** A disk that fails, and a length that no file of ours has: Node reads up to 2 GiB. */
const DAMAGE = ["EIO", "ERR_FS_FILE_TOO_LARGE"];

/** The bytes of a file; undefined when they cannot be had: that is damage too. */
export async function readLevelFile(folder: string, name: string): Promise<Buffer | undefined> {
  return readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (DAMAGE.includes(error.code ?? "")) return undefined;
    throw error;
  });
}
