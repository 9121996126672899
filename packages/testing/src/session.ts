// The run of one test file: starts the queued suites once the file is loaded, counts, and sets the exit code.
// Never end with code 0 unless every registered test passed and there was at least one; never stay alive.

import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { toError } from "./deadline.js";
import { takeQueuedRuns } from "./deferred-uvu.js";
import { report } from "./report.js";

/** How long a file may linger after its last test before its open handles count as a failure. */
const lingerMs = 3_000;

type Phase = "idle" | "loading" | "running" | "ended";

let phase: Phase = "idle";
let passed = 0;
let failed = 0;
let hung = false;
let runningTest: string | undefined;
let interrupt: ((error: Error) => void) | undefined;
const printed = new WeakSet<Error>();
const queueSuites: (() => void)[] = [];

/**
 * Announces a suite; the first one arranges that all run when the test file has been loaded.
 * @throws Error when the file's tests have begun already.
 */
export function announceSuite(queueSuite: () => void): void {
  assertRegistering("a suite");
  queueSuites.push(queueSuite);
  if (phase === "idle") {
    phase = "loading";
    process.on("uncaughtException", onUncaught);
    process.on("exit", onExit);
    void runWhenLoaded();
  }
}

/** @throws Error when the file's tests have begun: what is registered now would never run. */
export function assertRegistering(what: string): void {
  if (phase === "running" || phase === "ended")
    throw new Error(`${what} was registered after the tests began`);
}

/** Marks the test as running; the returned promise rejects when something is thrown outside its own stack. */
export function beginTest(name: string): Promise<never> {
  runningTest = name;
  report({ type: "start", test: name });
  return new Promise<never>((_, reject) => {
    interrupt = reject;
  });
}

/** Counts the test that `beginTest` announced; an error is its failure. */
export function endTest(name: string, error: Error | undefined): void {
  interrupt = undefined;
  runningTest = undefined;
  if (error === undefined) passed += 1;
  else countFailure(name, error);
}

/** Counts a failure that belongs to no test body, such as a hook's. */
export function countFailure(name: string, error: Error): void {
  failed += 1;
  process.exitCode = 1;
  report({ type: "failure", test: name, message: error.message });
}

/** Prints and counts a failure that uvu does not print; the same error only once. */
export function countLoudFailure(name: string, error: Error): void {
  if (printed.has(error)) return;
  printed.add(error);
  process.stdout.write(`\n  FAIL ${name}\n    ${error.stack ?? error.message}\n`);
  countFailure(name, error);
}

/** Something is running on after its deadline: the process will be ended by force once all tests were tried. */
export function markHung(): void {
  hung = true;
}

async function runWhenLoaded(): Promise<void> {
  try {
    // Importing the main module again gives the same instance, settled when its top level has run to the end.
    const main = process.argv[1];
    if (main !== undefined) await import(pathToFileURL(realpathSync(main)).href);
  } catch (thrown) {
    countLoudFailure("(loading the file)", toError(thrown));
  }
  phase = "running";
  for (const queueSuite of queueSuites) queueSuite();
  for (const run of takeQueuedRuns()) {
    const [errors] = await run();
    if (typeof errors === "string") process.stdout.write(`\n${errors}\n`);
  }
  end();
}

function end(): void {
  phase = "ended";
  if (passed + failed === 0) countLoudFailure("(file)", new Error("no test ran"));
  process.stdout.write(`  ${passed} passed, ${failed} failed\n`);
  report({ type: "end", passed, failed });
  if (hung) process.exit(1);
  setTimeout(reportOpenHandles, lingerMs).unref();
}

function reportOpenHandles(): void {
  const resources = process.getActiveResourcesInfo();
  process.stdout.write(`  The tests ended but the process did not. Open: ${resources.join(", ")}\n`);
  report({ type: "open-handles", resources });
  process.exit(1);
}

function onUncaught(thrown: unknown): void {
  const error = toError(thrown);
  if (interrupt !== undefined) interrupt(error);
  else countLoudFailure("(between or after the tests)", error);
}

function onExit(): void {
  if (phase === "ended") return;
  process.exitCode = 1;
  const where = runningTest === undefined ? "before its tests had run" : `during "${runningTest}"`;
  process.stdout.write(`\n  FAIL the process exited ${where}\n`);
}
