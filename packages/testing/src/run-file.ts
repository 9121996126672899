// Runs one test file in a child process under a hard time limit and says what came of it.
// Never report success without the child's own closing report; end only the child started here, by its pid.

import { type ChildProcess, spawn } from "node:child_process";
import { type ReportEvent, reportVariable } from "./report.js";

/** What one test file came to. `failed` is at least 1 unless passed = total > 0 and the process ended well. */
export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** "test: message", or "(file): what is wrong with the process". */
  readonly failures: readonly string[];
  /** "test: reason". */
  readonly skips: readonly string[];
  /** stdout and stderr as they came, the first and last part when very long. */
  readonly output: string;
  readonly elapsedMs: number;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly leftProcess: boolean;
}

const outputLimit = 200_000;
/** How long a dead child's pipes may stay open; longer means that a process it started is still there. */
const pipeGraceMs = 1_000;

/** Runs `file` with this Node and kills it after `timeLimitMs`. Never rejects. */
export async function runFile(file: string, timeLimitMs: number): Promise<FileResult> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["--enable-source-maps", file], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, [reportVariable]: "3" },
  });
  let output = "";
  const append = (text: string): void => {
    if (output.length < outputLimit) output += text;
  };
  let reportText = "";
  child.stdout?.setEncoding("utf8").on("data", append);
  child.stderr?.setEncoding("utf8").on("data", append);
  const reportPipe = child.stdio[3] as NodeJS.ReadableStream;
  reportPipe.setEncoding("utf8").on("data", (text: string) => {
    reportText += text;
  });
  const exit = await waitForExit(child, timeLimitMs);
  const events = parseReport(reportText);
  return { file, output, elapsedMs: performance.now() - startedAt, ...judge(events, exit, timeLimitMs) };
}

function waitForExit(child: ChildProcess, timeLimitMs: number): Promise<Exit> {
  return new Promise((resolve) => {
    let timedOut = false;
    let exited: Pick<Exit, "code" | "signal"> = { code: null, signal: null };
    let grace: NodeJS.Timeout | undefined;
    const limit = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeLimitMs);
    const finish = (leftProcess: boolean): void => {
      clearTimeout(limit);
      clearTimeout(grace);
      resolve({ ...exited, timedOut, leftProcess });
    };
    child.on("error", () => finish(false));
    child.on("exit", (code, signal) => {
      exited = { code, signal };
      grace = setTimeout(() => {
        for (const pipe of child.stdio) pipe?.destroy();
        finish(true);
      }, pipeGraceMs);
    });
    child.on("close", () => finish(false));
  });
}

// The last line may be cut off when the child was killed.
function parseReport(text: string): ReportEvent[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => {
    try {
      return JSON.parse(line) as ReportEvent;
    } catch {
      return {
        type: "failure",
        test: "(file)",
        message: `wrote garbage into its report: ${line.slice(0, 80)}`,
      };
    }
  });
}

function judge(
  events: readonly ReportEvent[],
  exit: Exit,
  timeLimitMs: number,
): Pick<FileResult, "passed" | "failed" | "failures" | "skips"> {
  const failures: string[] = [];
  const skips: string[] = [];
  for (const event of events) {
    if (event.type === "failure") failures.push(`${event.test}: ${event.message}`);
    if (event.type === "skip") skips.push(`${event.test}: ${event.reason}`);
  }
  const end = events.find((event) => event.type === "end");
  const problem = processProblem(events, exit, timeLimitMs);
  if (problem !== undefined && (failures.length === 0 || exit.timedOut || end === undefined)) {
    failures.push(`(file): ${problem}`);
  }
  return { passed: end?.passed ?? 0, failed: failures.length, failures, skips };
}

function processProblem(events: readonly ReportEvent[], exit: Exit, timeLimitMs: number): string | undefined {
  const end = events.find((event) => event.type === "end");
  const handles = events.find((event) => event.type === "open-handles");
  const started = events.findLast((event) => event.type === "start");
  const during = started === undefined ? "" : `, the last test begun was "${started.test}"`;
  if (exit.timedOut)
    return `killed after ${timeLimitMs} ms${end === undefined ? during : ", its tests had ended"}`;
  if (handles !== undefined) {
    return `its tests ended but the process did not; open: ${handles.resources.join(", ")}`;
  }
  if (end === undefined && started === undefined) return `no test was registered (exit code ${exit.code})`;
  if (end === undefined) return `the process ended early (code ${exit.code}, signal ${exit.signal})${during}`;
  if (end.passed === 0) return "no test passed";
  if (exit.code !== 0) return `exit code ${exit.code}, signal ${exit.signal}, although its tests ended`;
  if (exit.leftProcess) return "it left a process behind that still holds its output";
  return undefined;
}
