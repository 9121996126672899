import { assert, suite } from "@chorus/testing";
import { scaleOf } from "../src/report/scale.js";

const test = suite("bench scale");

test("a linear axis begins at 0 and ends at a round number not below the largest value", () => {
  const { logarithmic, ticks, position } = scaleOf([3, 17, 43]);
  assert.not.ok(logarithmic);
  assert.equal(ticks, [0, 10, 20, 30, 40, 50]);
  assert.is(position(25), 0.5);
});

test("values far apart get a logarithmic axis in powers of ten, on which the smallest can be seen", () => {
  const { logarithmic, ticks, position } = scaleOf([2, 2_000]);
  assert.ok(logarithmic);
  assert.equal(ticks, [1, 10, 100, 1_000, 10_000]);
  assert.is(position(100), 0.5);
  assert.ok(position(2) > 0);
  assert.is(scaleOf([1, 1_000]).ticks[0], 0.1);
});

test("zero, nothing at all, and values outside stay on the axis", () => {
  assert.is(scaleOf([0]).position(0), 0);
  assert.is(scaleOf([]).position(5), 1);
  const { position } = scaleOf([0, 1, 1_000]);
  assert.is(position(0), 0);
  assert.is(position(1e9), 1);
});

test("steps are 1, 2 or 5 times a power of ten also for small values", () => {
  assert.equal(
    scaleOf([0.9]).ticks.map((tick) => tick.toFixed(1)),
    ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"],
  );
});
