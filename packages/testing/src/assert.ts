// uvu's assertions, with the one that silently ignores its argument made strict, and two about error codes.
// Never add an assertion here that can pass without looking at what it was given.

import { Assertion, throws as uvuThrows } from "uvu/assert";

export * from "uvu/assert";

/** An error that carries a stable code. */
export type CodedError = Error & { readonly code: string };

/**
 * Fails unless `action` throws and, when given, the message matches or the function accepts the error.
 * @throws TypeError for an expectation of another kind, which uvu would ignore: use `throwsCode`.
 */
export function throws(
  action: () => unknown,
  expected?: string | RegExp | ((error: Error) => boolean),
  message?: string,
): void {
  const isKnown =
    expected === undefined || expected instanceof RegExp || /^(string|function)$/.test(typeof expected);
  if (!isKnown) throw new TypeError("assert.throws ignores objects; use assert.throwsCode");
  uvuThrows(action, expected, message);
}

/** Fails unless `action` throws, at once, an Error with exactly this `code`; returns that error. */
export function throwsCode(action: () => unknown, code: string): CodedError {
  let returned: unknown;
  try {
    returned = action();
  } catch (thrown) {
    return checkCode(thrown, code);
  }
  const hint = returned instanceof Promise ? " (it returned a promise: use rejectsCode)" : "";
  if (returned instanceof Promise) returned.catch(() => undefined);
  throw failure(`Expected an error with code "${code}", but nothing was thrown${hint}`, undefined, code);
}

/** Fails unless the promise (or the one the function returns) rejects with an Error with this `code`; returns it. */
export async function rejectsCode(
  promise: PromiseLike<unknown> | (() => PromiseLike<unknown>),
  code: string,
): Promise<CodedError> {
  try {
    await (typeof promise === "function" ? promise() : promise);
  } catch (thrown) {
    return checkCode(thrown, code);
  }
  throw failure(`Expected a rejection with code "${code}", but it was fulfilled`, undefined, code);
}

function checkCode(thrown: unknown, code: string): CodedError {
  if (!(thrown instanceof Error)) throw failure(`Expected an Error, got: ${String(thrown)}`, thrown, code);
  const actual = (thrown as Partial<CodedError>).code;
  if (actual !== code) {
    throw failure(`Expected code "${code}", got ${JSON.stringify(actual)}: ${thrown.message}`, actual, code);
  }
  return thrown as CodedError;
}

function failure(message: string, actual: unknown, expects: unknown): Assertion {
  return new Assertion({ message, operator: "code", actual, expects });
}
