import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, suite } from "@chorus/testing";
import { findTestFiles, removeStaleTests } from "../src/find-test-files.js";
import { type RunOptions, runTests, type Totals } from "../src/runner.js";
import { temporaryFolder, writePlain, writeTrap } from "./trap-helper.js";

const test = suite("runner", { deadlineMs: 20_000 });

async function run(options: RunOptions): Promise<{ totals: Totals; lines: string[] }> {
  let text = "";
  const write = (part: string): void => {
    text += part;
  };
  const totals = await runTests({ ...options, write });
  assert.ok(text.endsWith("\n"));
  return { totals, lines: text.slice(0, -1).split("\n") };
}

test("ends with the totals over all files alone on the last line", async (t) => {
  const good = writeTrap(t, `test("one", () => {}); test("two", () => {}); test.skip("three", "no moon");`);
  const bad = writeTrap(t, `test("fails", () => assert.is(1, 2)); test("works", () => {});`);
  const { totals, lines } = await run({ roots: [good, bad] });
  assert.equal(totals, { passed: 3, failed: 1, skipped: 1 });
  assert.is(lines.at(-1), "3 passed, 1 failed, 1 skipped");
  assert.match(lines.at(-2) ?? "", /^FAIL .*trap\.test\.mjs › trap › fails: Expected values/);
  assert.ok(lines.some((line) => /^SKIP .*trap › three: no moon$/.test(line)));
});

test("leaves the word skipped away when nothing was", async (t) => {
  const { lines } = await run({ roots: [writeTrap(t, `test("one", () => {});`)] });
  assert.is(lines.at(-1), "1 passed, 0 failed");
});

test("fails on a root that does not exist and on one without a test file", async (t) => {
  for (const root of ["/nowhere", temporaryFolder(t)]) {
    const { totals, lines } = await run({ roots: [root] });
    assert.equal(totals, { passed: 0, failed: 1, skipped: 0 });
    assert.is(lines.at(-1), "0 passed, 1 failed");
  }
});

test("fails on a pattern that matches no file, although another one does", async (t) => {
  const file = writeTrap(t, `test("one", () => {});`);
  const { totals, lines } = await run({ roots: [file], patterns: ["trap", "absent"] });
  assert.equal([totals.passed, totals.failed], [0, 1]);
  assert.is(lines.at(-2), `FAIL no test file matches "absent"`);
});

test("fails when there is nothing to run at all", async () => {
  const { totals } = await run({ roots: [] });
  assert.equal([totals.passed, totals.failed], [0, 1]);
});

test("goes on after a file without tests and counts it as one failure", async (t) => {
  const roots = [writePlain(t, "export {};", "a.test.mjs"), writeTrap(t, `test("one", () => {});`)];
  const { totals } = await run({ roots, concurrency: 1 });
  assert.equal([totals.passed, totals.failed], [1, 1]);
});

test("runs only the files that match a pattern", (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["a.test.js", "b.test.js", "helper.js"]) writeFileSync(join(folder, name), "");
  assert.equal(findTestFiles([folder]), [join(folder, "a.test.js"), join(folder, "b.test.js")]);
  assert.equal(findTestFiles([folder], ["/b."]), [join(folder, "b.test.js")]);
});

test("removes a built test whose source is gone, and no other", (t) => {
  const folder = temporaryFolder(t);
  const [sources, built] = [join(folder, "test"), join(folder, "dist")];
  for (const made of [sources, built]) mkdirSync(made);
  writeFileSync(join(sources, "kept.test.ts"), "");
  for (const name of ["kept.test.js", "gone.test.js", "gone.test.js.map"])
    writeFileSync(join(built, name), "");
  assert.equal(removeStaleTests(built, sources), ["gone.test.js"]);
  assert.equal(findTestFiles([built]), [join(built, "kept.test.js")]);
  assert.equal(removeStaleTests(join(folder, "absent"), sources), []);
});

test("runs a file reached through a link", async (t) => {
  const link = join(temporaryFolder(t), "linked.test.mjs");
  symlinkSync(writeTrap(t, `test("one", () => {});`), link);
  const { totals } = await run({ roots: [link] });
  assert.equal([totals.passed, totals.failed], [1, 0]);
});
