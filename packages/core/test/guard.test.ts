import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { type GuardContext, inspectUpdate, MAX_CLOCK } from "../src/guard.js";
import { contextOf, harmTo, rootOf } from "./guard-support.js";
import {
  after,
  any,
  bytes,
  collected,
  deleted,
  entry,
  first,
  raw,
  segment,
  update,
} from "./update-writer.js";

const test = suite("guard");

const A = 300;
const OWN = 7;

/** A replica that knows: 0 segment, 1 and 3 "k" (1 overwritten), 2 "gone" (deleted), 4 a deleted segment, 5 collected. */
function knownDocument(): Y.Doc {
  const author = new Y.Doc();
  author.clientID = A;
  const map = new Y.Map<unknown>();
  rootOf(author).set(`${A}.0`, map);
  map.set("k", [1, "1"]);
  map.set("gone", [2, "2"]);
  map.set("k", [3, "3"]);
  map.delete("gone");
  rootOf(author).set(`${A}.1`, new Y.Map([["x", [4]]]));
  rootOf(author).delete(`${A}.1`);
  const doc = new Y.Doc();
  doc.clientID = OWN;
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(author));
  rootOf(doc).set(`${OWN}.0`, new Y.Map([["own", [1]]]));
  return doc;
}

/** The reason for which the update is refused, "gap", or "accepted" once it is proven harmless. */
function fate(tried: Uint8Array): string {
  const doc = knownDocument();
  const before = Y.encodeStateAsUpdate(doc);
  try {
    const verdict = inspectUpdate(tried, contextOf(doc));
    if (verdict.kind === "gap") return "gap";
  } catch (error) {
    assert.is((error as { code?: string }).code, "protocol", `${error}`);
    return (error as Error).message.replace(/^the update is refused: (.*) \(before byte \d+\)$/, "$1");
  }
  Y.applyUpdate(doc, tried);
  assert.is(harmTo(doc, before), undefined);
  return "accepted";
}

const text = entry(5, "1");
/** What A's next structs may be; the next clock is 6. */
const next = (...structs: ReturnType<typeof first>[]) => update([[A, 6, ...structs]]);
const value = (json: string) => next(first(0, "v", entry(5, json)));
const stamp = (content: unknown) => next(first(0, "v", entry(content)));

