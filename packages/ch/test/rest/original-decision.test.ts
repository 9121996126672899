import { assert, suite } from "@chorus/testing";
import {
  ABSENT,
  type Decision,
  decide,
  type KeyState,
  SUPERSEDED,
} from "../../src/rest/original-decision.js";

const test = suite("decision about an original's row");

const [A, B, C] = [1, 2, 3];
const AGREED = { hash: A, stamp: 10 };

const BASE: KeyState = {
  there: A,
  here: A,
  stamp: 10,
  isFromBefore: false,
  known: AGREED,
  wasHere: false,
  isOld: false,
  sights: 1,
  isOurs: false,
  isRestarted: false,
};

const TABLE: readonly (readonly [what: string, state: Partial<KeyState>, decision: Decision])[] = [
  ["both the same", {}, "agree"],
  ["both the same at first contact", { known: undefined }, "agree"],
  ["both absent", { there: ABSENT, here: ABSENT }, "agree"],
  ["the same value, written by both", { there: B, here: B, stamp: 11 }, "agree"],

  ["only ours changed", { here: B, stamp: 11 }, "push"],
  [
    "only ours changed, and back again",
    { there: B, here: A, stamp: 12, known: { hash: B, stamp: 10 } },
    "push",
  ],
  ["ours was removed", { here: ABSENT, stamp: 11 }, "push"],
  ["ours is new", { there: ABSENT, here: A, stamp: 11, known: { hash: ABSENT, stamp: -1 } }, "push"],
  ["decided before, not sent yet", { here: B, known: { hash: A, stamp: SUPERSEDED } }, "push"],
  [
    "what was removed came back",
    { there: ABSENT, isFromBefore: true, known: { hash: ABSENT, stamp: 10 } },
    "take",
  ],

  ["only theirs changed, first sight", { there: B }, "wait"],
  ["only theirs changed, second sight", { there: B, sights: 2 }, "take"],
  ["theirs changed, their message lost here", { there: B, sights: 2, wasHere: true }, "take"],
  ["theirs was removed", { there: ABSENT, sights: 2 }, "take"],
  [
    "theirs is new",
    { there: B, here: ABSENT, stamp: -1, sights: 2, known: { hash: ABSENT, stamp: -1 } },
    "take",
  ],
  ["theirs was removed, first sight", { there: ABSENT }, "wait"],

  ["both changed, ours here, first sight", { there: C, here: B, stamp: 11, isOurs: true }, "wait"],
  ["both changed, ours here", { there: C, here: B, stamp: 11, isOurs: true, sights: 2 }, "merge"],
  ["both changed, a peer's here", { there: C, here: B, stamp: 11, sights: 3 }, "wait"],
  ["both changed, a peer's here, for long", { there: C, here: B, stamp: 11, sights: 4 }, "merge"],
  ["both changed, theirs was here", { there: C, here: B, stamp: 11, isOurs: true, wasHere: true }, "push"],
  ["both changed, theirs was here, a peer's is", { there: C, here: B, stamp: 11, wasHere: true }, "wait"],
  ["the same, for long", { there: C, here: B, stamp: 11, wasHere: true, sights: 4 }, "push"],
  ["theirs removed, ours changed", { there: ABSENT, here: B, stamp: 11, isOurs: true, sights: 2 }, "merge"],
  [
    "removed here some time, there is something",
    { there: B, here: ABSENT, stamp: 9, sights: 4, known: { hash: ABSENT, stamp: -1 } },
    "merge",
  ],

  ["first contact, only ours", { there: ABSENT, known: undefined }, "push"],
  ["first contact, only theirs", { there: B, here: ABSENT, stamp: -1, known: undefined }, "merge"],
  ["first contact, different", { there: B, known: undefined }, "merge"],
  ["first contact, theirs was here", { there: B, known: undefined, wasHere: true }, "push"],

  ["after a restart, absent there", { there: ABSENT, isRestarted: true, sights: 9 }, "push"],
  ["after a restart, theirs as before", { here: B, stamp: 11, isRestarted: true }, "push"],
  ["after a restart, theirs new", { there: B, isRestarted: true }, "wait"],
  ["after a restart, theirs new and seen again", { there: B, isRestarted: true, sights: 2 }, "merge"],
  ["after a restart, theirs from before", { there: B, isRestarted: true, isOld: true }, "push"],
  ["theirs was spread by an original that peered", { there: B, isOld: true, sights: 2 }, "push"],
];

for (const [what, state, decision] of TABLE) {
  test(`${what}: ${decision}`, () => assert.is(decide({ ...BASE, ...state }), decision));
}
