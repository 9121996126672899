// Every way in which a test file could look good without being good must come out as a failure of the file.

import { assert, suite } from "@chorus/testing";
import { runFile } from "../src/run-file.js";
import { writePlain, writeTrap } from "./trap-helper.js";

const test = suite("run file", { deadlineMs: 20_000 });
const good = `test("works", () => {});`;

interface Trap {
  readonly name: string;
  readonly source: string;
  readonly passed?: number;
  readonly failed?: number;
  /** Must be found in the failures. */
  readonly says: string;
  readonly limitMs?: number;
}

const traps: readonly Trap[] = [
  {
    name: "a throwing before hook",
    source: `${good} test.before(() => { throw new Error("boom"); });`,
    failed: 2,
    says: "trap › (before): boom",
  },
  {
    name: "a throwing after hook",
    source: `${good} test.after(async () => { throw new Error("boom"); });`,
    passed: 1,
    says: "trap › (after): boom",
  },
  {
    name: "a throwing before.each hook",
    source: `${good} test.before.each(() => { throw new Error("boom"); });`,
    says: "trap › works: boom",
  },
  {
    name: "a throwing after.each hook",
    source: `${good} test.after.each(() => { throw new Error("boom"); });`,
    says: "trap › works: boom",
  },
  {
    name: "an after.each hook that throws after a failed test",
    source: `test("fails", () => assert.ok(false)); ${good}
      test.after.each(() => { throw new Error("boom"); });`,
    failed: 2,
    says: "and then: boom",
  },
  {
    name: "an after hook that hangs",
    source: `${good} test.after(() => new Promise(() => {}));`,
    passed: 1,
    says: "trap › (after): did not end within 300 ms",
  },
  {
    name: "a pending promise with an open socket",
    source: `import { createServer } from "node:net";
      test("waits", () => new Promise(() => createServer().listen(0, "127.0.0.1"))); ${good}`,
    passed: 1,
    says: "trap › waits: did not end within 300 ms",
  },
  {
    name: "a pending promise with nothing that could settle it",
    source: `test("waits", () => new Promise(() => {}));`,
    says: "trap › waits: did not end",
  },
  {
    name: "a test that never gives the processor back",
    source: `test("spins", () => { for (;;); });`,
    says: `(file): killed after 1500 ms, the last test begun was "trap › spins"`,
    limitMs: 1_500,
  },
  {
    name: "a throwing clean-up",
    source: `test("works", (t) => { t.after(() => { throw new Error("boom"); }); });`,
    says: "trap › works: boom",
  },
  {
    name: "a failure after the test ended",
    source: `test("works", () => { setTimeout(() => { throw new Error("late"); }, 100); });`,
    passed: 1,
    says: "(between or after the tests): late",
  },
  {
    name: "a rejection nobody handles",
    source: `test("works", () => { setTimeout(() => Promise.reject(new Error("late")), 100); });`,
    passed: 1,
    says: "(between or after the tests): late",
  },
  {
    name: "an exception outside the running test's stack",
    source: `test("waits", () => new Promise(() => setTimeout(() => { throw new Error("aside"); }, 10)));`,
    says: "trap › waits: aside",
  },
  {
    name: "a process that does not end after its tests",
    source: `import { createServer } from "node:net"; test("leaves", () => void createServer().listen(0));`,
    passed: 1,
    says: "TCPServerWrap",
  },
  {
    name: "process.exit(0) within a test",
    source: `test("exits", () => process.exit(0));`,
    says: `(file): the process ended early (code 1, signal null), the last test begun was "trap › exits"`,
  },
  {
    name: "a process that kills itself after its tests",
    source: `${good} test.after(() => setTimeout(() => process.kill(process.pid, "SIGTERM"), 50));`,
    passed: 1,
    says: "signal SIGTERM, although its tests ended",
  },
  {
    name: "a process left behind",
    source: `import { spawn } from "node:child_process";
      test("leaves", () => {
        const wait = "setTimeout(() => {}, 2500)";
        spawn(process.execPath, ["-e", wait], { stdio: "inherit", detached: true }).unref();
      });`,
    passed: 1,
    says: "left a process behind",
  },
  {
    name: "a file that throws while loading",
    source: `${good} throw new Error("boom");`,
    passed: 1,
    says: "boom",
  },
  { name: "a suite without a test", source: "", says: "no test ran" },
  { name: "a file where all is skipped", source: `test.skip("later", "no time");`, says: "no test ran" },
  {
    name: "a skip without a reason",
    source: `${good} test.skip("later");`,
    passed: 1,
    says: "needs a reason",
  },
  {
    name: "only",
    source: `${good} test.only("alone", () => {});`,
    passed: 1,
    says: `only("alone") is refused`,
  },
  {
    name: "a test registered by a test",
    source: `test("registers", () => { test("inner", () => {}); });`,
    says: "registered after the tests began",
  },
  {
    name: "something thrown that is no Error",
    source: `test("throws", () => { throw undefined; });`,
    says: "undefined",
  },
  {
    name: "assert.throws with an object",
    source: `test("throws", () => assert.throws(() => { throw new Error("x"); }, { code: "y" }));`,
    says: "use assert.throwsCode",
  },
];

for (const trap of traps) {
  test(`fails ${trap.name}`, async (t) => {
    const result = await runFile(writeTrap(t, trap.source), trap.limitMs ?? 15_000);
    assert.match(`${result.failures.join("\n")}\n${result.output}`, trap.says);
    assert.match(result.failures.join("\n"), trap.says);
    assert.is(result.passed, trap.passed ?? 0);
    assert.is(result.failed, trap.failed ?? 1);
  });
}

test("fails a plain uvu file whose run() was forgotten", async (t) => {
  const source = `import { suite } from ${JSON.stringify(import.meta.resolve("uvu"))};
    suite("plain")("fails", () => { throw new Error("unseen"); });`;
  const result = await runFile(writePlain(t, source), 10_000);
  assert.equal(result.failures, ["(file): no test was registered (exit code 0)"]);
});

test("fails a file without any test", async (t) => {
  const result = await runFile(writePlain(t, "export {};"), 10_000);
  assert.equal(result.failures, ["(file): no test was registered (exit code 0)"]);
});

test("fails a file that does not exist", async () => {
  const result = await runFile("/nowhere/missing.test.js", 10_000);
  assert.is(result.failed, 1);
});

test("counts what passed, lists skips with their reasons, and runs suites in order", async (t) => {
  const source = `test("one", () => {}); test.skip("two", "needs a moon");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const other = suite("other"); other("three", async () => {});`;
  const result = await runFile(writeTrap(t, source), 10_000);
  assert.equal([result.passed, result.failed, result.failures], [2, 0, []]);
  assert.equal(result.skips, ["trap › two: needs a moon"]);
});
