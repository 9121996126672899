import { assert, suite } from "@chorus/testing";
import { SlicedText } from "../src/sliced-text.js";

const test = suite("sliced text");

test("begins when it is first run, goes on where it was, and is made once", () => {
  let steps = 0;
  function* long(): Generator<undefined, string> {
    for (; steps < 3; steps++) yield;
    return "text";
  }
  const sliced = new SlicedText(long());
  assert.is(steps, 0);
  const isOver = (): boolean => true;
  assert.equal([sliced.run(isOver), sliced.run(isOver), sliced.text], [false, false, undefined]);
  assert.equal([sliced.run(), sliced.text], [true, "text"]);
  assert.equal([sliced.run(isOver), sliced.text], [true, "text"]);
});

test("takes an empty text for a text", () => {
  // biome-ignore lint/correctness/useYield: it is made in one step
  function* empty(): Generator<undefined, string> {
    return "";
  }
  const sliced = new SlicedText(empty());
  assert.equal([sliced.run(() => true), sliced.text], [true, ""]);
});

test("throws what the making of it threw, every time", () => {
  function* broken(): Generator<undefined, string> {
    yield;
    throw new Error("broken");
  }
  const sliced = new SlicedText(broken());
  for (let i = 0; i < 2; i++) assert.throws(() => sliced.run(), /broken/);
  assert.is(sliced.text, undefined);
});
