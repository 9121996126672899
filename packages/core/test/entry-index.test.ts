import { assert, suite } from "@chorus/testing";
import { Digest } from "../src/document/digest.js";
import { EntryIndex } from "../src/document/entry-index.js";
import { Holder } from "../src/document/holder.js";
import { orderedEntries } from "../src/document/ordered-entries.js";
import { Segment } from "../src/document/segment.js";
import { documentRules } from "../src/rules.js";
import { Chance, freshSeed } from "./replica.js";

const test = suite("entry index");

interface Entry {
  stamp: number;
  json: string | undefined;
}

const segment = (id: number): Segment =>
  new Segment(`${id}.0`, { session: id, owned: id % 2 === 0, firstClock: 0 });

/** What every segment holds, and nothing more clever. */
class Model {
  readonly held = new Map<string, Map<Segment, Entry>>();

  put(key: string, of: Segment, entry: Entry): void {
    const holders = this.held.get(key) ?? new Map<Segment, Entry>();
    this.held.set(key, holders);
    holders.set(of, entry);
  }

  remove(key: string, of: Segment): void {
    this.held.get(key)?.delete(of);
    if (this.held.get(key)?.size === 0) this.held.delete(key);
  }

  winner(key: string): Entry | undefined {
    const highest = [...(this.held.get(key)?.values() ?? [])].sort((a, b) =>
      documentRules.compare({ ...b, segment: segment(0) }, { ...a, segment: segment(0) }),
    );
    return highest[0];
  }
}

function assertSame(index: EntryIndex, model: Model, segments: readonly Segment[]): void {
  const digest = new Digest();
  let size = 0;
  let holders = 0;
  for (const [key, held] of model.held) {
    holders += held.size;
    const expected = model.winner(key);
    const winner = index.winner(key);
    assert.is(winner?.stamp, expected?.stamp);
    assert.is(winner?.json, expected?.json);
    assertList(index, key, held);
    if (expected?.json === undefined) continue;
    size++;
    digest.add(key, expected.stamp, expected.json);
  }
  assert.is(index.size, size);
  assert.is(index.holders, holders);
  assert.is(index.digest, digest.value());
  assert.is([...index.entries()].length, model.held.size);
  for (const each of segments) {
    assert.is(each.held, [...model.held.values()].filter((held) => held.has(each)).length);
    assert.is(each.covered, coveredIn(index, each));
  }
}

/** The list of a key holds each segment once, with what it holds, highest first. */
function assertList(index: EntryIndex, key: string, held: ReadonlyMap<Segment, Entry>): void {
  const seen = new Set<Segment>();
  let above: Holder | undefined;
  for (let holder = index.winner(key); holder; holder = holder.next) {
    assert.not(seen.has(holder.segment));
    seen.add(holder.segment);
    assert.is(holder.stamp, held.get(holder.segment)?.stamp);
    assert.is(holder.json, held.get(holder.segment)?.json);
    assert.is(index.find(key, holder.segment), holder);
    if (above) assert.ok(documentRules.compare(above, holder) >= 0);
    above = holder;
  }
  assert.is(seen.size, held.size);
}

test("says what an obvious model says, over random puts and removals", () => {
  const chance = new Chance(freshSeed("entry index"));
  for (let run = 0; run < 60; run++) {
    const model = new Model();
    const segments = Array.from({ length: 1 + chance.below(5) }, (_, i) => segment(i));
    const known = new Map<string, Entry | undefined>();
    const index = new EntryIndex(documentRules, (key, before, after) => {
      assert.equal(before && { stamp: before.stamp, json: before.json }, known.get(key));
      known.set(key, after && { stamp: after.stamp, json: after.json });
    });
    for (let step = 0; step < 120; step++) {
      const key = `k${chance.below(4)}`;
      const of = chance.of(segments);
      if (chance.below(3) === 0) {
        index.remove(key, of);
        model.remove(key, of);
      } else {
        const entry = { stamp: chance.below(6), json: chance.of([undefined, "1", "2"]) };
        index.put(key, new Holder(of, entry.stamp, entry.json));
        model.put(key, of, entry);
      }
      if (step % 10 === 0) assertSame(index, model, segments);
    }
    assertSame(index, model, segments);
    for (const [key, entry] of known) assert.equal(entry, model.winner(key));
  }
});

