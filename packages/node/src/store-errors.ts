// What the filesystem and LevelDB say when a store cannot be opened, as one of our codes. LevelDB hands on the system's
// words only. Must never take what the environment lacks for damage.
import { ChorusError, type ErrorCode } from "@chorus/core";
import { NO_ROOM } from "@chorus/core/internal";

const UNWRITABLE =
  /EACCES|EPERM|EROFS|ENOTDIR|EISDIR|EEXIST|ENOENT|ENAMETOOLONG|permission denied|not permitted|read-only|not a directory|access is denied|write.protected/i;
const LOCKED = /LEVEL_LOCKED/;

/** The ChorusError for what kept a store in this folder from being opened; store-failed when it is none of the known. */
export function openingError(path: string, error: unknown): ChorusError {
  if (error instanceof ChorusError) return error;
  const words = wordsOf(error);
  const [code, text]: [ErrorCode, string] = LOCKED.test(words)
    ? ["store-locked", "is in use, by another process or elsewhere in this one"]
    : NO_ROOM.test(words)
      ? ["store-full", "cannot be opened without room on its disk"]
      : UNWRITABLE.test(words)
        ? ["store-unwritable", "cannot be written"]
        : ["store-failed", "cannot be opened"];
  return new ChorusError(code, `the store ${path} ${text}`, { cause: error });
}

/** Codes and messages of an error and its causes. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  let cause = error;
  for (let depth = 0; depth < 8 && cause instanceof Error; depth += 1) {
    words.push(`${(cause as NodeJS.ErrnoException).code ?? ""} ${reasonOf(cause.message)}`);
    cause = cause.cause;
  }
  return words.join("\n");
}

/** A path may contain any words: LevelDB's messages end with the reason, Node's begin with it. */
function reasonOf(message: string): string {
  return /^[A-Z][A-Z0-9]+: /.test(message)
    ? (message.split(",")[0] as string)
    : message.slice(message.lastIndexOf(": ") + 1);
}
