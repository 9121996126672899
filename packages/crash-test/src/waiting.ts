// Waiting with an end: for a promise, or for a condition. Nothing in the crash tests waits without a deadline.
import { setTimeout as pause } from "node:timers/promises";

export interface Wait {
  readonly deadlineMs: number;
  /** What is awaited, for the error. */
  readonly what: string;
}

/** Settles as the promise does. @throws (rejects) Error naming `what` when the deadline passes first */
export async function withDeadline<Value>(
  promise: Promise<Value>,
  { deadlineMs, what }: Wait,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms in vain for ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

const POLL_MS = 5;

/** Resolves once the condition holds. @throws (rejects) Error naming `what` when the deadline passes first */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { deadlineMs, what }: Wait,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await pause(POLL_MS);
  }
}
