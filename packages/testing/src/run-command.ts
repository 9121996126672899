// The runner's command: `node run-command.js [--limit-ms N] ROOT... [-- PATTERN...]`.
// Never exit with code 0 when anything failed or nothing ran.

import { parseArgs } from "node:util";
import { runTests } from "./runner.js";

const commandLine = process.argv.slice(2);
const separator = commandLine.indexOf("--");
const head = separator === -1 ? commandLine : commandLine.slice(0, separator);
const patterns = separator === -1 ? [] : commandLine.slice(separator + 1);
const { values, positionals } = parseArgs({
  args: head,
  options: { "limit-ms": { type: "string", default: "60000" } },
  allowPositionals: true,
});
const timeLimitMs = Number(values["limit-ms"]);
if (positionals.length === 0 || !(timeLimitMs > 0)) {
  process.stderr.write("usage: run-command.js [--limit-ms N] ROOT... [-- PATTERN...]\n");
  process.exit(2);
}
const totals = await runTests({ roots: positionals, patterns, timeLimitMs });
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
