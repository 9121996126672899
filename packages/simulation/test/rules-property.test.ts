// The properties of the decisions themselves, on every list of up to five holders of one key over two stamps, two
// values and a tombstone, own and foreign: no sampling, nothing left out.
import { documentRules, type HolderView, relocate } from "@chorus/core/internal";
import { assert, suite } from "@chorus/testing";

const test = suite("document rules", { deadlineMs: 60_000 });
const { compare, droppable } = documentRules;

type Holder = HolderView & { next: HolderView | undefined };

const STAMPS = [1, 2];
const CONTENTS = [undefined, '"a"', '"b"'];
const SEGMENT_IDS = ["1.0", "9.9", "99.10"];

/** Every kind of entry: what it says and whose it is. */
const KINDS = STAMPS.flatMap((stamp) =>
  CONTENTS.flatMap((json) => [true, false].map((owned) => ({ stamp, json, owned }))),
);

/** Every list of at most `length` holders in an order that compare() allows, equal ones in each order. */
function* lists(length: number): Generator<Holder[]> {
  const kinds: number[] = [];
  function* extend(): Generator<Holder[]> {
    yield linked(kinds);
    if (kinds.length === length) return;
    for (let kind = 0; kind < KINDS.length; kind++) {
      const last = kinds.at(-1);
      if (last !== undefined && compare(view(last, 0), view(kind, 0)) < 0) continue;
      kinds.push(kind);
      yield* extend();
      kinds.pop();
    }
  }
  yield* extend();
}

function view(kind: number, place: number): Holder {
  const { stamp, json, owned } = KINDS[kind] as (typeof KINDS)[number];
  return { stamp, json, segment: { id: SEGMENT_IDS[place % 3] as string, owned }, next: undefined };
}

function linked(kinds: readonly number[]): Holder[] {
  const holders = kinds.map(view);
  holders.forEach((holder, place) => {
    holder.next = holders[place + 1];
  });
  return holders;
}

const describe = (holders: readonly Holder[]): string =>
  holders
    .map(({ stamp, json, segment }) => `${stamp}:${json ?? "-"}${segment.owned ? " own" : ""}`)
    .join(" > ");

/** Runs a check on all lists and says how many there were, so that an empty walk cannot pass. */
function forAllLists(check: (holders: Holder[], dropped: Holder[]) => boolean, claim: string): void {
  let count = 0;
  for (const holders of lists(5)) {
    count++;
    if (!check(holders, droppable(holders[0]))) assert.unreachable(`${claim}: ${describe(holders)}`);
  }
  assert.is(count, EXPECTED_LISTS);
}

/** Six distinct entries, own or foreign each: lists of n are C(n + 5, 5) × 2^n, for n from 0 to 5. */
const EXPECTED_LISTS = 1 + 6 * 2 + 21 * 4 + 56 * 8 + 126 * 16 + 252 * 32;

test("orders entries totally: antisymmetric, transitive, 0 only for equal ones", () => {
  const entries = KINDS.map((_, kind) => view(kind, kind));
  for (const a of entries) {
    for (const b of entries) {
      const isSame = a.stamp === b.stamp && a.json === b.json;
      assert.is(compare(a, b) === 0, isSame);
      assert.is(Math.sign(compare(a, b)) + Math.sign(compare(b, a)), 0);
      for (const c of entries) if (compare(a, b) > 0 && compare(b, c) >= 0) assert.ok(compare(a, c) > 0);
    }
  }
});

test("puts a later stamp first, then a value before a tombstone, then the higher text", () => {
  const entry = (stamp: number, json: string | undefined) => ({
    stamp,
    json,
    segment: { id: "1.0", owned: true },
  });
  assert.ok(compare(entry(2, undefined), entry(1, '"z"')) > 0);
  assert.ok(compare(entry(1, '"a"'), entry(1, undefined)) > 0);
  assert.ok(compare(entry(1, '"b"'), entry(1, '"a"')) > 0);
});

test("never looks at segment ids or owners to find the winner", () => {
  for (let kind = 0; kind < KINDS.length; kind++) {
    for (let other = 0; other < KINDS.length; other++) {
      const expected = compare(view(kind, 0), view(other, 0));
      for (let place = 0; place < 9; place++) {
        assert.is(compare(view(kind, place % 3), view(other, Math.floor(place / 3))), expected);
      }
    }
  }
});

test("never drops what another replica owns", () => {
  forAllLists((_, dropped) => dropped.every((holder) => holder.segment.owned), "a foreign entry was dropped");
});

test("never leaves a key without its winning value", () => {
  forAllLists((holders, dropped) => {
    const winner = holders[0];
    if (winner?.json === undefined) return true;
    return holders.some((holder) => compare(holder, winner) === 0 && !dropped.includes(holder));
  }, "no holder of the winning value is left");
});

test("never drops its highest entry while another replica holds a lower one", () => {
  forAllLists((holders, dropped) => {
    const top = holders.find((holder) => holder.segment.owned);
    if (!top || !dropped.includes(top)) return true;
    return holders.every((holder) => holder.segment.owned || compare(holder, top) >= 0);
  }, "a cover went before what it covers");
});

test("drops every own entry but the highest, and that too when nothing keeps it", () => {
  forAllLists((holders, dropped) => {
    const own = holders.filter((holder) => holder.segment.owned);
    const [top, ...covered] = own;
    if (!covered.every((holder) => dropped.includes(holder))) return false;
    if (!top) return dropped.length === 0;
    const isDead = top.json === undefined || compare(top, holders[0] as Holder) < 0;
    const covers = holders.some((holder) => !holder.segment.owned && compare(holder, top) < 0);
    return dropped.includes(top) === (isDead && !covers);
  }, "an entry stays without a reason, or goes with one to stay");
});

test("decides alike in whichever order equal entries arrived", () => {
  const decisions = new Map<string, string>();
  forAllLists((holders, dropped) => {
    const kinds = holders.map((holder) => describe([holder])).sort();
    const decision = dropped
      .map((holder) => describe([holder]))
      .sort()
      .join();
    const before = decisions.get(kinds.join());
    decisions.set(kinds.join(), decision);
    return before === undefined || before === decision;
  }, "the order of equal entries decided");
});

test("moves exactly the own entries that must stay", () => {
  forAllLists((holders, dropped) => {
    const own = holders.filter((holder) => holder.segment.owned);
    return own.every(
      (holder) => relocate(documentRules, holders[0], holder).moves === !dropped.includes(holder),
    );
  }, "a move and a sweep disagree");
});

test("leaves nothing own behind that a dropped entry covered", () => {
  forAllLists((holders) => {
    const own = holders.filter((holder) => holder.segment.owned);
    return own.every((holder) => {
      const { moves, dropped } = relocate(documentRules, holders[0], holder);
      if (moves) return dropped.length === 0;
      // The highest own entry may be equal to the dropped one, and stay.
      return own.every((other) => compare(other, holder) > 0 || dropped.includes(other) || other === own[0]);
    });
  }, "a move uncovers an own entry");
});
