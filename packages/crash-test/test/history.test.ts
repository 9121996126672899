import { assert, suite } from "@chorus/testing";
import { type Announced, History } from "../src/history.js";

const test = suite("history of writes");

interface Sets {
  readonly writer: string;
  readonly keys: readonly string[];
  readonly saw?: string | null;
}

/** Announces sets of these keys, done at once. */
function sets(history: History, { writer, keys, saw = null }: Sets): void {
  const writes = keys.map((key): Announced => [key, false, saw]);
  history.announce(writer, { first: history.nextNumber(writer), earliestMs: 0, writes });
  history.finish(writer, 0);
}

const shown = (content: { [key: string]: string }): Map<string, string> => new Map(Object.entries(content));

test("it numbers the writes of each writer, and refuses a gap", () => {
  const history = new History();
  sets(history, { writer: "a", keys: ["k", "l"] });
  sets(history, { writer: "b", keys: ["k"] });
  assert.is(history.nextNumber("a"), 3);
  assert.is(history.nextNumber("b"), 2);
  assert.throws(
    () => history.announce("a", { first: 4, earliestMs: 0, writes: [["k", false, null]] }),
    /gap|after/,
  );
});

test("it finds a lost write, under a key that is not shown at all too", () => {
  const history = new History();
  sets(history, { writer: "a", keys: ["k", "l", "m"] });
  history.acknowledge("a", 2);
  assert.equal(history.check(shown({ k: "a:1", l: "a:2" })), []);
  assert.equal(history.check(shown({ k: "a:1" })), ["l shows nothing and must show a:2 (promised)"]);
  assert.is(history.acknowledged, 2);
  assert.is(history.announced, 3);
});

test("it finds an older write in the place of an acknowledged one, although it has forgotten the older", () => {
  const history = new History();
  for (let i = 0; i < 3; i++) sets(history, { writer: "a", keys: ["k"] });
  history.acknowledge("a", 2);
  assert.is(history.check(shown({ k: "a:1" })).length, 1);
  assert.equal(history.check(shown({ k: "a:2" })), []);
  assert.equal(history.check(shown({ k: "a:3" })), []);
});

test("what a writer had not promised when it died is not promised by its next life", () => {
  const history = new History();
  sets(history, { writer: "a", keys: ["k"] });
  history.bury("a", 0);
  sets(history, { writer: "a", keys: ["l"] });
  history.acknowledge("a", 2);
  assert.equal(history.check(shown({ l: "a:2" })), []);
  assert.is(history.acknowledged, 1);
});

test("it finds the return of a write that an acknowledged one had seen", () => {
  const history = new History();
  sets(history, { writer: "b", keys: ["k"] });
  sets(history, { writer: "a", keys: ["k"], saw: "b:1" });
  assert.equal(history.check(shown({ k: "b:1" })), []);
  history.acknowledge("a", 1);
  assert.is(history.check(shown({ k: "b:1" })).length, 1);
});

test("it finds a key that nobody wrote", () => {
  assert.is(new History().check(shown({ k: "a:1" })).length, 1);
});

test("it looks at the keys of one prefix when it is told to", () => {
  const history = new History();
  sets(history, { writer: "a", keys: ["own-1", "shared-1"] });
  history.acknowledge("a", 2);
  assert.equal(history.check(shown({ "own-1": "a:1" }), "own-"), []);
  assert.is(history.check(shown({ "own-1": "a:1" })).length, 1);
});

test("it counts the keys with one possible outcome", () => {
  const history = new History();
  sets(history, { writer: "a", keys: ["k", "l"] });
  assert.is(history.certainKeys(), 0);
  history.acknowledge("a", 1);
  assert.is(history.certainKeys(), 1);
});
