import { assert, suite } from "@chorus/testing";
import { type Progress, ProgressReporter } from "../src/progress.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("progress");

function create() {
  const runtime = new VirtualRuntime();
  const told: (number | undefined)[] = [];
  const reporter = new ProgressReporter(runtime, ({ done }) => told.push(done));
  const at = (done: number, total: number | undefined = 100): Progress => ({
    task: "apply",
    done,
    total,
    unit: "bytes",
  });
  return { runtime, told, reporter, at };
}

test("it tells the first, the last, and some between", () => {
  const { runtime, told, reporter, at } = create();
  for (let done = 1; done <= 100; done++) {
    reporter.report(reporter, at(done));
    runtime.advance(10);
  }
  assert.equal(told, [1, 26, 51, 76, 100]);
});

test("it never goes back, and tells of one source at a time", () => {
  const { runtime, told, reporter, at } = create();
  const [one, other] = [{}, {}];
  reporter.report(one, at(50));
  reporter.report(other, at(1));
  runtime.advance(1_000);
  reporter.report(one, at(40));
  reporter.report(one, at(50));
  assert.equal(told, [50]);
  reporter.end(other);
  reporter.report(other, at(2));
  assert.equal(told, [50]);
  reporter.end(one);
  reporter.report(other, at(3, undefined));
  assert.equal(told, [50, 3]);
});

test("after the last a new piece of work may begin", () => {
  const { told, reporter, at } = create();
  reporter.report({}, at(100));
  reporter.report({}, at(1));
  assert.equal(told, [100, 1]);
});
