// Makes a `$ch`: a registry of channels and the function that gives handles to them.
import { OptionError } from "@chorus/core";
import { RegistryHandle } from "./channel-handle.js";
import type { Ch, ChannelHandle } from "./handle.js";
import { type ChOptions, chSettings } from "./options.js";
import { Registry } from "./registry.js";

/**
 * An isolated registry: its channels are its own, whatever their names. Nothing is opened before `expose` or `peer`.
 * @throws OptionError naming the option, its value and what is allowed
 */
export function createCh(options: ChOptions = {}): Ch {
  const registry = new Registry(chSettings(options));
  const handle = <Key = unknown, Value = unknown>(name?: string): ChannelHandle<Key, Value> => {
    if (name !== undefined && (typeof name !== "string" || name === "")) {
      throw new OptionError("the channel name", name, "a text that is not empty");
    }
    return new RegistryHandle<Key, Value>(registry, ch, name);
  };
  const ch: Ch = Object.assign(handle, {
    on: registry.on.bind(registry) as Ch["on"],
    close: () => registry.close(),
  });
  return ch;
}

/** The registry that all of the process shares. */
export const $ch: Ch = createCh();
