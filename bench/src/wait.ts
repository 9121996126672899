// Waiting in benchmarks: for the next turn, for a condition, for a time. Polling every turn takes CPU: it must never
// be used where CPU is measured.
import { setTimeout as sleep } from "node:timers/promises";

/** Options of `waitFor`. */
export interface WaitOptions {
  /** What is awaited, for the error's message. */
  readonly what: string;
  /** How long to wait at most. Default 30,000. */
  readonly deadlineMs?: number;
  /** Between two looks. 0 looks once in every turn of the event loop, which takes CPU. Default 5. */
  readonly pollMs?: number;
}

/** Resolves when input and output that was waiting has been worked off. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after `milliseconds`. */
export function pause(milliseconds: number): Promise<void> {
  return sleep(milliseconds);
}

/** Resolves once `condition` holds. @throws Error naming `what` at the deadline */
export async function waitFor(condition: () => boolean, options: WaitOptions): Promise<void> {
  const { what, deadlineMs = 30_000, pollMs = 5 } = options;
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await (pollMs === 0 ? nextTurn() : pause(pollMs));
  }
}
