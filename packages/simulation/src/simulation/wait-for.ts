// How a run on virtual time waits for a promise of the engine: all that is due in the promises' own queue is done while
// time stands still, then time goes on a little. The engine has promises only where a process starts and ends.
import type { Scheduler } from "./scheduler.js";

/** Node's own, without which no promise goes on; it is asked for a turn and never for the time. */
function promisesDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Virtual time passes in steps of this while something is waited for, in milliseconds. */
const STEP_MS = 1;

/** What the promise resolves with; undefined when it has not after `limitMs`. Rejects as it does. */
export async function waitFor<Value>(
  promise: Promise<Value>,
  scheduler: Scheduler,
  limitMs: number,
): Promise<{ value: Value } | undefined> {
  let outcome: { value: Value } | { error: unknown } | undefined;
  promise.then(
    (value) => {
      outcome = { value };
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  const untilMs = scheduler.nowMs + limitMs;
  await promisesDone();
  while (!outcome && scheduler.nowMs < untilMs) {
    scheduler.runFor(STEP_MS);
    await promisesDone();
  }
  if (outcome && "error" in outcome) throw outcome.error;
  return outcome;
}
