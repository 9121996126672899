// Tells a store that stayed where it is from a copy of it or a restored backup, which must not go on as the same replica.
// A marker file contains its own inode number and time of birth, which no copy can take along. Must never decide by the
// path: a folder may be moved.
import { randomUUID } from "node:crypto";
import { type FileHandle, open, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

/** The name of the marker file within the store's folder. */
export const MARKER_NAME = "place.json";

/** What the marker contains. */
interface Marker {
  /** Different for every marker that was ever written. */
  readonly id: string;
  readonly inode: string;
  /** Nanoseconds since 1970; "" where the filesystem does not know, or tells another time later. */
  readonly born: string;
}

/**
 * A text that stays the same as long as the folder is neither copied nor restored; moving it within its filesystem
 * keeps it. Writes a new marker when there is none, or it is a copy. Where a filesystem keeps no time of birth the inode
 * number alone decides; where inode numbers change at every mount, so does this text. Rejects with the filesystem's
 * error when the marker cannot be read or written.
 */
export async function readPlace(folder: string): Promise<string> {
  const path = join(folder, MARKER_NAME);
  const marker = await readMarker(path);
  if (marker !== undefined && (await describes(marker, path))) return marker.id;
  return (await writeMarker(path)).id;
}

/** Makes the folder another place. Rejects with the filesystem's error. */
export async function renewPlace(folder: string): Promise<void> {
  await writeMarker(join(folder, MARKER_NAME));
}

async function readMarker(path: string): Promise<Marker | undefined> {
  try {
    const { id, inode, born } = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    const isMarker = [id, inode, born].every((field) => typeof field === "string") && id !== "";
    return isMarker ? ({ id, inode, born } as Marker) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined; // damaged: as good as a copy
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function describes({ inode, born }: Marker, path: string): Promise<boolean> {
  const { ino, birthtimeNs } = await stat(path, { bigint: true });
  return inode === String(ino) && (born === "" || born === String(birthtimeNs));
}

async function writeMarker(path: string): Promise<Marker> {
  const temporary = `${path}.new`;
  // One left by a crash would keep its inode and birth, and both are known to the copies that were made meanwhile.
  await unlink(temporary).catch(() => undefined);
  const file = await open(temporary, "wx");
  const marker = await fill(file).finally(() => file.close());
  await rename(temporary, path);
  if (await describes(marker, path)) return marker;
  // What was given as the birth is the time of the last change, as on filesystems that know no birth.
  const timeless = { ...marker, born: "" };
  const again = await open(path, "r+");
  await write(again, timeless).finally(() => again.close());
  return timeless;
}

async function fill(file: FileHandle): Promise<Marker> {
  const { ino, birthtimeNs } = await file.stat({ bigint: true });
  const born = birthtimeNs > 0n ? String(birthtimeNs) : "";
  const marker = { id: randomUUID(), inode: String(ino), born };
  await write(file, marker);
  return marker;
}

async function write(file: FileHandle, marker: Marker): Promise<void> {
  const text = `${JSON.stringify(marker)}\n`;
  await file.truncate(0);
  await file.write(text, 0);
  await file.sync();
}
