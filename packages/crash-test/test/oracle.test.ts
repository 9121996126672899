import { assert, suite } from "@chorus/testing";
import { allowed, idOf, judge, STAMP_SLACK_MS, textOf, type Write } from "../src/oracle.js";

const test = suite("oracle");

/** A write at a moment: "a3" is the third of writer a. */
function write(id: string, atMs: number, more: Partial<Write> = {}): Write {
  const [writer = "", number] = [id[0], Number(id.slice(1))];
  return {
    ...{ writer, number, isDelete: false, saw: undefined, isPromised: false },
    ...{ earliestMs: atMs, latestMs: atMs },
    ...more,
  };
}

const promised = { isPromised: true } as const;
const gone = { isDelete: true } as const;
const saw = (id: string): Partial<Write> => ({ saw: { writer: id[0] ?? "", number: Number(id.slice(1)) } });

/** What may be shown: ids of values, "nothing" for deletes and for a key never written. */
function outcomes(...writes: Write[]): string[] {
  const shown = allowed(writes).map((one) =>
    one === undefined || one.isDelete ? "nothing" : `${one.writer}${one.number}`,
  );
  return [...new Set(shown)].sort();
}

test("an unwritten key shows nothing", () => {
  assert.equal(outcomes(), ["nothing"]);
});

test("a write that was not acknowledged may or may not be there", () => {
  assert.equal(outcomes(write("a1", 0)), ["a1", "nothing"]);
});

test("an acknowledged write stands", () => {
  assert.equal(outcomes(write("a1", 0, promised)), ["a1"]);
  assert.match(
    judge(undefined, [write("a1", 0, promised)]) ?? "",
    /^shows nothing and must show a:1 \(promised\)$/,
  );
});

test("of one writer the last acknowledged write stands, or a later one", () => {
  const writes = [write("a1", 0, promised), write("a2", 0, promised), write("a3", 0), write("a4", 0)];
  assert.equal(outcomes(...writes), ["a2", "a3", "a4"]);
  assert.ok(judge({ writer: "a", number: 1 }, writes), "a lost write must be found");
  assert.is(judge({ writer: "a", number: 3 }, writes), undefined);
});

test("a later delete that was not acknowledged may have removed the key", () => {
  assert.equal(outcomes(write("a1", 0, promised), write("a2", 0, gone)), ["a1", "nothing"]);
});

test("an acknowledged delete stands", () => {
  const writes = [write("a1", 0, promised), write("a2", 0, { ...gone, ...promised })];
  assert.equal(outcomes(...writes), ["nothing"]);
  assert.ok(judge({ writer: "a", number: 1 }, writes), "a value that came back must be found");
});

test("a write by another at the same time may have won", () => {
  assert.equal(outcomes(write("a1", 100, promised), write("b1", 101)), ["a1", "b1"]);
});

test("a write by another that is older by the clock has lost", () => {
  assert.equal(outcomes(write("a1", 100, promised), write("b1", 100 - STAMP_SLACK_MS - 1)), ["a1"]);
  assert.equal(outcomes(write("a1", 100, promised), write("b1", 100 - STAMP_SLACK_MS)), ["a1", "b1"]);
});

test("a write whose end is not known may be younger than any other", () => {
  const open = write("b1", 0, { latestMs: Number.POSITIVE_INFINITY });
  assert.equal(outcomes(write("a1", 100, promised), open), ["a1", "b1"]);
});

test("a write by another that its writer had seen has lost, and so has what came before it", () => {
  const writes = [
    write("b1", 100),
    write("b2", 100),
    write("b3", 100),
    write("a1", 100, { ...promised, ...saw("b2") }),
  ];
  assert.equal(outcomes(...writes), ["a1", "b3"]);
});

test("a delete removes what its writer had seen, and nothing else", () => {
  const seen = write("b1", 0);
  const unseen = write("c1", 0);
  assert.equal(outcomes(seen, unseen, write("a1", 1_000, { ...gone, ...promised, ...saw("b1") })), [
    "c1",
    "nothing",
  ]);
});

test("what a set has outdone may return when the set is deleted by one who had not seen it", () => {
  const old = write("b1", 0, promised);
  const set = write("a1", 1_000, promised);
  assert.equal(outcomes(old, set), ["a1"]);
  assert.equal(outcomes(old, set, write("a2", 2_000, { ...gone, ...promised })), ["b1", "nothing"]);
  assert.equal(outcomes(old, set, write("c1", 2_000, gone)), ["a1", "b1", "nothing"]);
});

test("a delete before a set takes nothing of its effect", () => {
  const writes = [
    write("b1", 0, promised),
    write("a1", 1_000, { ...gone, ...promised }),
    write("a2", 2_000, promised),
  ];
  assert.equal(outcomes(...writes), ["a2"]);
});

test("a value that nobody wrote is found", () => {
  assert.match(judge({ writer: "z", number: 9 }, [write("a1", 0)]) ?? "", /^shows z:9/);
});

test("ids are texts in values and reports", () => {
  assert.equal(idOf(textOf({ writer: "m1", number: 12 })), { writer: "m1", number: 12 });
  assert.throws(() => idOf("m1"), /not the id of a write/);
});
