import { assert, suite } from "@chorus/testing";
import { DeferredRemovals } from "../src/document/deferred-removals.js";
import { Segment } from "../src/document/segment.js";

const test = suite("deferred removals");

function create() {
  const held = new Set<string>();
  const log: string[] = [];
  const removals = new DeferredRemovals({
    holds: (segment, key) => held.has(`${segment.id} ${key}`),
    remove: (segment, key) => void log.push(`${segment.id} ${key}`),
    detach: (segment) => void log.push(`${segment.id} gone`),
  });
  const segment = (id: string) => new Segment(id, { session: 1, owned: false, firstClock: 0 });
  return { held, log, removals, a: segment("1.0"), b: segment("1.1") };
}

test("it keeps nothing before it is told to", () => {
  const { removals, a } = create();
  assert.not(removals.defer(a, ["k"], false));
});

test("it removes what concerns one key together, and lets go of segments last", () => {
  const { removals, log, a, b } = create();
  removals.begin();
  assert.ok(removals.defer(a, ["k", "other"], true));
  assert.ok(removals.defer(b, ["k"], false));
  assert.not(removals.settle(() => true));
  assert.equal(log.splice(0), ["1.0 k", "1.1 k"]);
  assert.ok(removals.settle(() => true));
  assert.equal(log, ["1.0 other", "1.0 gone"]);
  assert.not(removals.defer(a, ["k"], false));
});

test("it leaves what has come back", () => {
  const { removals, log, held, a } = create();
  removals.begin();
  removals.defer(a, ["k"], false);
  held.add("1.0 k");
  assert.ok(removals.settle(() => false));
  assert.equal(log, []);
});
