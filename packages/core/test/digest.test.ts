import { assert, suite } from "@chorus/testing";
import { Digest } from "../src/document/digest.js";
import { MAX_STAMP } from "../src/stamp.js";
import { Chance, freshSeed } from "./replica.js";

const test = suite("digest");

type Winner = [key: string, stamp: number, json: string];

function digestOf(...winners: Winner[]): number {
  const digest = new Digest();
  for (const winner of winners) digest.add(...winner);
  return digest.value();
}

test("never changes, since replicas of different versions compare it", () => {
  assert.is(digestOf(), 0);
  assert.is(digestOf(["k", 10_240, "1"]), 471_076_279_759_035);
  assert.is(digestOf(["k", 10_240, "1"], ["ключ 😀", MAX_STAMP, '{"a":[null]}']), 4_362_928_584_410_157);
});

test("does not depend on the order, and forgets what is removed", () => {
  const chance = new Chance(freshSeed("digest"));
  const winners = Array.from(
    { length: 200 },
    (_, i): Winner => [`k${i}`, chance.below(2 ** 31) * 1_000, `${i}`],
  );
  const expected = digestOf(...winners);
  const digest = new Digest();
  for (const winner of chance.shuffled(winners)) {
    digest.add("passing", 1, "1");
    digest.add(...winner);
    digest.remove("passing", 1, "1");
  }
  assert.is(digest.value(), expected);
  for (const winner of chance.shuffled(winners)) digest.remove(...winner);
  assert.is(digest.value(), 0);
});

test("tells apart what differs in one thing only", () => {
  const winners: Winner[] = [
    ["k", 1, "1"],
    ["k", 2, "1"],
    ["k", 1 + 2 ** 32, "1"],
    ["k", 1 + 2 ** 21, "1"],
    ["k", 1, "2"],
    ["j", 1, "1"],
    ["k1", 1, ""],
    ["", 1, "k1"],
    ["k", 1, "11"],
    ["k1", 1, "1"],
    ["k", 1, '"1"'],
  ];
  const values = winners.map((winner) => digestOf(winner));
  assert.is(new Set(values).size, winners.length);
  // Two keys that swap their values or their stamps.
  assert.is.not(digestOf(["a", 1, "1"], ["b", 2, "2"]), digestOf(["a", 1, "2"], ["b", 2, "1"]));
  assert.is.not(digestOf(["a", 1, "1"], ["b", 2, "1"]), digestOf(["a", 2, "1"], ["b", 1, "1"]));
});

test("is a safe integer of 53 bits, spread over all of them", () => {
  let or = 0n;
  for (let i = 0; i < 500; i++) {
    const value = digestOf([`key-${i}`, i, "null"]);
    assert.ok(Number.isSafeInteger(value) && value >= 0);
    or |= BigInt(value);
  }
  assert.is(or, 2n ** 53n - 1n);
});

test("has no collision among 100,000 neighbouring entries", () => {
  const seen = new Set<number>();
  for (let i = 0; i < 100_000; i++)
    seen.add(digestOf([`key-${i % 1_000}`, Math.floor(i / 1_000), `${i % 3}`]));
  assert.is(seen.size, 100_000);
});
