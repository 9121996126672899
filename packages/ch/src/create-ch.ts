// Makes a `$ch`: a registry of channels and the function that gives handles to them.
import { type ChorusError, OptionError } from "@chorus/core";
import { openStore } from "@chorus/node";
import { RegistryHandle } from "./channel-handle.js";
import type { Ch, ChannelHandle } from "./handle.js";
import { type ChOptions, chSettings, type DurableChOptions, dataSettings, isDurable } from "./options.js";
import { Registry } from "./registry.js";
import type { AuditFunction } from "./types.js";

/**
 * An isolated registry: its channels are its own, whatever their names. Nothing is opened before `expose` or `peer`,
 * but for a data folder: then it comes as a promise, and everything after that is as synchronous as without one. Await
 * it: a promise cannot be called, so a forgotten `await` shows as "$ch is not a function" at the first channel.
 * @throws OptionError naming the option, its value and what is allowed
 * @throws (rejects, with `data`) the same; ChorusError store-locked, store-unwritable, store-newer, store-full,
 *   store-failed
 */
export function createCh(options: DurableChOptions): Promise<Ch>;
export function createCh(options?: ChOptions): Ch;
export function createCh(options: ChOptions | DurableChOptions = {}): Ch | Promise<Ch> {
  return isDurable(options) ? openCh(options) : chOf(new Registry(chSettings(options)), []);
}

async function openCh(options: DurableChOptions): Promise<Ch> {
  const settings = chSettings(options);
  const { folder, level } = dataSettings(options);
  const { store, findings } = await openStore(folder, { level });
  const registry = new Registry(settings, store);
  // Not before the caller had a turn to attach a listener.
  if (findings.length > 0) {
    settings.runtime.later(() => {
      for (const finding of findings) registry.failed(undefined, finding);
    });
  }
  return chOf(registry, findings);
}

function chOf(registry: Registry, findings: readonly ChorusError[]): Ch {
  const handle = <Key = unknown, Value = unknown>(name?: string): ChannelHandle<Key, Value> => {
    if (name !== undefined && (typeof name !== "string" || name === "")) {
      throw new OptionError("the channel name", name, "a text that is not empty");
    }
    return new RegistryHandle<Key, Value>(registry, ch, name);
  };
  const ch: Ch = Object.assign(handle, {
    on: registry.on.bind(registry) as Ch["on"],
    setLog: (log?: AuditFunction) => registry.setLog(log),
    close: () => registry.close(),
    findings: [...findings],
  });
  return ch;
}

/** The registry that all of the process shares. */
export const $ch: Ch = createCh();
