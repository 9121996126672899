// Bounds one step of a test (a hook, a body, a clean-up) in time and makes whatever it throws an Error.
// Never swallow a failure here: every outcome but a plain return must reject.

/** Thrown when a step did not end before its deadline. */
export class DeadlineError extends Error {
  override readonly name = "DeadlineError";
}

/** Returns the thrown value as an Error, because uvu's formatter dies on anything else. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error && typeof thrown.name === "string") return thrown;
  return new Error(`threw something that is not an Error: ${String(thrown)}`, { cause: thrown });
}

/**
 * Runs `step`; rejects with what it threw, with a DeadlineError after `deadlineMs`, or with the reason of
 * `interrupted` when that promise rejects first. The timer keeps the process alive meanwhile, on purpose: a
 * promise nobody will ever settle must end as a failure and not as an early exit.
 */
export async function withDeadline(
  step: () => unknown,
  deadlineMs: number,
  interrupted?: Promise<never>,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`did not end within ${deadlineMs} ms`)), deadlineMs);
  });
  const work = (async () => await step())();
  try {
    await Promise.race(interrupted === undefined ? [work, deadline] : [work, deadline, interrupted]);
  } catch (thrown) {
    throw toError(thrown);
  } finally {
    clearTimeout(timer);
  }
}