const FATES: Record<string, [Uint8Array, string]> = {
  "nothing at all": [Uint8Array.of(0, 0), "accepted"],
  "no bytes": [Uint8Array.of(), "it ends early"],
  "a new key": [next(first(0, "new", text)), "accepted"],
  "the marker key": [next(first(0, "", entry(0))), "accepted"],
  "a tombstone": [next(first(0, "new", entry(5))), "accepted"],
  "an overwrite": [next(after(3, text)), "accepted"],
  "an overwrite without the key bit": [next(bytes(0x88, 0xac, 2, 3, 1, 117, 1, 125, 5)), "accepted"],
  "a key again after its deletion": [next(after(2, text)), "accepted"],
  "a new segment": [
    next(segment(`${A}.2`), first(6, "k", text), after(7, text), after(8, deleted(3))),
    "accepted",
  ],
  "a new segment deleted already": [next(segment(`${A}.2`, undefined), collected(3)), "accepted"],
  "entries for a deleted segment": [
    next(first(4, "x", text), first(4, "x", text), after(5, text)),
    "accepted",
  ],
  "known structs again": [update([[A, 0, segment(`${A}.0`), first(0, "k", text)]]), "accepted"],
  "a new session": [update([[9, 0, segment("9.0"), first(0, "k", text)]]), "accepted"],
  "deletions of what is known": [update([], [[A, [0, 1], [2, 3]]]), "accepted"],
  "deletions of what comes along": [update([[A, 6, after(3, text)]], [[A, [3, 1], [6, 1]]]), "accepted"],

  "a missing start": [update([[A, 7, after(3, text)]]), "gap"],
  "a missing start of a new session": [update([[9, 1, first(0, "k", text)]]), "gap"],
  "deletions of what is not known": [update([], [[A, [5, 2]]]), "gap"],
  "a run that begins among what is known": [update([[A, 5, first(0, "k", deleted(2))]]), "gap"],
  "a missing start and a wrong end": [update([[A, 7, after(3, any(1))]]), "an entry that is no array"],

  "another root": [next(segment(`${A}.2`, 1, "chanNel")), 'not "channel"'],
  "another type": [next(segment(`${A}.2`, 0)), "a segment that is not one map"],
  "a segment of another session": [next(segment("301.2")), "a segment id that is not the session's"],
  "a segment without a number": [next(segment(`${A}.`)), "a segment id that is not the session's"],
  "a segment without a dot": [next(segment(`${A}0`)), "a segment id that is not the session's"],
  "a segment number with a zero before it": [
    next(segment(`${A}.02`)),
    "a segment id that is not the session's",
  ],
  "a segment id that is known": [next(segment(`${A}.0`)), "a second segment of the same id"],
  "the id of a deleted segment": [next(segment(`${A}.1`)), "a second segment of the same id"],
  "a segment twice": [next(segment(`${A}.2`), segment(`${A}.2`)), "a second segment of the same id"],
  "a segment after another": [next(after(0, text)), "an origin that is not its key's latest"],
  "a new segment after another": [
    next(segment(`${A}.2`), after(6, text)),
    "an origin that is not its key's latest",
  ],

  "a known key's first entry again": [next(first(0, "k", text)), "a key's first entry twice"],
  "a deleted key's first entry again": [next(first(0, "gone", text)), "a key's first entry twice"],
  "a new key's first entry twice": [
    next(first(0, "n", text), first(0, "n", deleted(1))),
    "a key's first entry twice",
  ],
  "an entry in an entry": [next(first(1, "n", text)), "a parent that is no segment"],
  "an entry in a new entry": [next(first(0, "n", text), first(6, "n", text)), "a parent that is no segment"],
  "an entry in what is collected along with it": [
    next(collected(2), first(6, "n", text)),
    "a parent that is no segment",
  ],
  "an entry in another session's segment": [
    next(first(0, "n", { ...text, session: OWN })),
    "an entry outside a segment",
  ],
  "an entry in itself": [next(first(6, "n", text)), "a parent that comes later"],
  "a key of 4,097 bytes": [next(first(0, "k".repeat(4097), text)), "a string of more than 4096 bytes"],

  "an origin of another session": [next(after(1, text, OWN)), "an origin of another session"],
  "an origin that comes later": [next(after(6, text)), "an origin that comes later"],
  "an overwrite of what is overwritten": [next(after(1, text)), "an origin that is not its key's latest"],
  "two overwrites of one entry": [
    next(after(3, text), after(3, text)),
    "an origin that is not its key's latest",
  ],
  "an origin inside a new run": [
    next(after(3, deleted(4)), after(7, text)),
    "an origin that is not its key's latest",
  ],
  "an origin at the end of a new run": [next(after(3, deleted(4)), after(9, text)), "accepted"],
  "an origin among new collected structs": [
    next(collected(4), after(9, text)),
    "an origin that is not its key's latest",
  ],

  "two values": [next(first(0, "v", any([5], [5]))), "an entry that is no array"],
  "an object": [next(first(0, "v", any({ a: 1 }))), "an entry that is no array"],
  "an entry without parts": [next(first(0, "v", entry())), "an entry of neither one nor two parts"],
  "an entry of three parts": [next(first(0, "v", entry(1, "1", 1))), "an entry of neither one nor two parts"],
  "a value that is a number": [next(first(0, "v", entry(1, 1))), "a value that is no text"],
  "a text that is not JSON": [value("{"), "a value with text that is not JSON"],
  "a text with __proto__": [value('{"\\u005f_proto__":1}'), "a value with a member named __proto__"],
  "a text nested 65 deep": [
    value(`${"[".repeat(65)}${"]".repeat(65)}`),
    "a value with JSON nested deeper than 64",
  ],
  "a text of 1 MiB": [value(`"${"x".repeat(2 ** 20 - 2)}"`), "accepted"],
  "a text above 1 MiB": [value(`"${"x".repeat(2 ** 20 - 1)}"`), "a value above 1048576 bytes"],
  "a text that is no UTF-8": [
    next(first(0, "v", raw(1, 117, 2, 125, 5, 119, 3, 0x22, 0xff, 0x22))),
    "a value with text that is not JSON",
  ],
  "a key that is no UTF-8": [
    next(bytes(0x28, 0, 0xac, 2, 0, 1, 0xff, 1, 117, 1, 125, 5)),
    "a string that is not UTF-8",
  ],

  "the highest stamp": [stamp(2 ** 53 - 2 ** 40), "accepted"],
  "a stamp above the highest": [stamp(2 ** 53 - 2 ** 40 + 1), "a stamp out of range"],
  "the highest stamp that is an integer to lib0": [stamp(2 ** 31 - 1), "accepted"],
  "a stamp that is a float32 to lib0": [stamp(2 ** 31), "accepted"],
  "a negative stamp": [stamp(-1), "a stamp out of range"],
  "a negative float": [stamp(-(2 ** 40) - 1), "a stamp out of range"],
  "a fraction": [stamp(1.5), "a stamp out of range"],
  "not a number": [stamp(Number.NaN), "a stamp out of range"],
  infinity: [stamp(Number.POSITIVE_INFINITY), "a stamp out of range"],
  "a bigint": [stamp(5n), "a stamp that is no number"],
  "a string as stamp": [stamp("5"), "a stamp that is no number"],
  "null as stamp": [stamp(null), "a stamp that is no number"],

  "a run of no length": [next(first(0, "v", deleted(0))), "a length of zero"],
  "collected structs of no length": [next(collected(0)), "a length of zero"],
  "the last clock": [next(collected(MAX_CLOCK - 6)), "accepted"],
  "a clock above the last": [next(collected(MAX_CLOCK - 5)), `a clock above ${MAX_CLOCK}`],
  "a run above the last clock": [next(after(3, deleted(MAX_CLOCK))), `a clock above ${MAX_CLOCK}`],
  "a session twice": [
    update([
      [A, 6, collected(1)],
      [A, 7, collected(1)],
    ]),
    "a session twice",
  ],
  "a session without structs": [Uint8Array.of(1, 0, 1, 0, 0, 0, 0), "a session without structs"],
  "this very session's future": [
    update([[OWN, 2, collected(1)]]),
    "structs of this very session, not written by it",
  ],
  "this very session's far future": [
    update([[OWN, 9, collected(1)]]),
    "structs of this very session, not written by it",
  ],
  "this very session's past": [update([[OWN, 0, segment(`${OWN}.0`)]], [[OWN, [1, 1]]]), "accepted"],
  "deletions in this very session's future": [
    update([], [[OWN, [1, 2]]]),
    "deletions of what this session has not written",
  ],
  "bytes after the end": [Uint8Array.of(0, 0, 0), "bytes after the end"],
  "65,537 sessions": [
    update(Array.from({ length: 65_537 }, (_, i) => [1000 + i, 0, collected(1)] as const)),
    "more than 65536 sessions",
  ],

  "delete ranges that overlap": [
    update([], [[A, [0, 3], [2, 1]]]),
    "delete ranges that overlap or are out of order",
  ],
  "delete ranges out of order": [
    update([], [[A, [3, 1], [0, 1]]]),
    "delete ranges that overlap or are out of order",
  ],
  "a delete range of no length": [update([], [[A, [0, 0]]]), "a length of zero"],
  "deletions without ranges": [update([], [[A], [9, [0, 1], [1, 1]]]), "a session without deletions"],
  "a session's deletions twice": [
    update(
      [],
      [
        [A, [0, 1]],
        [A, [2, 1]],
      ],
    ),
    "a session's deletions twice",
  ],
  "deletions to the end of time": [update([], [[A, [0, MAX_CLOCK + 1]]]), `deletions above ${MAX_CLOCK}`],
};

