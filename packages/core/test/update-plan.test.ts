import { assert, suite } from "@chorus/testing";
import { encodeDeletions } from "../src/document/update-slices.js";
import type { Verdict } from "../src/guard.js";
import { planUpdate, splitDeletions } from "../src/update-plan.js";

const test = suite("update plan");

const ACCEPTED: Verdict = { kind: "accepted", advanced: new Map(), deletes: false };

/** The head of a part with one struct of a session, and nothing that would be looked at. */
const structs = (session: number, clock: number): Uint8Array => Uint8Array.of(1, 1, session, clock, 9, 9, 0);

function plan(
  parts: readonly Uint8Array[],
  known: readonly (readonly [number, number])[],
  verdict = ACCEPTED,
) {
  const clocks = new Map(known);
  const inspected: Uint8Array[] = [];
  const planned = planUpdate(parts, {
    clockOf: (session) => clocks.get(session) ?? 0,
    inspect: (part) => {
      inspected.push(part);
      return verdict;
    },
  });
  return { planned, inspected };
}

test("it keeps the order, with the deletions last", () => {
  const deletions = encodeDeletions([[7, [{ clock: 0, len: 2 }]]]);
  const [first, second, other] = [structs(7, 0), structs(7, 5), structs(8, 0)];
  assert.equal(plan([first, deletions, second, other], []).planned, [first, second, other, deletions]);
});

test("it leaves out what is known, and has the part at the boundary guarded", () => {
  const parts = [structs(7, 0), structs(7, 5), structs(7, 9)];
  const { planned, inspected } = plan(parts, [[7, 6]]);
  assert.equal(planned, parts.slice(1));
  assert.equal(inspected, [parts[1]]);
  assert.is(plan(parts, [[7, 6]], { kind: "gap" }).planned, "gap");
  assert.equal(plan(parts, [[7, 0]]).inspected, []);
});

test("it finds what is missing before it", () => {
  assert.is(plan([structs(7, 3)], [[7, 2]]).planned, "gap");
  assert.equal(plan([structs(7, 3)], [[7, 3]]).planned, [structs(7, 3)]);
  const deletions = encodeDeletions([[7, [{ clock: 1, len: 3 }]]]);
  assert.is(plan([deletions], [[7, 3]]).planned, "gap");
  assert.equal(plan([deletions], [[7, 4]]).planned, [deletions]);
});

test("it refuses several sessions, structs with deletions, and bytes that end early", () => {
  for (const bytes of [[2, 1, 1, 0, 0], [1, 1, 7, 0, 9, 1], [1], [0, 1, 7, 1, 0, 0], [0, 0, 0]]) {
    assert.throwsCode(() => plan([Uint8Array.from(bytes)], []), "protocol");
  }
});

test("it splits deletions by what they delete, and nothing else", () => {
  const ranges = [
    { clock: 0, len: 3_000 },
    { clock: 4_000, len: 3_000 },
    { clock: 9_000, len: 1 },
  ];
  const others = [{ clock: 0, len: 1 }];
  const pieces = splitDeletions(
    encodeDeletions([
      [7, ranges],
      [8, others],
    ]),
  );
  assert.equal(pieces, [
    encodeDeletions([[7, ranges.slice(0, 2)]]),
    encodeDeletions([
      [7, ranges.slice(2)],
      [8, others],
    ]),
  ]);
  const part = structs(7, 0);
  assert.equal(splitDeletions(part), [part]);
});

test("it splits a run of many deleted segments, and no forged length into more pieces than can be kept", () => {
  const long = encodeDeletions([[7, [{ clock: 5, len: 100_000 }]]]);
  assert.is(splitDeletions(long).length, 25);
  assert.equal(splitDeletions(encodeDeletions([[7, [{ clock: 5, len: 5_000 }]]])), [
    encodeDeletions([[7, [{ clock: 5, len: 4_096 }]]]),
    encodeDeletions([[7, [{ clock: 4_101, len: 904 }]]]),
  ]);
  const forged = encodeDeletions([[7, [{ clock: 0, len: 2 ** 47 }]]]);
  assert.ok(splitDeletions(forged).length <= 4_097);
});
