import { assert, suite } from "@chorus/testing";
import { documentRules, type HolderView, relocate } from "../src/rules.js";
import { Chance, freshSeed } from "./replica.js";

const test = suite("rules");
const { compare, droppable } = documentRules;

interface Entry {
  stamp: number;
  json: string | undefined;
  owned: boolean;
}

const view = (stamp: number, json?: string, id = "1.0"): HolderView => ({
  stamp,
  json,
  segment: { id, owned: true },
  next: undefined,
});

/** The list of holders as the index keeps it, highest first; equal ones in the order given. */
function chain(entries: readonly Entry[]): HolderView[] {
  const sorted = [...entries].sort((a, b) => compare(view(b.stamp, b.json), view(a.stamp, a.json)));
  const holders: HolderView[] = [];
  let next: HolderView | undefined;
  for (const [i, { stamp, json, owned }] of sorted.reverse().entries()) {
    next = { stamp, json, segment: { id: `${i}.0`, owned }, next };
    holders.unshift(next);
  }
  return holders;
}

/** Rule 4 word by word. */
function mayDrop(holder: HolderView, all: readonly HolderView[]): boolean {
  if (!holder.segment.owned) return false;
  const before = all.slice(0, all.indexOf(holder));
  if (before.some(({ segment }) => segment.owned)) return true;
  const superseded = all.some((other) => compare(other, holder) > 0);
  if (!superseded && holder.json !== undefined) return false;
  return !all.some((other) => !other.segment.owned && compare(other, holder) < 0);
}

function random(chance: Chance): Entry[] {
  return Array.from({ length: 1 + chance.below(5) }, () => ({
    stamp: chance.below(4),
    json: chance.of([undefined, "1", "2"]),
    owned: chance.below(2) === 0,
  }));
}

test("lets the higher stamp win, then a value over a tombstone, then the higher text", () => {
  const ascending = [
    view(1),
    view(1, '"a"'),
    view(1, '"b"'),
    view(1, "1"),
    view(1, "{}"),
    view(2),
    view(2, "0"),
  ];
  ascending.sort(compare);
  assert.equal(
    ascending.map(({ stamp, json }) => [stamp, json]),
    [
      [1, undefined],
      [1, '"a"'],
      [1, '"b"'],
      [1, "1"],
      [1, "{}"],
      [2, undefined],
      [2, "0"],
    ],
  );
  assert.is(compare(view(5), view(5)), 0);
  assert.is(compare(view(5, "1"), view(5, "1")), 0);
});

test("never lets the id of a segment decide", () => {
  assert.is(compare(view(1, "1", "1.9"), view(1, "1", "1.10")), 0);
  assert.is(compare(view(1, undefined, "9.0"), view(1, undefined, "10.0")), 0);
});

test("is a total order", () => {
  const entries = [0, 1, 2].flatMap((stamp) =>
    [undefined, "", "1", "10", "2"].map((json) => view(stamp, json)),
  );
  for (const a of entries) {
    for (const b of entries) {
      assert.ok(Math.sign(compare(a, b)) === -Math.sign(compare(b, a)));
      assert.is(compare(a, b) === 0, a === b);
      for (const c of entries) if (compare(a, b) > 0 && compare(b, c) > 0) assert.ok(compare(a, c) > 0);
    }
  }
});

test("drops what rule 4 says, for every short list", () => {
  const chance = new Chance(freshSeed("droppable"));
  let dropped = 0;
  for (let i = 0; i < 30_000; i++) {
    const holders = chain(random(chance));
    const expected = holders.filter((holder) => mayDrop(holder, holders));
    const actual = droppable(holders[0]);
    const sameOnes = actual.length === expected.length && expected.every((holder) => actual.includes(holder));
    if (!sameOnes) assert.equal(actual, expected, JSON.stringify(holders[0]));
    dropped += actual.length;
  }
  assert.ok(dropped > 0);
  assert.equal(droppable(undefined), []);
});

test("never drops another replica's entry, the only copy of a winning value, or a cover with something below", () => {
  const chance = new Chance(freshSeed("safety"));
  for (let i = 0; i < 20_000; i++) {
    const holders = chain(random(chance));
    const dropped = new Set<HolderView>(droppable(holders[0]));
    const [winner] = holders;
    for (const holder of dropped) assert.ok(holder.segment.owned);
    const left = holders.filter((holder) => !dropped.has(holder));
    if (winner?.json !== undefined) {
      const stays = left[0];
      assert.ok(stays && compare(stays, winner) === 0, "the winner stays");
    } else assert.is(left[0]?.json, undefined, "what is deleted stays deleted");
  }
});

test("moves what rule 4 does not drop", () => {
  const [winner, below] = chain([
    { stamp: 2, json: undefined, owned: true },
    { stamp: 1, json: "1", owned: false },
  ]);
  assert.ok(winner && below && relocate(documentRules, winner, winner).moves);
  const [tombstone] = chain([{ stamp: 2, json: undefined, owned: true }]);
  assert.not(tombstone && relocate(documentRules, tombstone, tombstone).moves);
});
