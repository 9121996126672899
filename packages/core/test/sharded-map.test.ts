import { assert, suite } from "@chorus/testing";
import { ShardedMap } from "../src/document/sharded-map.js";
import { Chance, freshSeed } from "./replica.js";

const test = suite("sharded map");

function assertSame(map: ShardedMap<number>, model: Map<string, number>): void {
  assert.is(map.size, model.size);
  let entries = 0;
  for (const [key, value] of map.entries()) {
    entries++;
    if (model.get(key) !== value)
      assert.unreachable(`${JSON.stringify(key)} is ${value}, not ${model.get(key)}`);
  }
  assert.is(entries, model.size);
  for (const [key, value] of model) if (map.get(key) !== value) assert.unreachable(`${key} is missing`);
}

test("does what a Map does, below and above the size at which it is split", () => {
  const chance = new Chance(freshSeed("sharded map"));
  const map = new ShardedMap<number>();
  const model = new Map<string, number>();
  for (const [steps, keys] of [
    [2_000, 300],
    [120_000, 80_000],
    [20_000, 500],
  ] as const) {
    for (let i = 0; i < steps; i++) {
      const key = `key/${chance.below(keys)}`;
      if (chance.below(4) === 0) assert.is(map.delete(key), model.delete(key));
      else {
        map.set(key, i);
        model.set(key, i);
      }
    }
    assertSame(map, model);
  }
  assert.ok(model.size > 32_768);
  for (const key of [...model.keys()]) assert.ok(map.delete(key));
  assert.is(map.size, 0);
  assert.equal([...map.entries()], []);
});

test("takes any string as a key, and no two as one", () => {
  const map = new ShardedMap<number>();
  for (let i = 0; i < 33_000; i++) map.set(`filler ${i}`, i);
  const keys = [
    "",
    "\0",
    "__proto__",
    "constructor",
    "😀",
    "é",
    "e\u0301",
    "a".repeat(4_096),
    `b${"a".repeat(4_095)}`,
    "1",
    "01",
  ];
  for (const [i, key] of keys.entries()) map.set(key, -i);
  for (const [i, key] of keys.entries()) assert.is(map.get(key), -i);
  assert.is(map.size, 33_000 + keys.length);
  assert.is(map.get("toString"), undefined);
  assert.not(map.delete("toString"));
});

test("is split without losing anything at exactly the size, and does not count a key twice", () => {
  const map = new ShardedMap<number>();
  const model = new Map<string, number>();
  for (let i = 0; i < 32_770; i++) {
    for (const value of [i, i + 1]) {
      map.set(`k${i}`, value);
      model.set(`k${i}`, value);
    }
  }
  assertSame(map, model);
});
