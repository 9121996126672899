// The lines a test process writes for the house runner, one JSON object each, on a descriptor of its own.
// Writes are synchronous so that nothing is lost when the process is killed; never print them to stdout.

import { writeSync } from "node:fs";

/** One line of the report. `test` names are "suite › test". */
export type ReportEvent =
  | { readonly type: "start"; readonly test: string }
  | { readonly type: "failure"; readonly test: string; readonly message: string }
  | { readonly type: "skip"; readonly test: string; readonly reason: string }
  | { readonly type: "end"; readonly passed: number; readonly failed: number }
  | { readonly type: "open-handles"; readonly resources: readonly string[] };

/** Name of the environment variable in which the runner tells the descriptor to report on. */
export const reportVariable = "CHORUS_TEST_REPORT_DESCRIPTOR";

const descriptor = takeDescriptor();

/** Whether the house runner started this process. */
export const isUnderRunner = descriptor !== undefined;

/** Writes one event for the runner; does nothing when a person runs the file directly. */
export function report(event: ReportEvent): void {
  if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(event)}\n`);
}

// Removed from the environment: in a process started by a test the same number would be another file.
function takeDescriptor(): number | undefined {
  const value = process.env[reportVariable];
  delete process.env[reportVariable];
  return value === undefined ? undefined : Number(value);
}
