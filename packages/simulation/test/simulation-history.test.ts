import { assert, suite } from "@chorus/testing";
import { type Finding, History, identityOf, type Write } from "../src/simulation/history.js";

const test = suite("history");

/** Sessions 1, 2, 3 wrote these; `seen` gives how many structs of which session the writer knew. */
function write(session: number, json: string | undefined, options: Partial<Write> = {}): Write {
  return {
    key: "k",
    stamp: 10,
    json,
    sessionId: session,
    clock: 1,
    seen: new Map(),
    hidden: new Set(),
    ...options,
  };
}

function judge(
  writes: Write[],
  shown: string | undefined,
  known = new Map([
    [1, 9],
    [2, 9],
    [3, 9],
  ]),
): Finding[] {
  const history = new History();
  for (const each of writes) history.record(each);
  return history.judge(new Map(shown === undefined ? [] : [["k", shown]]), known);
}

const kinds = (findings: Finding[]): string[] => findings.map(({ kind }) => kind);

test("it finds nothing where the highest write shows", () => {
  assert.equal(judge([write(1, '"a"'), write(2, '"b"', { stamp: 11 })], '"b"'), []);
});

test("it finds a lost write where a concurrent lower one shows, or nothing", () => {
  const writes = [write(1, '"a"'), write(2, '"b"', { stamp: 11 })];
  assert.equal(kinds(judge(writes, '"a"')), ["LOST"]);
  assert.equal(kinds(judge(writes, undefined)), ["LOST"]);
});

test("it decides equal stamps by the text, a deletion lowest", () => {
  assert.equal(judge([write(1, '"b"'), write(2, '"a"')], '"b"'), []);
  assert.equal(kinds(judge([write(1, '"b"'), write(2, '"a"')], '"a"')), ["LOST"]);
  assert.equal(kinds(judge([write(1, undefined), write(2, '"a"')], undefined)), ["LOST"]);
});

test("it finds a value back that its deleter had seen", () => {
  const writes = [write(1, '"a"'), write(2, undefined, { stamp: 11, seen: new Map([[1, 1]]) })];
  assert.equal(judge(writes, undefined), []);
  assert.equal(kinds(judge(writes, '"a"')), ["RESURRECTED"]);
});

test("it finds an overwritten value back, and the overwriting one lost", () => {
  const writes = [write(1, '"a"'), write(2, '"b"', { stamp: 11, seen: new Map([[1, 1]]) })];
  assert.equal(kinds(judge(writes, '"a"')), ["LOST", "RESURRECTED"]);
});

test("it lets a lower set under a concurrent deletion live or die", () => {
  const writes = [write(1, '"a"'), write(2, undefined, { stamp: 11 })];
  assert.equal(judge(writes, '"a"'), []);
  assert.equal(judge(writes, undefined), []);
});

test("it does not let a deletion remove a higher set that it had not seen", () => {
  const writes = [write(1, '"a"', { stamp: 12 }), write(2, undefined, { stamp: 11 })];
  assert.equal(kinds(judge(writes, undefined)), ["LOST"]);
});

test("it takes a session's own writes as seen by the later ones", () => {
  const writes = [write(1, '"a"'), write(1, undefined, { clock: 2, stamp: 11 })];
  assert.equal(kinds(judge(writes, '"a"')), ["RESURRECTED"]);
});

test("it does not take a write as seen that was on its way to another place", () => {
  const deletion = { stamp: 11, seen: new Map([[1, 1]]), hidden: new Set([identityOf(write(1, '"a"'))]) };
  assert.equal(judge([write(1, '"a"'), write(2, undefined, deletion)], '"a"'), []);
  assert.equal(kinds(judge([write(1, '"b"'), write(2, undefined, deletion)], '"b"')), ["RESURRECTED"]);
});

test("it does not count a write that nobody knows in the end", () => {
  const writes = [write(1, '"a"'), write(2, '"b"', { stamp: 11, clock: 5, seen: new Map([[1, 1]]) })];
  const known = new Map([
    [1, 1],
    [2, 4],
  ]);
  assert.equal(judge(writes, '"a"', known), []);
  assert.equal(kinds(judge(writes, undefined, known)), ["LOST"]);
});

test("it does not count a write that its session overwrote by one that nobody knows", () => {
  const writes = [write(1, '"a"', { stamp: 12 }), write(1, '"b"', { stamp: 13, clock: 2 }), write(2, '"c"')];
  const known = new Map([
    [1, 1],
    [2, 1],
  ]);
  assert.equal(judge(writes, '"c"', known), []);
  assert.equal(judge(writes, '"a"', known), []);
});

test("it finds values and keys that nobody wrote", () => {
  assert.equal(kinds(judge([write(1, '"a"')], '"x"')), ["LOST", "UNKNOWN"]);
  assert.equal(kinds(judge([], '"x"')), ["UNKNOWN"]);
});

test("it takes a write as seen that was seen in one of two places", () => {
  const again = write(3, '"a"');
  const deletion = write(2, undefined, { stamp: 11, seen: new Map([[1, 1]]) });
  assert.equal(kinds(judge([write(1, '"a"'), again, deletion], '"a"')), ["RESURRECTED"]);
  assert.equal(judge([write(1, '"a"'), again], '"a"'), []);
});
