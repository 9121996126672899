// One child process as the test sees it: starts it, reads its reports, sends it commands, and kills it. A child never
// outlives the test: it ends with its IPC channel, and `end` kills it by its id whatever happened.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Command, REPORT_DESCRIPTOR, type Report, type Setup } from "./messages.js";
import { withDeadline } from "./waiting.js";

/** How long a child may take for one thing before it counts as hung, in milliseconds. */
export const CHILD_DEADLINE_MS = 45_000;

export type ReportOf<Kind extends Report["kind"]> = Extract<Report, { kind: Kind }>;

interface Waiter {
  readonly kind: Report["kind"];
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
}

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals;

export class Child {
  /** When it was started, by `performance.now()`. */
  readonly startMs = performance.now();
  /** Resolves when it is gone and all its reports have been read. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #onReport: (report: Report) => void;
  readonly #waiters = new Set<Waiter>();
  #stderr = "";
  #hasEnded = false;

  /**
   * @param program the file to run, of this package's build
   * @param onReport called with every report, before anybody who waits for it
   */
  constructor(program: string, setup: Setup, onReport: (report: Report) => void) {
    this.#onReport = onReport;
    const file = fileURLToPath(new URL(program, import.meta.url));
    this.#process = spawn(process.execPath, [file, JSON.stringify(setup)], {
      stdio: ["ignore", "ignore", "pipe", "pipe", "ipc"],
    });
    this.#process.stderr?.on("data", (text) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-2_000);
    });
    createInterface({ input: this.#process.stdio[REPORT_DESCRIPTOR] as Readable }).on("line", (line) =>
      this.#read(line),
    );
    this.ended = new Promise((resolve) => {
      this.#process.on("error", () => resolve(1));
      this.#process.on("close", (code, signal) => {
        this.#hasEnded = true;
        for (const { kind, reject } of this.#waiters)
          reject(new Error(`a child ended before it was ${kind}: ${this.#stderr}`));
        resolve(code ?? signal ?? 1);
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it printed to its error output, the end of it: nothing, as long as it is sound. */
  get complaints(): string {
    return this.#stderr;
  }

  /** Sends a command; one to a child that is gone is ignored. */
  send(command: Command): void {
    if (this.#process.connected) this.#process.send(command, () => undefined);
  }

  /** The next report of a kind; one that came before is not seen any more. Rejects when the child ends first, or takes longer than `deadlineMs`. */
  next<Kind extends Report["kind"]>(kind: Kind, deadlineMs = CHILD_DEADLINE_MS): Promise<ReportOf<Kind>> {
    if (this.#hasEnded) return Promise.reject(new Error(`a child had ended and never was ${kind}`));
    let waiter: Waiter | undefined;
    const report = new Promise<Report>((resolve, reject) => {
      waiter = { kind, resolve, reject };
      this.#waiters.add(waiter);
    });
    const bounded = withDeadline(report, { deadlineMs, what: `a child to be ${kind}` });
    return bounded.finally(() => waiter && this.#waiters.delete(waiter)) as Promise<ReportOf<Kind>>;
  }

  /** Sends a command and resolves with the answer. */
  ask<Kind extends Report["kind"]>(command: Command, kind: Kind): Promise<ReportOf<Kind>> {
    const answer = this.next(kind);
    this.send(command);
    return answer;
  }

  /** SIGKILL. @returns whether there was still something to kill */
  kill(): boolean {
    return !this.#hasEnded && this.#process.kill("SIGKILL");
  }

  /** Resolves when it has ended by itself; rejects after `deadlineMs`. */
  endedWithin(deadlineMs: number): Promise<Ending> {
    return withDeadline(this.ended, { deadlineMs, what: "a child to end by itself" });
  }

  /** Kills it, if it still runs, and resolves when it is gone. */
  async end(): Promise<Ending> {
    this.kill();
    return withDeadline(this.ended, { deadlineMs: CHILD_DEADLINE_MS, what: "a killed child to be gone" });
  }

  #read(line: string): void {
    const report = parse(line);
    if (report === undefined) return;
    this.#onReport(report);
    for (const waiter of this.#waiters) {
      if (waiter.kind !== report.kind) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(report);
    }
  }
}

/** The last line of a killed child may be cut short: what it was about to announce was not done. */
function parse(line: string): Report | undefined {
  try {
    return JSON.parse(line) as Report;
  } catch {
    return undefined;
  }
}
