// The words of the crash test: its figures in a few lines.
import type { CrashResult } from "./crash-run.js";
import type { ReplicaState } from "./messages.js";

/** The figures of a run, some lines. */
export function describeCrashResult(result: CrashResult): string {
  const { cycles, announced, acknowledged, checks, kills, folds, foldKills } = result;
  return [
    `${cycles} cycles, ${announced} writes, ${acknowledged} acknowledged, ${checks} checks of a whole replica`,
    `kills: ${kills}; ${folds} folds, ${foldKills} of them killed`,
    `restart to open store: ${result.opened}; opening it: ${result.opening}`,
    `restart to synced: ${result.synced}`,
    describeFinalState(result.finalState),
    `network errors: ${result.networkErrors}`,
    ...(result.failures.length > 0 ? result.lastCycles : []),
  ].join("\n");
}

function describeFinalState(state: ReplicaState | undefined): string {
  if (state === undefined) return "never equal at the end";
  const { content, documentBytes, segments } = state;
  return `equal at the end: ${content.length} keys, a document of ${documentBytes} bytes in ${segments} segments`;
}
