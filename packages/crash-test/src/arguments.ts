// What the three commands share: their numbers, a folder for the stores, and the last line with the exit code.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Prints a line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A whole number above 0. @throws Error with the usage */
export function wholeNumber(text: string | undefined, fallback: number, usage: string): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new Error(`not a number above 0: ${text}\n${usage}`);
  return Number(text);
}

/** A seed nobody has chosen. */
export function someSeed(): number {
  return Math.floor(Math.random() * 1e9);
}

/** Gives `run` a folder of its own, which is removed when all went well and kept for a look otherwise. */
export async function inFolder(run: (folder: string) => Promise<boolean>): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "chorus-crash-"));
  const passed = await run(folder);
  if (passed) rmSync(folder, { recursive: true, force: true });
  else print(`the stores are kept in ${folder}`);
  return passed;
}

/** Prints what was wrong. @returns whether nothing was */
export function printVerdict(failures: readonly string[]): boolean {
  for (const failure of failures) print(`FAILED: ${failure}`);
  print(failures.length === 0 ? "no failures" : `${failures.length} failures`);
  return failures.length === 0;
}

/** Runs a command: exit code 0 when it passed, 1 when not, 2 when it could not be run. */
export async function runCommand(command: (args: readonly string[]) => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await command(process.argv.slice(2))) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
