import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { decodeStateVector, encodeStateVector, isAhead, isEqual } from "../src/state-vector.js";
import { Chance, freshSeed } from "./replica.js";

const test = suite("state vector");

test("comes back as it went, 53-bit ids and clocks included", () => {
  for (const entries of [
    [],
    [[0, 0]],
    [[1, 127]],
    [
      [Number.MAX_SAFE_INTEGER, 2 ** 48],
      [2 ** 32, 128],
      [5, Number.MAX_SAFE_INTEGER],
    ],
  ] as [number, number][][]) {
    assert.equal([...decodeStateVector(encodeStateVector(new Map(entries)))], entries);
  }
});

test("writes the bytes that Yjs reads, and reads those it writes", () => {
  const doc = new Y.Doc();
  doc.clientID = 2 ** 53 - 1;
  doc.getMap("channel").set("k", 1);
  const bytes = Y.encodeStateVector(doc);
  assert.equal(decodeStateVector(bytes), Y.decodeStateVector(bytes));
  assert.equal([...encodeStateVector(decodeStateVector(bytes))], [...bytes]);
});

test("refuses what is cut off, goes on, or names a session twice", () => {
  const whole = encodeStateVector(
    new Map([
      [300, 5],
      [2 ** 52, 1_000_000],
    ]),
  );
  for (let end = 0; end < whole.length; end++) {
    assert.throwsCode(() => decodeStateVector(whole.subarray(0, end)), "protocol");
  }
  assert.throwsCode(() => decodeStateVector(Uint8Array.of(...whole, 0)), "protocol");
  assert.throwsCode(() => decodeStateVector(Uint8Array.of(2, 7, 1, 7, 1)), "protocol");
});

test("refuses numbers that no JavaScript number holds, and a count without entries", () => {
  const tooLarge = [1, ...new Array(7).fill(0xff), 0x1f, 0];
  assert.throwsCode(() => decodeStateVector(Uint8Array.from(tooLarge)), "protocol");
  assert.throwsCode(() => decodeStateVector(new Uint8Array(200).fill(0x80)), "protocol");
  assert.throwsCode(
    () => decodeStateVector(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
    "protocol",
  );
});

test("reads random bytes as a vector or refuses them, and nothing else", () => {
  const chance = new Chance(freshSeed("random vectors"));
  let read = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: chance.below(12) }, () => chance.below(i % 2 ? 256 : 4));
    let vector: Map<number, number>;
    try {
      vector = decodeStateVector(bytes);
    } catch (error) {
      assert.is((error as { code?: string }).code, "protocol");
      continue;
    }
    read++;
    assert.equal(decodeStateVector(encodeStateVector(vector)), vector);
  }
  assert.ok(read > 0);
});

test("knows who is ahead, and takes a missing session as zero", () => {
  const vector = (...entries: [number, number][]) => new Map(entries);
  assert.ok(isAhead(vector([1, 2]), vector([1, 1])));
  assert.not(isAhead(vector([1, 1]), vector([1, 1], [2, 5])));
  assert.ok(isAhead(vector([2, 1]), vector([1, 9])));
  assert.ok(isEqual(vector([1, 1], [2, 0]), vector([1, 1])));
  assert.ok(isEqual(vector([1, 1], [2, 3]), vector([2, 3], [1, 1])));
  assert.not(isEqual(vector([1, 1]), vector([1, 2])));
});
