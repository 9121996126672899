import { assert, suite } from "@chorus/testing";
import { type Finding, History, identityOf, type Write } from "../src/simulation/history.js";

const test = suite("history");

/** Sessions 1, 2, 3 wrote these; `seen` gives how many structs of which session the writer knew. */
function write(session: number, json: string | undefined, options: Partial<Write> = {}): Write {
  const place = { sessionId: session, clock: options.clock ?? 1 };
  return {
    identity: identityOf(place),
    key: "k",
    stamp: 10,
    json,
    ...place,
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
  const set = write(1, '"a"');
  const judgeHiding = (hidden: Write): Finding[] => {
    const seen = { seen: new Map([[1, 1]]), hidden: new Set([hidden.identity]) };
    return judge([set, write(2, undefined, { stamp: 11, ...seen })], '"a"');
  };
  assert.equal(judgeHiding(set), []);
  assert.equal(kinds(judgeHiding(write(3, '"a"'))), ["RESURRECTED"]);
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
  const again = write(3, '"a"', { identity: identityOf(write(1, '"a"')) });
  const deletion = write(2, undefined, { stamp: 11, seen: new Map([[1, 1]]) });
  assert.equal(kinds(judge([write(1, '"a"'), again, deletion], '"a"')), ["RESURRECTED"]);
  assert.equal(judge([write(1, '"a"'), again], '"a"'), []);
});

test("it does not take a deletion as seen because one with its stamp was", () => {
  const one = write(1, undefined, { stamp: 12 });
  const set = write(2, '"a"', { seen: new Map([[1, 1]]) });
  const other = write(3, undefined, { stamp: 12 });
  assert.equal(judge([one, set, other], undefined), []);
  assert.equal(kinds(judge([one, set], undefined)), ["LOST"]);
});

test("it knows a write by its entry, of those that look alike the one of the sessions that are meant", () => {
  const history = new History();
  const writes = [1, 2, 3].map((session) => write(session, undefined));
  for (const each of writes) history.record(each);
  const find = (sessions: number[]): Write | undefined =>
    history.find({ key: "k", stamp: 10, json: undefined }, (session) => sessions.includes(session));
  assert.is(find([2]), writes[1]);
  assert.is(find([7]), writes[2]);
  assert.is(
    history.find({ key: "k", stamp: 11, json: undefined }, () => true),
    undefined,
  );
});

test("it follows a write to its other places", () => {
  const history = new History();
  history.record(write(1, '"a"', { clock: 2 }));
  const first = identityOf({ sessionId: 1, clock: 2 });
  history.noteCopy(history.identityAt({ sessionId: 1, clock: 2 }), { sessionId: 1, clock: 7 });
  history.noteCopy(history.identityAt({ sessionId: 1, clock: 7 }), { sessionId: 2, clock: 3 });
  assert.is(history.identityAt({ sessionId: 2, clock: 3 }), first);
  assert.is.not(history.identityAt({ sessionId: 2, clock: 4 }), first);
});
