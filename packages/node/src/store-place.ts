// Tells a store that stayed where it is from a copy of it or a restored backup, which must not go on as the same replica.
// A marker file contains its own inode number and time of birth, which no copy can take along, and is a new file after
// every opening, so that no older copy of it describes it. Must never decide by the path: a folder may be moved.
import { type FileHandle, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The name of the marker file within the store's folder. */
export const MARKER_NAME = "place.json";

/** What is known of the folder, and lost when it is copied. */
export interface Place {
  /** Stays the same as long as the folder is neither copied nor restored. */
  readonly id: string;
  /** Another one after each opening, and known to the database that belongs here. */
  readonly opening: string;
}

/** What was found in a folder. */
export interface FoundPlace {
  /** There is a marker, whatever it contains: so a store was opened here before. */
  readonly hasMarker: boolean;
  /** Undefined without a marker, and when it is damaged or a copy. */
  readonly place: Place | undefined;
}

/** What the marker contains. */
interface Marker extends Place {
  readonly inode: string;
  /** Nanoseconds since 1970; "" where the filesystem does not know, or tells another time later. */
  readonly born: string;
}

/**
 * Looks at the marker and writes nothing. Moving the folder within its filesystem keeps the place. Where a filesystem
 * keeps no time of birth the inode number alone decides; where inode numbers change at every mount, each is taken for a
 * copy. Rejects with the filesystem's error when the marker cannot be read.
 */
export async function readPlace(folder: string): Promise<FoundPlace> {
  const path = join(folder, MARKER_NAME);
  const marker = await readMarker(path);
  if (marker === undefined) return { hasMarker: false, place: undefined };
  if (marker === "damaged" || !(await describes(marker, path))) return { hasMarker: true, place: undefined };
  const { id, opening } = marker;
  return { hasMarker: true, place: { id, opening } };
}

/**
 * Writes a new marker file in the place of the old one, which stays whole until then. Resolves when that survives the
 * loss of power. Rejects with the filesystem's error.
 */
export async function writePlace(folder: string, place: Place): Promise<void> {
  const path = join(folder, MARKER_NAME);
  const marker = await replace(path, (inode, born) => ({ ...place, inode, born }));
  // What was given as the birth is the time of the last change, as on filesystems that know no birth.
  if (!(await describes(marker, path))) await replace(path, (inode) => ({ ...place, inode, born: "" }));
}

async function readMarker(path: string): Promise<Marker | "damaged" | undefined> {
  try {
    const { id, opening, inode, born } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    const isMarker = [id, opening, inode, born].every((field) => typeof field === "string");
    return isMarker && id !== "" ? ({ id, opening, inode, born } as Marker) : "damaged";
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return "damaged"; // as good as a copy
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function describes({ inode, born }: Marker, path: string): Promise<boolean> {
  const { ino, birthtimeNs } = await stat(path, { bigint: true });
  return inode === String(ino) && (born === "" || born === String(birthtimeNs));
}

async function replace(path: string, make: (inode: string, born: string) => Marker): Promise<Marker> {
  const temporary = `${path}.new`;
  // One left by a crash would keep its inode and birth, and both are known to the copies that were made meanwhile.
  await unlink(temporary).catch(() => undefined);
  const file = await open(temporary, "wx");
  const marker = await fill(file, make).finally(() => file.close());
  await rename(temporary, path);
  await syncFolder(dirname(path));
  return marker;
}

async function fill(file: FileHandle, make: (inode: string, born: string) => Marker): Promise<Marker> {
  const { ino, birthtimeNs } = await file.stat({ bigint: true });
  const marker = make(String(ino), birthtimeNs > 0n ? String(birthtimeNs) : "");
  await file.write(`${JSON.stringify(marker)}\n`, 0);
  await file.sync();
  return marker;
}

/** So that its new names survive the loss of power. Windows cannot, nor can some filesystems. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await folder.close();
  }
}
