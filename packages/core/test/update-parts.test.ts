import { assert, suite } from "@chorus/testing";
import { ANSWER_END, LIVE_UPDATE, PART, RESYNC_END } from "../src/frames.js";
import { UpdateParts } from "../src/update-parts.js";

const test = suite("update parts");

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("hands out nothing before the last part, and everything with it", () => {
  const parts = new UpdateParts(100);
  assert.is(parts.add(bytes(1), PART), undefined);
  assert.is(parts.add(bytes(2), PART), undefined);
  assert.equal(parts.add(bytes(3), ANSWER_END), [bytes(1), bytes(2), bytes(3)]);
  assert.equal(parts.add(bytes(4), RESYNC_END), [bytes(4)]);
});

test("lets a live update through between parts", () => {
  const parts = new UpdateParts(100);
  parts.add(bytes(1), PART);
  assert.equal(parts.add(bytes(9), LIVE_UPDATE), [bytes(9)]);
  assert.equal(parts.add(bytes(2), ANSWER_END), [bytes(1), bytes(2)]);
});

test("refuses more than its limit, and starts from nothing once cleared", () => {
  const parts = new UpdateParts(3);
  parts.add(bytes(1, 2), PART);
  assert.throwsCode(() => parts.add(bytes(3, 4), PART), "too-large");
  parts.clear();
  assert.equal(parts.add(bytes(1, 2, 3), ANSWER_END), [bytes(1, 2, 3)]);
});
