import { assert, suite } from "@chorus/testing";

const test = suite("assert");

class CodedError extends Error {
  readonly code = "some-code";
}

const throwCoded = (): never => {
  throw new CodedError("a coded one");
};

function failureOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return "(no failure)";
}

async function rejectionOf(action: () => Promise<unknown>): Promise<string> {
  return await action().then(
    () => "(no failure)",
    (thrown: Error) => thrown.message,
  );
}

test("throwsCode returns the error when the code is equal", () => {
  assert.is(assert.throwsCode(throwCoded, "some-code").message, "a coded one");
});

test("throwsCode fails on another code, on no code, on no Error and on nothing thrown", () => {
  assert.match(
    failureOf(() => assert.throwsCode(throwCoded, "other")),
    `Expected code "other", got "some-code"`,
  );
  const throwPlain = (): never => {
    throw new Error("plain");
  };
  assert.match(
    failureOf(() => assert.throwsCode(throwPlain, "some-code")),
    "got undefined",
  );
  const throwText = (): never => {
    throw "text";
  };
  assert.match(
    failureOf(() => assert.throwsCode(throwText, "some-code")),
    "Expected an Error",
  );
  assert.match(
    failureOf(() => assert.throwsCode(() => 1, "some-code")),
    "nothing was thrown",
  );
});

test("throwsCode points at rejectsCode when the function is asynchronous", () => {
  assert.match(
    failureOf(() => assert.throwsCode(async () => throwCoded(), "some-code")),
    "use rejectsCode",
  );
});

test("rejectsCode returns the error for a promise and for a function", async () => {
  assert.instance(await assert.rejectsCode(Promise.reject(new CodedError("x")), "some-code"), CodedError);
  assert.instance(await assert.rejectsCode(async () => throwCoded(), "some-code"), CodedError);
});

test("rejectsCode fails on another code and on a fulfilled promise", async () => {
  assert.match(
    await rejectionOf(() => assert.rejectsCode(async () => throwCoded(), "other")),
    'got "some-code"',
  );
  assert.match(await rejectionOf(() => assert.rejectsCode(async () => 1, "some-code")), "it was fulfilled");
});

test("throws refuses an object, which uvu would ignore", () => {
  const expected = new CodedError("another") as unknown as RegExp;
  assert.match(
    failureOf(() => assert.throws(throwCoded, expected)),
    "use assert.throwsCode",
  );
});

test("throws fails when nothing is thrown and when the message does not match", () => {
  assert.is.not(
    failureOf(() => assert.throws(() => 1)),
    "(no failure)",
  );
  assert.is.not(
    failureOf(() => assert.throws(throwCoded, /nothing like it/)),
    "(no failure)",
  );
});
