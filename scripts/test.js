// Runs all built tests of all packages with the house runner: `node scripts/test.js [PATTERN...]`.
// Built tests whose source is gone are deleted first. The last line printed is "N passed, N failed".

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { removeStaleTests } from "../packages/testing/dist/src/find-test-files.js";
import { runTests } from "../packages/testing/dist/src/runner.js";

process.chdir(join(import.meta.dirname, ".."));
const roots = [];
const folders = [
  ...readdirSync("packages")
    .sort()
    .map((name) => join("packages", name)),
  "bench",
];
for (const folder of folders) {
  const sources = join(folder, "test");
  const built = join(folder, "dist", "test");
  if (!existsSync(sources) || !hasTests(sources)) continue;
  for (const stale of removeStaleTests(built, sources))
    process.stdout.write(`removed stale ${built}/${stale}\n`);
  roots.push(built);
}
const totals = await runTests({ roots, patterns: process.argv.slice(2), timeLimitMs: 120_000 });
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;

function hasTests(folder) {
  return readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith(".test.ts"));
}
