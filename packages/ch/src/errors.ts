// The errors that only $ch has, and how failures of foreign code become errors with a code.
import { ChorusError, OptionError } from "@chorus/core";

/** A call on a channel that was not created, or was destroyed. The message is what the original throws as a string. */
export class NoChannelError extends ChorusError {
  constructor(name: string | undefined) {
    super("no-channel", `Channel ${name} doesn't exist.`);
    this.name = "NoChannelError";
  }

  /** The message alone: what a script that compares text expects. */
  override toString(): string {
    return this.message;
  }
}

/** A failure of a subscriber or another listener of the application. */
export function listenerFailure(what: string, cause: unknown): ChorusError {
  const reason = cause instanceof Error ? cause.message : textOf(cause);
  return new ChorusError("listener-failed", `${what} failed: ${reason}`, { cause });
}

/**
 * Has `failed` told when a function returned a promise, where none is waited for, and it rejects: otherwise that would end
 * the process.
 */
export function watchRejection(answer: unknown, failed: (error: unknown) => void): void {
  if (answer instanceof Promise) answer.catch(failed);
}

/**
 * The error as it is when it carries a code, otherwise wrapped in one that does. What foreign code says of URLs is not
 * repeated, neither as text nor as cause: it may show a password.
 */
export function withCode(
  error: unknown,
  code: "urls-failed" | "connection-failed",
  what: string,
): ChorusError | OptionError {
  if (error instanceof ChorusError || error instanceof OptionError) return error;
  return new ChorusError(code, what);
}

function textOf(cause: unknown): string {
  try {
    return String(cause);
  } catch {
    return "what it threw has no text";
  }
}
