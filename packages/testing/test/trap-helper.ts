// Writes a test file from source text into a temporary folder and runs it with the house runner's own parts.
// Never collected as a test itself.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "../src/suite.js";

const testingUrl = new URL("../src/index.js", import.meta.url).href;

/** Makes a folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "chorus-testing-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes `source` as a test file; the house's exports and `test = suite("trap")` are in scope. */
export function writeTrap(t: TestContext, source: string, name = "trap.test.mjs"): string {
  const header = `import { assert, suite, until } from ${JSON.stringify(testingUrl)};\n`;
  const file = join(temporaryFolder(t), name);
  writeFileSync(file, `${header}const test = suite("trap", { deadlineMs: 300 });\n${source}\n`);
  return file;
}

/** Writes `source` as it is. */
export function writePlain(t: TestContext, source: string, name = "plain.test.mjs"): string {
  const file = join(temporaryFolder(t), name);
  writeFileSync(file, source);
  return file;
}
