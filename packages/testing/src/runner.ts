// The house runner: every built test file in a child process of its own, at most two at once, honest totals.
// Never count a file as good unless passed = total > 0 there; the totals are the last line printed.

import { relative } from "node:path";
import { toError } from "./deadline.js";
import { findTestFiles } from "./find-test-files.js";
import { type FileResult, runFile } from "./run-file.js";

/** What to run, and how. */
export interface RunOptions {
  /** Folders searched for `*.test.js`, or single files. Each must hold at least one. */
  readonly roots: readonly string[];
  /** Parts of paths; only files matching one of them run. Each must match a file. Default: all files. */
  readonly patterns?: readonly string[];
  /** When a file's process is killed, in milliseconds. Default 60,000. */
  readonly timeLimitMs?: number;
  /** How many files run at once. Default 2. */
  readonly concurrency?: number;
  /** Receives the text to print, in whole lines. Default: stdout. */
  readonly write?: (text: string) => void;
}

/** Sums over all files. A file that went wrong as a whole counts as one failure. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs all files, prints each one's result, and the line `N passed, N failed` last. Never rejects. */
export async function runTests(options: RunOptions): Promise<Totals> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  const startedAt = performance.now();
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const failures: string[] = [];
  try {
    const waiting = findTestFiles(options.roots, options.patterns);
    const work = async (): Promise<void> => {
      for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
        const result = await runFile(file, options.timeLimitMs ?? 60_000);
        failures.push(...addResult(totals, result, write));
      }
    };
    await Promise.all(Array.from({ length: options.concurrency ?? 2 }, work));
  } catch (thrown) {
    totals.failed += 1;
    failures.push(`FAIL ${toError(thrown).message}`);
  }
  if (totals.passed === 0 && totals.failed === 0) totals.failed = 1;
  write(`all files took ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  write(failures.map((failure) => `${failure}\n`).join(""));
  const skipped = totals.skipped === 0 ? "" : `, ${totals.skipped} skipped`;
  write(`${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
  return totals;
}

// Prints one file's result and returns its failures, to be listed again at the end.
function addResult(totals: Totals, result: FileResult, write: (text: string) => void): string[] {
  const name = relative(process.cwd(), result.file);
  totals.passed += result.passed;
  totals.failed += result.failed;
  totals.skipped += result.skips.length;
  const seconds = (result.elapsedMs / 1000).toFixed(1);
  const verdict = result.failed === 0 ? "ok  " : "FAIL";
  write(`${verdict} ${name} (${result.passed} passed, ${result.failed} failed, ${seconds} s)\n`);
  if (result.failed > 0) write(`${result.output.trimEnd()}\n`);
  for (const skip of result.skips) write(`SKIP ${name} › ${skip}\n`);
  return result.failures.map((failure) => `FAIL ${name} › ${failure}`);
}
