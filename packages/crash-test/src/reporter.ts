// A child's voice: one line of JSON for each report, written before the call returns. Nothing may stay in a buffer of the
// process: it is about to be killed.
import { writeSync } from "node:fs";
import { type Command, REPORT_DESCRIPTOR, type Report, type Setup } from "./messages.js";

/** Reports to the test. Blocks while the pipe is full. */
export function report(message: Report): void {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) rest = rest.subarray(writeSome(rest));
}

function writeSome(bytes: Buffer): number {
  try {
    return writeSync(REPORT_DESCRIPTOR, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    // The test is gone: nobody is left to report to.
    process.exit(1);
  }
}

/** Reports an error event. */
export function reportError(error: unknown): void {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: { message?: string } };
  const because = cause?.message === undefined ? "" : ` (${cause.message})`;
  report({ kind: "failed", code: code ?? "unknown", message: `${message ?? String(error)}${because}` });
}

/** What the child was started with. */
export function childSetup(): Setup {
  return JSON.parse(process.argv[2] ?? "{}") as Setup;
}

/** Takes commands, one after the other; ends the process when the test does. */
export function obey(carryOut: (command: Command) => Promise<void> | void): void {
  let last: Promise<void> = Promise.resolve();
  process.on("message", (command: Command) => {
    last = last.then(() => carryOut(command)).catch(reportError);
  });
  process.on("disconnect", () => process.exit(1));
  process.on("uncaughtException", reportError);
  process.on("unhandledRejection", reportError);
}

/** Lets go of the test: the process ends when nothing else keeps it, which is part of what is tested. */
export function leave(): void {
  process.removeAllListeners("disconnect");
  process.disconnect();
}
