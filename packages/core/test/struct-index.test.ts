import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { structIndex } from "../src/document/struct-index.js";
import { Chance, freshSeed } from "./replica.js";

const test = suite("struct index");

/** Structs of these lengths, one after the other. */
function structsOf(lengths: readonly number[]): Y.GC[] {
  let clock = 0;
  return lengths.map((length) => {
    const struct = new Y.GC(Y.createID(1, clock), length);
    clock += length;
    return struct;
  });
}

function assertFinds(lengths: readonly number[]): void {
  const structs = structsOf(lengths);
  const end = lengths.reduce((sum, length) => sum + length, 0);
  for (let clock = 0; clock < end; clock++) {
    assert.is(structIndex(structs, clock), Y.findIndexSS(structs, clock), `clock ${clock} of ${lengths}`);
  }
}

test("finds each clock among structs of length 1, and in a single one", () => {
  assertFinds([1]);
  assertFinds([9]);
  assertFinds(Array.from({ length: 100 }, () => 1));
});

test("finds each clock before, in and behind long structs, wherever they are", () => {
  const ones = Array.from({ length: 40 }, () => 1);
  assertFinds([500, ...ones]);
  assertFinds([...ones, 500]);
  assertFinds([...ones, 300, ...ones, 200, ...ones]);
});

test("finds what Yjs finds among structs of any lengths", () => {
  const chance = new Chance(freshSeed("lengths"));
  for (let run = 0; run < 50; run++) {
    assertFinds(
      Array.from({ length: 1 + chance.below(80) }, () => 1 + (chance.below(4) ? 0 : chance.below(30))),
    );
  }
});
