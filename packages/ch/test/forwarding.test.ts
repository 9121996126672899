import { assert, suite } from "@chorus/testing";
import { Forwarding } from "../src/forwarding.js";

const test = suite("forwarding");

test("runs tasks of different channels inside each other", () => {
  const forwarding = new Forwarding();
  assert.is(
    forwarding.run("a", () => forwarding.run("b", () => 5)),
    5,
  );
  assert.is(
    forwarding.run("a", () => 6),
    6,
  );
});

test("finds a circle, and names it", () => {
  const forwarding = new Forwarding();
  const error = assert.throwsCode(
    () => forwarding.run("a", () => forwarding.run("b", () => forwarding.run("a", () => 5))),
    "channel-loop",
  );
  assert.match(error.message, /"a" > "b" > "a"/);
  assert.is(
    forwarding.run("a", () => 5),
    5,
  );
});

test("lets functions of the application begin anew, and knows where it was afterwards", () => {
  const forwarding = new Forwarding();
  forwarding.run("a", () => {
    assert.is(
      forwarding.outside(() => forwarding.run("a", () => 5)),
      5,
    );
    assert.throws(() =>
      forwarding.outside(() => {
        throw new Error("mine");
      }),
    );
    assert.throwsCode(() => forwarding.run("a", () => 5), "channel-loop");
  });
});
