// The types of channels that `create` knows: replicated ones, stored or not, and virtual ones, which make something of what
// other channels, or functions, hold.
import { OptionError } from "@chorus/core";
import { createAll } from "./channel-types/all.js";
import { createBuffer } from "./channel-types/buffer.js";
import { createCache } from "./channel-types/cache.js";
import { createDummy } from "./channel-types/dummy.js";
import type { KindFactory } from "./channel-types/kind.js";
import { createOps } from "./channel-types/ops.js";
import { createProxy } from "./channel-types/proxy.js";

/** How a type is made: replicated, and then stored or not where there is a data folder, or by a factory. */
export type ChannelType = { readonly stored: boolean } | { readonly factory: KindFactory };

const STORED: ChannelType = { stored: true };

const TYPES: ReadonlyMap<unknown, ChannelType> = new Map<unknown, ChannelType>([
  ["simple", STORED],
  ["big", STORED],
  ["memory", { stored: false }],
  ["dummy", { factory: createDummy }],
  ["cache", { factory: createCache }],
  ["buffer", { factory: createBuffer }],
  ["proxy", { factory: createProxy }],
  ["ops", { factory: createOps }],
  ["all", { factory: createAll }],
]);

const SUPPORTED =
  '"simple", "big" (which is the same here), "dummy", "cache", "buffer", "proxy", "ops", "all" or "memory"';

/**
 * What `create` makes of a type.
 * @param type undefined and null are "simple", as in the original
 * @throws OptionError that names the types there are
 */
export function channelType(type: unknown): ChannelType {
  const known = TYPES.get(type ?? "simple");
  if (known) return known;
  throw new OptionError("the channel type", type, SUPPORTED);
}
