// Opens the victim's store: folding early, and telling of every fold.
import type { ChannelStorage } from "@chorus/core";
import { openStore } from "@chorus/node";
import { FoldWatch } from "./fold-watch.js";
import type { Setup } from "./messages.js";
import { report, reportError } from "./reporter.js";

export interface VictimStore {
  openChannel(name: string): ChannelStorage;
  close(): Promise<void>;
}

/** The store in the folder of the set-up. */
export async function openVictimStore({ folder, level, minFoldBytes }: Setup): Promise<VictimStore> {
  const { store, findings } = await openStore(folder, {
    level,
    ...(minFoldBytes !== undefined && { minFoldBytes }),
  });
  for (const finding of [...findings, ...store.findings]) reportError(finding);
  return {
    openChannel: (name) =>
      new FoldWatch(store.openChannel(name), (isRunning) => report({ kind: "folding", isRunning })),
    close: () => store.close(),
  };
}