test("settles a pending winner in the place of what the segment held", () => {
  const [pending, current, other] = [segment(0), segment(2), segment(3)];
  const index = new EntryIndex(documentRules, () => undefined);
  const model = new Model();
  index.put("k", new Holder(current, 1, "1"));
  index.put("k", new Holder(other, 2, "2"));
  const holder = new Holder(pending, 3, "3");
  index.put("k", holder);
  index.settle(holder, current, true);
  model.put("k", current, { stamp: 3, json: "3" });
  model.put("k", other, { stamp: 2, json: "2" });
  assertSame(index, model, [pending, current, other]);
  const alone = new Holder(pending, 4, undefined);
  index.put("new", alone);
  index.settle(alone, current, false);
  model.put("new", current, { stamp: 4, json: undefined });
  assertSame(index, model, [pending, current, other]);
});

test("settles a pending entry that was overtaken below the winner", () => {
  const [pending, current, other] = [segment(0), segment(2), segment(3)];
  const index = new EntryIndex(documentRules, () => undefined);
  const model = new Model();
  index.put("k", new Holder(current, 1, "1"));
  const holder = new Holder(pending, 3, undefined);
  index.put("k", holder);
  index.put("k", new Holder(other, 5, "5"));
  index.settle(holder, current, true);
  model.put("k", current, { stamp: 3, json: undefined });
  model.put("k", other, { stamp: 5, json: "5" });
  assertSame(index, model, [pending, current, other]);
});

test("tells nobody of a change that is none: a move, or a loser that comes or goes", () => {
  let told = 0;
  const [old, current, other] = [segment(0), segment(2), segment(3)];
  const index = new EntryIndex(documentRules, () => told++);
  index.put("k", new Holder(old, 5, "1"));
  assert.is(told, 1);
  index.put("k", new Holder(current, 5, "1"));
  index.remove("k", old);
  index.put("k", new Holder(other, 4, "0"));
  index.remove("k", other);
  index.remove("k", other);
  index.remove("absent", other);
  assert.is(told, 1);
  assert.is(index.winner("k")?.segment, current);
  assert.equal([old.covered, old.held, current.covered, current.held], [0, 0, 0, 1]);
});

test("gives entries by key in UTF-16 code units, and by stamp with equal ones by key", () => {
  const index = new EntryIndex(documentRules, () => undefined);
  const stamps: [string, number][] = [
    ["b", 1],
    ["a", 2],
    ["\uffff", 1],
    ["😀", 3],
    ["B", 2],
    ["__proto__", 0],
    ["a1", 1],
  ];
  for (const [key, stamp] of stamps) index.put(key, new Holder(segment(2), stamp, "0"));
  index.put("gone", new Holder(segment(2), 9, undefined));
  const keys = (order: "key" | "stamp"): string[] => orderedEntries(index, order).map(([key]) => key);
  assert.equal(keys("key"), ["B", "__proto__", "a", "a1", "b", "😀", "\uffff"]);
  assert.equal(keys("stamp"), ["__proto__", "a1", "b", "\uffff", "B", "a", "😀"]);
});

/** Entries of a segment below a higher own one, counted the slow way. */
function coveredIn(index: EntryIndex, segment: Segment): number {
  let covered = 0;
  for (const [, winner] of index.entries()) {
    let ownAbove = false;
    for (let holder: Holder | undefined = winner; holder; holder = holder.next) {
      if (holder.segment === segment && segment.owned && ownAbove) covered++;
      ownAbove ||= holder.segment.owned;
    }
  }
  return covered;
}
