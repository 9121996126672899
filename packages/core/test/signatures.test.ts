import { assert, suite } from "@chorus/testing";
import { markerOf, Signatures } from "../src/document/signatures.js";

const test = suite("signatures");

function create() {
  const signed: number[] = [];
  const signatures = new Signatures((session) => signed.push(session));
  const note = (session: number, number: number, ...ids: [string, ...string[]]): void =>
    signatures.note({ session, number }, markerOf(ids));
  return { signatures, signed, note };
}

test("knows who wrote which session, by its newest segment", () => {
  const { signatures, signed, note } = create();
  note(7, 0, "a");
  note(8, 0, "a");
  note(7, 2, "b", "gone");
  note(7, 1, "a");
  assert.equal(signatures.of(7), ["b", "gone"]);
  assert.equal(signatures.sessionsOf("a"), [8]);
  assert.equal(signatures.sessionsOf("b"), [7]);
  assert.equal(signatures.sessionsOf("nobody"), []);
  assert.equal(signed, [7, 8, 7]);
});

test("tells of no signature that says what is known", () => {
  const { signed, note } = create();
  note(7, 0, "a", "gone");
  note(7, 0, "a", "gone");
  note(7, 1, "a", "gone");
  assert.equal(signed, [7]);
  note(7, 1, "a");
  assert.equal(signed, [7, 7]);
});

test("gathers the retired of all", () => {
  const { signatures, note } = create();
  note(1, 0, "a", "x", "y");
  note(2, 0, "b", "y", "z");
  assert.equal([...signatures.retired()].sort(), ["x", "y", "z"]);
});

test("ignores what is no signature", () => {
  const { signatures, signed } = create();
  for (const marker of [[0], [0, "[]"], [0, "{}"], [0, '["a",1]'], [0, '"a"'], undefined, 5]) {
    signatures.note({ session: 1, number: 0 }, marker);
  }
  assert.is(signatures.of(1), undefined);
  assert.equal(signed, []);
});
