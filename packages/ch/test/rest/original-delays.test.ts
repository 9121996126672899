import { assert, suite } from "@chorus/testing";
import { pullDelayMs } from "../../src/rest/original-delays.js";

const test = suite("delays of a link to an original");

const cases: [string, { tookMs: number; rows: number }, number][] = [
  ["the interval, when nothing had changed", { tookMs: 3, rows: 0 }, 5_000],
  ["the interval after a small channel", { tookMs: 40, rows: 10_000 }, 5_000],
  ["half a millisecond for each row of a large one", { tookMs: 2_800, rows: 100_000 }, 50_000],
  ["twice the time of a slow one", { tookMs: 10_000, rows: 200 }, 20_000],
  ["no longer than a timer holds", { tookMs: 1e12, rows: 0 }, 2 ** 31 - 1],
];
for (const [what, cost, expected] of cases) {
  test(`waits ${what}`, () => assert.is(pullDelayMs(5_000, cost, 0), expected));
}

test("waits up to an eighth longer, by chance", () => {
  assert.is(pullDelayMs(4_000, { tookMs: 0, rows: 0 }, 0.5), 4_250);
});
