// The suite as a person uses it: a single built file run with plain node.

import { spawnSync } from "node:child_process";
import { assert, suite } from "@chorus/testing";
import { writeTrap } from "./trap-helper.js";

const test = suite("suite", { deadlineMs: 20_000 });
const events: string[] = [];

test.before(() => events.push("before"));
test.before.each(() => events.push("before each"));
test.after.each(() => events.push("after each"));

function runDirectly(file: string, ci?: string): { code: number | null; output: string } {
  const { CI: _, ...environment } = process.env;
  const env = ci === undefined ? environment : { ...environment, CI: ci };
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: "utf8",
    timeout: 15_000,
    env,
  });
  return { code: status, output: stdout + stderr };
}

test("runs hooks around each test and clean-ups in reverse order", (t) => {
  t.after(() => events.push("first clean-up"));
  t.after(() => events.push("second clean-up"));
  events.push("body");
});

test("has run the clean-ups before after.each", () => {
  const expected = "before,before each,body,second clean-up,first clean-up,after each,before each";
  assert.is(events.join(","), expected);
});

test("gives the test its full name", (t) => {
  assert.is(t.name, "suite › gives the test its full name");
});

test("refuses a suite without a name and a deadline that is none", () => {
  assert.throws(() => suite(""), /needs a name/);
  assert.throws(() => suite("x", { deadlineMs: 0 }), /deadlineMs is 0/);
  assert.throws(() => suite("x", { deadlineMs: Number.NaN }), /deadlineMs is NaN/);
});

test("exits 0 and prints totals when a file run directly passes", (t) => {
  const { code, output } = runDirectly(writeTrap(t, `test("works", () => {});`));
  assert.is(code, 0);
  assert.match(output, "1 passed, 0 failed");
});

test("exits 1 and names the test when a file run directly fails", (t) => {
  const { code, output } = runDirectly(writeTrap(t, `test("breaks", () => assert.is(1, 2));`));
  assert.is(code, 1);
  assert.match(output, "breaks");
});

test("exits 1 when a file run directly hangs with an open server", (t) => {
  const source = `import { createServer } from "node:net";
    test("hangs", () => new Promise(() => createServer().listen(0)));`;
  const { code, output } = runDirectly(writeTrap(t, source));
  assert.is(code, 1);
  assert.match(output, "did not end within 300 ms");
});

test("runs a body's clean-up although the body hung", (t) => {
  const source = `test("hangs", (t) => { t.after(() => console.log("cleaned")); return new Promise(() => {}); });`;
  assert.match(runDirectly(writeTrap(t, source)).output, "cleaned");
});

test("waits for the clean-ups of a test that was interrupted", (t) => {
  const source = `test("waits", (t) => {
    t.after(() => new Promise((done) => setTimeout(done, 50)).then(() => console.log("cleaned")));
    setTimeout(() => { throw new Error("aside"); }, 5);
    return new Promise(() => {});
  });`;
  const { code, output } = runDirectly(writeTrap(t, source));
  assert.is(code, 1);
  assert.ok(output.indexOf("cleaned") < output.indexOf("aside"));
  assert.match(output, "cleaned");
});

test("fails a clean-up registered after the test ended", (t) => {
  const source = `test("late", (t) => void setTimeout(() => t.after(() => {}), 20));`;
  const { code, output } = runDirectly(writeTrap(t, source));
  assert.is(code, 1);
  assert.match(output, "registered a clean-up after it had ended");
});

test("allows only where a person runs the file, and not in CI", (t) => {
  const file = writeTrap(t, `test("fails", () => assert.ok(false)); test.only("alone", () => {});`);
  assert.is(runDirectly(file).code, 0);
  const inCi = runDirectly(file, "true");
  assert.is(inCi.code, 1);
  assert.match(inCi.output, "is refused here");
});
