// Loads uvu with its own automatic execution switched off, because the house session runs the queue itself.
// Never import "uvu" anywhere else: a copy loaded before this file would run the tests behind our back.

import type { Test } from "uvu";

/** What uvu returns for one suite: error text or true, passed, skipped and total. */
export type UvuResult = readonly [errors: string | true, passed: number, skipped: number, total: number];

/** One queued suite, as uvu pushes it on `run()`. */
export type UvuRun = () => Promise<UvuResult>;

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_QUEUE?: (UvuRun | null)[][];
}

const globals = globalThis as typeof globalThis & UvuGlobals;
globals.UVU_DEFER = 1;
const queue: (UvuRun | null)[] = [];
globals.UVU_QUEUE = [queue];

const uvu = await import("uvu");

/** Makes a plain uvu suite; `run()` puts it on the queue. */
export function createUvuSuite(name: string): Test {
  return uvu.suite(name);
}

/** Takes all queued suites off the queue. */
export function takeQueuedRuns(): UvuRun[] {
  return queue.splice(0).filter((run) => run !== null);
}
