import { assert, suite } from "@chorus/testing";
import { Wholeness } from "../src/wholeness.js";

const test = suite("wholeness");

test("it runs a task at once while it is whole, and else when it is so again, in order", () => {
  const wholeness = new Wholeness();
  const order: string[] = [];
  wholeness.whenWhole(() => order.push("at once"));
  wholeness.suspend();
  wholeness.whenWhole(() => order.push("second"));
  wholeness.whenWhole(() => order.push("never"))();
  wholeness.whenWhole(() => order.push("third"));
  assert.equal(order, ["at once"]);
  wholeness.restore(() => order.push("first"));
  assert.equal(order, ["at once", "first", "second", "third"]);
});

test("who begins something new keeps those behind waiting", () => {
  const wholeness = new Wholeness();
  let ran = 0;
  wholeness.suspend();
  wholeness.whenWhole(() => wholeness.suspend());
  wholeness.whenWhole(() => ran++);
  wholeness.restore(() => undefined);
  assert.is(ran, 0);
  wholeness.restore(() => undefined);
  assert.is(ran, 1);
});
