// Which versions a figure belongs to: the commit, and the packages that were measured. Must never fail a run: outside
// a repository the commit is unknown.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { System } from "./systems/system.js";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const execute = promisify(execFile);

/** The commit in short, "+ changes" when files differ from it. */
export async function commitLine(): Promise<string> {
  try {
    const { stdout } = await execute("git", ["rev-parse", "--short", "HEAD"], { cwd: ROOT });
    const status = await execute("git", ["status", "--porcelain", "--", "bench", "packages"], { cwd: ROOT });
    return `${stdout.trim()}${status.stdout.trim() === "" ? "" : " + changes"}`;
  } catch {
    return "unknown";
  }
}

/** By package: what the bench and the engine depend on, which is pinned, and what systems tell of themselves. */
export async function versionsOf(systems: readonly System[]): Promise<{ [name: string]: string }> {
  const versions: { [name: string]: string } = {};
  for (const folder of ["packages/core", "bench"]) {
    const manifest = JSON.parse(await readFile(join(ROOT, folder, "package.json"), "utf8"));
    const { dependencies } = manifest as { dependencies: { [name: string]: string } };
    for (const [name, version] of Object.entries(dependencies)) {
      if (!name.startsWith("@chorus/")) versions[name] = version;
    }
  }
  for (const { name, version } of systems) {
    const told = version?.();
    if (told !== undefined) versions[name] = told;
  }
  return versions;
}