for (const [what, [bytes, expected]] of Object.entries(FATES)) {
  test(`${expected === "accepted" ? "accepts" : expected === "gap" ? "sees a gap in" : "refuses"} ${what}`, () => {
    assert.is(fate(bytes), expected);
  });
}

test("refuses every truncation and every longer form of an honest update", () => {
  const bytes = next(first(0, "new", entry(5, '"text"')), after(6, entry(2 ** 41, "[]")), collected(2));
  assert.is(fate(bytes), "accepted");
  for (let length = 0; length < bytes.length; length++) {
    assert.is.not(fate(bytes.subarray(0, length)), "accepted", `cut at ${length}`);
  }
  assert.is(fate(Uint8Array.of(...bytes, 0)), "bytes after the end");
});

test("refuses a number of more than 8 bytes, and one above 2^53 − 1, before reading on", () => {
  const number = (...bytes: number[]) => fate(Uint8Array.of(...bytes, 0, 0, 0, 0, 0, 0, 0));
  assert.is(number(1, 1, ...new Array(147).fill(0x80), 1), "a number of more than 8 bytes");
  assert.is(number(1, 1, ...new Array(7).fill(0xff), 0x1f), "a number above 2^53 − 1");
});

test("tells which sessions an update advances, and whether it deletes", () => {
  const bytes = update([
    [A, 3, after(1, text), segment(`${A}.1`, undefined), collected(4)],
    [9, 0, segment("9.0")],
  ]);
  const verdict = inspectUpdate(bytes, contextOf(knownDocument()));
  assert.equal(verdict, {
    kind: "accepted",
    advanced: new Map([
      [A, 9],
      [9, 1],
    ]),
    deletes: false,
  });
  const old = inspectUpdate(update([[A, 0, segment(`${A}.0`)]], [[A, [1, 1]]]), contextOf(knownDocument()));
  assert.equal(old, { kind: "accepted", advanced: new Map(), deletes: true });
});

test("never asks the document about what is not known", () => {
  const known = contextOf(knownDocument());
  const check = (client: number, clock: number) =>
    assert.ok(clock < known.clockOf(client), `${client} ${clock}`);
  const context: GuardContext = {
    ...known,
    segmentAt(client, clock) {
      check(client, clock);
      return known.segmentAt(client, clock);
    },
    mayFollow(client, clock) {
      check(client, clock);
      return known.mayFollow(client, clock);
    },
  };
  for (const [bytes] of Object.values(FATES)) {
    try {
      inspectUpdate(bytes, context);
    } catch (error) {
      assert.is((error as { code?: string }).code, "protocol", `${error}`);
    }
  }
});
