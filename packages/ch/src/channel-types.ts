// The types of channels that `create` knows. Each says where a channel lives; more may come.
import { OptionError } from "@chorus/core";

/** "simple" and "big" are stored where there is a data folder, "memory" never is. */
const STORED_TYPES = ["simple", "big"];
const MEMORY_TYPE = "memory";

/**
 * Whether a channel of this type is stored where there is a data folder.
 * @param type undefined and null are "simple", as in the original
 * @throws OptionError that names the types there are
 */
export function isStoredType(type: unknown): boolean {
  if (type === MEMORY_TYPE) return false;
  if (type === undefined || type === null || STORED_TYPES.includes(type as string)) return true;
  throw new OptionError("the channel type", type, '"simple", "big" (which is the same here) or "memory"');
}
