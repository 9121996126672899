// Runs the scripts of original/failures.ts with stand-ins for the original OpenAF and with Chorus, and prints both side
// by side as a markdown table. It must end with an error when Chorus loses an update or its peers differ.
import { startChorusPeers } from "./chorus-peers.js";
import { cutOffAndHealed, type FailureResult, type StartPeers, writtenAtOnce } from "./original/failures.js";
import { startOriginalPeers } from "./original/original-peers.js";

const SYSTEMS: readonly (readonly [name: string, start: StartPeers])[] = [
  ["OpenAF (stand-in)", startOriginalPeers],
  ["Chorus", startChorusPeers],
];
const SCRIPTS: readonly (readonly [name: string, run: (start: StartPeers) => Promise<FailureResult>])[] = [
  ["C is cut off while A, B and C write, then healed", cutOffAndHealed],
  ["A and B write the same 100 keys at once", writtenAtOnce],
];
const HEAD = ["what happens", "system", "updates written"].concat([
  "held by A, B, C after healing",
  "in the end",
  "keys that differ",
]);

const rows: string[][] = [HEAD, HEAD.map(() => "---")];
for (const [what, run] of SCRIPTS) {
  for (const [system, start] of SYSTEMS) {
    const result = await run(start);
    const { written, healed, held, different } = result;
    const swapped = result.swapped > 0 ? ` (${result.swapped} swapped)` : "";
    rows.push([
      what,
      system,
      String(written),
      healed.join(" / "),
      held.join(" / "),
      `${different.length}${swapped}`,
    ]);
    if (system === "Chorus" && different.length > 0) process.exitCode = 1;
  }
}
process.stdout.write(`${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}\n`);
