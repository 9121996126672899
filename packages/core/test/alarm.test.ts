import { assert, suite } from "@chorus/testing";
import { Alarm } from "../src/alarm.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("alarm");

test("it rings early rather than at once when a deadline is further away than timers reach", () => {
  const runtime = new VirtualRuntime();
  const delays: number[] = [];
  const after = runtime.after.bind(runtime);
  runtime.after = (delayMs: number, task: () => void) => {
    delays.push(delayMs);
    return after(delayMs, task);
  };
  const alarm = new Alarm(runtime, () => {});
  alarm.by(3 * 2 ** 31);
  alarm.by(1_000);
  assert.equal(delays, [2 ** 31 - 1, 1_000]);
  alarm.cancel();
  assert.is(runtime.timers, 0);
});
