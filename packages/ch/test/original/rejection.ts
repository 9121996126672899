// One helper of the tests of the stand-ins, whose errors carry no codes. It must never pass for a promise that resolves.

/** The error that a promise rejects with. @throws (rejects) Error when it resolves, or rejects with something else */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const reason = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (reason instanceof Error) return reason;
  throw new Error(`an Error was expected, not ${String(reason)}`);
}
