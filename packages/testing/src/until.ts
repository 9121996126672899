// Waits for a condition by asking again and again, so that tests never wait for a time.
// Never return without the condition having held.

/** Options of `until`. */
export interface UntilOptions {
  /** How long to wait at most, in milliseconds. Default 5,000, below the default deadline of a test. */
  readonly deadlineMs?: number;
  /** What is awaited, for the error's message. */
  readonly what?: string;
}

const pollMs = 4;

/**
 * Resolves with the first truthy value of `condition`, which may be asynchronous; what it throws is passed on.
 * @throws Error naming `what` when the deadline passes first.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<NonNullable<T>> {
  const { deadlineMs = 5_000, what = condition.toString() } = options;
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
