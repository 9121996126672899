// Faults planted to see whether the crash test would find them.
import { readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

/**
 * acknowledge-early: the victim acknowledges without waiting for its store. truncate-log: half of the newest log of the
 * store is gone after each kill, as after a loss of power without fsync.
 */
export type FaultName = "acknowledge-early" | "truncate-log";

export const faultNames: readonly FaultName[] = ["acknowledge-early", "truncate-log"];

/** Does to a closed store what the fault does to it. */
export function damage(fault: FaultName, folder: string): void {
  if (fault !== "truncate-log") return;
  for (const file of logsOf(folder)) truncateSync(file, Math.floor(statSync(file).size / 2));
}

/** LevelDB's logs: what was written since the last table. */
function logsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((file) => file.endsWith(".log"));
}
