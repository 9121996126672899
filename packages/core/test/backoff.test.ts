import { assert, suite } from "@chorus/testing";
import { backoffMs } from "../src/backoff.js";

const test = suite("backoff");

const bounds = { minMs: 100, maxMs: 30_000 };

test("it stays within its bounds for every attempt", () => {
  for (let attempt = 0; attempt < 5_000; attempt = attempt * 2 + 1) {
    for (const random of [0, 0.25, 0.999_999]) {
      const delayMs = backoffMs(attempt, random, bounds);
      assert.ok(delayMs >= 100 && delayMs <= 30_000, `${delayMs} at attempt ${attempt}`);
    }
  }
});

test("it doubles its ceiling up to the maximum, and uses all of the range below", () => {
  assert.is(backoffMs(0, 1, bounds), 200);
  assert.is(backoffMs(1, 1, bounds), 400);
  assert.is(backoffMs(4, 1, bounds), 3_200);
  assert.is(backoffMs(20, 1, bounds), 30_000);
  assert.is(backoffMs(20, 0, bounds), 100);
  assert.is(backoffMs(20, 0.5, bounds), 15_050);
});
