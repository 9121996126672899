// Turns whatever a database throws into our errors: full or failed, with the cause kept.
import { ChorusError } from "../errors.js";

/** How the platforms say that there is no room; a message is all that LevelDB hands on. */
export const NO_ROOM = /ENOSPC|no space left|EDQUOT|disk quota|quota ?exceeded|not enough space/i;

/** Causes may be nested; one that contains itself must end. */
const MAX_CAUSES = 8;

/** The ChorusError of a failed write: store-full when the cause says that there is no room, else store-failed. */
export function storeFailure(cause: unknown): ChorusError {
  if (cause instanceof ChorusError) return cause;
  return saysNoRoom(cause)
    ? new ChorusError("store-full", "there is no room for the store: writing failed, and is tried again", {
        cause,
      })
    : new ChorusError("store-failed", "the store could not be written, and is tried again", { cause });
}

/** Why a store takes nothing any more. */
export function storeClosed(): ChorusError {
  return new ChorusError("closed", "the store was closed");
}

/** Anything as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function saysNoRoom(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined && cause !== null; depth++) {
    const { code, name, message } = cause as { code?: unknown; name?: unknown; message?: unknown };
    if (NO_ROOM.test(`${code} ${name} ${message ?? cause}`)) return true;
    cause = (cause as { cause?: unknown }).cause;
  }
  return false;
}

/** A callback of the channel must not keep others from theirs. It was told not to throw, and there is nobody to tell. */
export function attempt(task: () => void): void {
  try {
    task();
  } catch {}
}
