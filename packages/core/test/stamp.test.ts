import { assert, suite } from "@chorus/testing";
import {
  MAX_STAMP,
  STAMPS_PER_MS,
  SeenStamps,
  StampClock,
  stampOfTimestamp,
  timestampOfStamp,
} from "../src/stamp.js";

const test = suite("stamp");

test("follows the wall clock, and counts on when it stands or goes back", () => {
  let wall = 1_000;
  const clock = new StampClock(() => wall);
  assert.is(clock.next(undefined), 1_000 * STAMPS_PER_MS);
  assert.is(clock.next(undefined), 1_000 * STAMPS_PER_MS + 1);
  wall = 500;
  assert.is(clock.next(undefined), 1_000 * STAMPS_PER_MS + 2);
  wall = 2_000;
  assert.is(clock.next(undefined), 2_000 * STAMPS_PER_MS);
});

test("gives a stamp above the winner's without following it", () => {
  const clock = new StampClock(() => 1);
  assert.is(clock.next(5_000_000), 5_000_001);
  assert.is(clock.next(undefined), STAMPS_PER_MS + 1);
});

test("runs ahead of the clock rather than repeat a stamp within a millisecond", () => {
  const clock = new StampClock(() => 7);
  const stamps = new Set(Array.from({ length: 5_000 }, () => clock.next(undefined)));
  assert.is(stamps.size, 5_000);
});

test("refuses to go above the highest stamp", () => {
  const clock = new StampClock(() => 1);
  assert.throwsCode(() => clock.next(MAX_STAMP), "invalid-timestamp");
  assert.is(clock.next(MAX_STAMP - 1), MAX_STAMP);
});

test("takes whole milliseconds and nothing else as a timestamp", () => {
  assert.is(timestampOfStamp(stampOfTimestamp(1_234)), 1_234);
  for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_STAMP]) {
    assert.throwsCode(() => stampOfTimestamp(wrong), "invalid-timestamp");
  }
});

test("remembers the highest stamp seen for a key, and none for others", () => {
  const seen = new SeenStamps();
  seen.note("k", 7);
  seen.note("k", 5);
  assert.is(seen.below("k", undefined), 7);
  assert.is(seen.below("k", 9), 9);
  assert.is(seen.below("other", undefined), -1);
});

test("merges the oldest keys into a floor for all when there are too many", () => {
  const seen = new SeenStamps(2);
  seen.note("a", 10);
  seen.note("b", 5);
  seen.note("c", 20);
  assert.is(seen.below("c", undefined), 20);
  for (const key of ["a", "b", "never seen"]) assert.is(seen.below(key, undefined), 10);
});

test("lets a stamp far in the future count for its own key only", () => {
  let ceiling = 1_000;
  const seen = new SeenStamps(2, () => ceiling);
  seen.note("a", 5_000);
  assert.is(seen.below("a", undefined), 5_000);
  assert.equal([seen.below("b", undefined), seen.highest], [-1, -1]);
  seen.note("b", 900);
  seen.note("c", 950);
  // "a" is forgotten, rather than to stand above everything.
  assert.equal([seen.below("a", undefined), seen.highest], [-1, 950]);
  seen.raiseFloor(5_000);
  assert.is(seen.below("d", undefined), -1);
  ceiling = 5_000;
  seen.raiseFloor(5_000);
  assert.equal([seen.below("d", undefined), seen.highest], [5_000, 5_000]);
});
