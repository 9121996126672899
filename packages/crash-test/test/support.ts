// What the tests with processes share: folders that go away, and sight of a process from outside.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "@chorus/testing";

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "chorus-crash-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Another seed for every run, printed, so that a failure can be looked into. */
export function printedSeed(what: string): number {
  const seed = Math.floor(Math.random() * 1e9);
  process.stdout.write(`${what}: seed ${seed}\n`);
  return seed;
}
