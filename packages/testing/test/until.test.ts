import { assert, suite, until } from "@chorus/testing";

const test = suite("until");

test("returns the first truthy value of the condition", async () => {
  let calls = 0;
  assert.is(await until(() => (++calls < 3 ? 0 : calls)), 3);
});

test("awaits an asynchronous condition", async () => {
  assert.is(await until(async () => "there"), "there");
});

test("throws with what it waited for when the deadline passes", async () => {
  const error = await until(() => false, { deadlineMs: 20, what: "the moon" }).catch(
    (thrown: unknown) => thrown,
  );
  assert.instance(error, Error);
  assert.match((error as Error).message, "the moon");
});

test("passes on what the condition throws", async () => {
  const broken = () => {
    throw new Error("broken condition");
  };
  const error = await until(broken).catch((thrown: unknown) => thrown);
  assert.match((error as Error).message, "broken condition");
});
