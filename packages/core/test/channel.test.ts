import { assert, suite } from "@chorus/testing";
import { Channel } from "../src/index.js";
import { MAX_STAMP, STAMPS_PER_MS } from "../src/stamp.js";
import { Chance, freshSeed, Replica, settle } from "./replica.js";

const test = suite("channel", { deadlineMs: 20_000 });

const HIGHEST_MS = Math.floor(MAX_STAMP / STAMPS_PER_MS);

/** What has not to change when something is refused. */
const state = ({ channel, sent }: Replica): unknown[] => [
  channel.contentHash(),
  channel.documentBytes(),
  channel.size,
  channel.stats(),
  sent.length,
];

test("tells every write of a key by its stamp, deletions and equal values too", () => {
  const { channel } = new Replica();
  assert.is(channel.stampOf("k"), -1);
  const stamps = [-1];
  for (const value of [1, 1, undefined, 1]) {
    if (value === undefined) channel.delete("k");
    else channel.set("k", value);
    stamps.push(channel.stampOf("k"));
  }
  assert.equal(
    [...new Set(stamps)].sort((a, b) => a - b),
    stamps,
  );
});

test("is read at once, before anything is committed", () => {
  const a = new Replica();
  assert.ok(a.channel.set("k", { list: [1] }));
  assert.equal(a.channel.get("k"), { list: [1] });
  assert.ok(a.channel.has("k"));
  assert.is(a.channel.size, 1);
  assert.equal([...a.channel.entries()], [["k", { list: [1] }]]);
  assert.is(a.channel.timestampOf("k"), 10);
  assert.is(a.sent.length, 0);
  assert.is(a.channel.stats().pendingWrites, 1);
  assert.is(a.channel.get("absent"), undefined);
  assert.is(a.channel.timestampOf("absent"), undefined);
});

test("gives a fresh copy at every read, and keeps none of the caller's objects", () => {
  const a = new Replica();
  const mine = { list: [1] };
  a.channel.set("k", mine);
  mine.list.push(2);
  const first = a.channel.get("k") as { list: number[] };
  first.list.push(3);
  assert.equal(a.channel.get("k"), { list: [1] });
  assert.equal([...a.channel.entries()], [["k", { list: [1] }]]);
});

test("takes null, false, 0 and the empty text as values", () => {
  const a = new Replica();
  const b = new Replica();
  for (const value of [null, false, 0, ""]) {
    a.set("k", value);
    a.syncTo(b);
    assert.is(b.channel.get("k"), value);
    assert.ok(b.channel.has("k"));
    assert.is(b.channel.size, 1);
  }
});

test("writes what one turn set as one transaction, the last value of each key", () => {
  const a = new Replica();
  const b = new Replica();
  for (let i = 0; i < 100; i++) a.channel.set(`k${i % 10}`, i);
  a.runtime.turn();
  assert.is(a.sent.length, 1);
  assert.is(a.channel.stats().commits, 1);
  b.receive(a.lastSent);
  assert.is(b.channel.size, 10);
  assert.is(b.channel.get("k3"), 93);
  // A struct for the segment, one for its signature, and one for each key.
  assert.equal([...b.channel.replication.vector().values()], [12]);
});

test("cuts more than 2,000 entries into slices with turns between, and shows them all at once here", () => {
  const a = new Replica();
  assert.is(a.channel.update(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i])), 5_000);
  assert.is(a.channel.size, 5_000);
  const order: number[] = [];
  a.runtime.later(() => order.push(a.sent.length));
  a.runtime.turn();
  assert.is(a.sent.length, 3);
  assert.ok((order[0] ?? 9) < 3, "another turn came in between");
  const b = new Replica();
  const sizes = a.sent.map((update) => {
    b.receive(update);
    return b.channel.size;
  });
  assert.equal(sizes, [2_000, 4_000, 5_000]);
});

test("cuts a batch by bytes, so that every update fits a frame", () => {
  const a = new Replica();
  const large = "x".repeat(1024 * 1024 - 2);
  a.channel.update(Array.from({ length: 6 }, (_, i) => [`k${i}`, large]));
  a.channel.update(Array.from({ length: 20 }, (_, i) => [`m${i}`, "€".repeat(300_000)]));
  a.runtime.turn();
  for (const update of a.sent) assert.ok(update.length < 4 * 1024 * 1024, `${update.length} bytes`);
  const b = new Replica();
  for (const update of a.sent) assert.is(b.receive(update), "applied");
  assert.is(b.channel.contentHash(), a.channel.contentHash());
  assert.is(b.channel.get("k5"), large);
});

test("commits long keys in slices too", () => {
  const a = new Replica();
  a.channel.update(Array.from({ length: 2_000 }, (_, i) => [`${i}${"€".repeat(1_300)}`, 1]));
  a.runtime.turn();
  for (const update of a.sent) assert.ok(update.length < 4 * 1024 * 1024, `${update.length} bytes`);
  const b = new Replica();
  for (const update of a.sent) b.receive(update);
  assert.is(b.channel.size, 2_000);
});

test("lets a forced timestamp win or write nothing, and uses it as it is", () => {
  const a = new Replica({ wall: 100 });
  assert.ok(a.channel.set("k", "old", { timestampMs: 50 }));
  assert.is(a.channel.timestampOf("k"), 50);
  assert.not(a.channel.set("k", "older", { timestampMs: 49 }));
  assert.not(a.channel.set("k", "old", { timestampMs: 50 }));
  assert.not(a.channel.set("k", "alphabetically lower", { timestampMs: 50 }));
  assert.ok(a.channel.set("k", "upper", { timestampMs: 50 }));
  assert.not(a.channel.delete("k", { timestampMs: 50 }));
  assert.not(a.channel.delete("k", { timestampMs: 49 }));
  assert.ok(a.channel.delete("k", { timestampMs: 51 }));
  assert.is(a.channel.get("k"), undefined);
  assert.not(a.channel.set("k", "below the tombstone", { timestampMs: 50 }));
  assert.ok(a.channel.set("k", "future", { timestampMs: 5_000 }));
  assert.ok(a.channel.set("k", "after"));
  assert.is(a.channel.get("k"), "after");
  assert.is(a.channel.timestampOf("k"), 5_000);
  assert.is(
    a.channel.update(
      [
        ["k", 1],
        ["new", 1],
        ["k", undefined],
      ],
      { timestampMs: 60 },
    ),
    1,
  );
  assert.ok(a.channel.set("zero", 1, { timestampMs: 0 }));
  assert.is(a.channel.timestampOf("zero"), 0);
});

test("lets no forced timestamp below a deletion that it has seen write, whether the tombstone is held still or not", () => {
  const a = new Replica();
  a.set("k", 1);
  a.delete("k");
  const deletedAt = 10;
  assert.not(a.channel.set("k", "old", { timestampMs: deletedAt - 1 }));
  a.sweep();
  assert.is(a.channel.stats().heldEntries, 0);
  assert.not(a.channel.set("k", "old", { timestampMs: deletedAt - 1 }));
  assert.ok(a.channel.set("k", "later", { timestampMs: deletedAt + 1 }));
  assert.ok(a.channel.set("other", "old", { timestampMs: 1 }));
});

test("gives every write a later stamp than what its writer has seen, however its clock goes", () => {
  const a = new Replica({ wall: 1_000 });
  const b = new Replica({ wall: 1 });
  for (let i = 0; i < 20; i++) {
    const [from, to] = i % 2 ? [a, b] : [b, a];
    from.set("k", i);
    from.syncTo(to);
    assert.is(to.channel.get("k"), i);
    a.runtime.wall = i % 3 ? 1_000 : 0;
  }
});

test("writes above what it has seen win, also when that is gone: what it covered may still be on its way", () => {
  const a = new Replica();
  a.set("k", 1, 9_000);
  a.delete("k");
  a.sweep();
  assert.is(a.channel.stats().heldEntries, 0);
  a.set("k", 2);
  assert.ok((a.channel.timestampOf("k") ?? 0) >= 9_000);
});

test("says of a deletion whether there was something to delete", () => {
  const a = new Replica();
  assert.not(a.channel.delete("absent"));
  a.runtime.turn();
  assert.is(a.sent.length, 0);
  a.set("k", 1);
  assert.ok(a.channel.delete("k"));
  assert.not(a.channel.delete("k"));
  assert.not(a.channel.has("k"));
  assert.is(a.channel.size, 0);
  a.runtime.turn();
  assert.is(a.channel.stats().heldEntries, 1);
  a.sweep();
  assert.is(a.channel.stats().heldEntries, 0);
});

test("writes nothing for a key that is set and deleted in one turn", () => {
  const a = new Replica();
  a.channel.set("k", 1);
  assert.ok(a.channel.delete("k"));
  a.channel.set("again", 1);
  a.channel.delete("again");
  a.channel.set("again", 2);
  a.runtime.turn();
  assert.equal(a.content(), { again: 2 });
  assert.is(a.channel.stats().heldEntries, 1);
  const b = new Replica();
  b.channel.set("k", 1);
  b.channel.delete("k");
  b.runtime.turn();
  assert.is(b.sent.length, 0);
  assert.is(b.channel.replication.vector().size, 0);
});

test("writes a tombstone for a key that a peer's older value holds when it is set and deleted in one turn", () => {
  const a = new Replica({ wall: 100 });
  const b = new Replica();
  b.set("k", "b");
  b.syncTo(a);
  a.channel.set("k", 1);
  a.channel.delete("k");
  a.runtime.turn();
  a.syncTo(b);
  assert.not(b.channel.has("k"));
});

test("forgets what is pending when a peer's newer value overtakes it", () => {
  const a = new Replica();
  const b = new Replica({ wall: 1_000 });
  b.set("k", "b");
  a.channel.set("k", "a");
  a.channel.set("other", "a");
  b.syncTo(a);
  assert.is(a.channel.get("k"), "b");
  assert.is(a.channel.stats().pendingWrites, 0);
  a.syncTo(b);
  assert.equal(b.content(), { k: "b", other: "a" });
  assert.is(b.channel.stats().heldEntries, 2);
  const c = new Replica();
  c.channel.set("k", "c");
  for (const update of b.diff(c)) c.channel.replication.receive(update, b, () => undefined);
  assert.ok(c.channel.set("k", "c again"));
  c.runtime.turn();
  assert.is(c.channel.get("k"), "c again");
  c.syncTo(b);
  assert.is(b.channel.get("k"), "c again");
});

test("never brings back what a pending write had replaced before a peer's newer entry overtook it", () => {
  // Found by a random history: the deletion has not seen the first value, and may miss it; but "second" replaced it.
  for (const second of ["second", undefined]) {
    const a = new Replica();
    const b = new Replica({ wall: 1_000 });
    a.set("k", "first");
    b.set("k", "b");
    b.delete("k");
    a.channel.update([["k", second]]);
    b.syncTo(a);
    b.sweep();
    b.syncTo(a);
    const [first] = settle(a, b);
    assert.is(first?.k, second);
    assert.is(a.channel.contentHash(), b.channel.contentHash());
  }
});

test("refuses bad input with a code, and leaves the document untouched", () => {
  const a = new Replica();
  a.set("k", 1);
  a.set("highest", 1, HIGHEST_MS);
  const before = state(a);
  const refused: [code: string, action: () => unknown][] = [
    ["invalid-key", () => a.channel.set("", 1)],
    ["invalid-key", () => a.channel.set(1 as never, 1)],
    ["invalid-key", () => a.channel.set("\ud800", 1)],
    ["invalid-key", () => a.channel.delete(undefined as never)],
    [
      "invalid-key",
      () =>
        a.channel.update([
          ["good", 1],
          ["", 1],
        ]),
    ],
    [
      "invalid-key",
      () =>
        a.channel.update([
          ["good", 1],
          ["", undefined],
        ]),
    ],
    ["too-large", () => a.channel.set("é".repeat(2_049), 1)],
    ["too-large", () => a.channel.set("k", "x".repeat(1024 * 1024 - 1))],
    ["too-large", () => a.channel.set("k", "é".repeat(512 * 1024))],
    ["invalid-value", () => a.channel.set("k", undefined)],
    ["invalid-value", () => a.channel.set("k", new Date(0))],
    ["invalid-value", () => a.channel.set("k", Number.NaN)],
    ["invalid-value", () => a.channel.set("k", JSON.parse('{"__proto__":1}'))],
    [
      "invalid-value",
      () =>
        a.channel.update([
          ["good", 1],
          ["k", 1n],
        ]),
    ],
    ["invalid-timestamp", () => a.channel.set("k", 2, { timestampMs: -1 })],
    ["invalid-timestamp", () => a.channel.set("k", 2, { timestampMs: 1.5 })],
    ["invalid-timestamp", () => a.channel.set("k", 2, { timestampMs: HIGHEST_MS + 1 })],
    ["invalid-timestamp", () => a.channel.set("k", 2, { timestampMs: "5" as never })],
    ["invalid-timestamp", () => a.channel.delete("k", { timestampMs: Number.NaN })],
    ["invalid-timestamp", () => a.channel.update([["good", 1]], { timestampMs: -1 })],
    ["invalid-timestamp", () => a.channel.set("highest", 2)],
    [
      "invalid-timestamp",
      () =>
        a.channel.update([
          ["good", 1],
          ["highest", 2],
        ]),
    ],
    ["invalid-option", () => a.channel.entries("newest" as never)],
    ["invalid-option", () => a.channel.keys("" as never)],
  ];
  for (const [i, [code, action]] of refused.entries()) {
    assert.throwsCode(action, code);
    a.runtime.turn();
    assert.equal(state(a), before, `case ${i}, ${code}`);
  }
});

test("checks all entries of an update before any is written, also when the iterable itself throws", () => {
  const a = new Replica();
  const entries = function* (): Iterable<[string, unknown]> {
    yield ["k", 1];
    throw new Error("mine");
  };
  assert.throws(() => a.channel.update(entries() as Iterable<[string, unknown]>), "mine");
  a.runtime.turn();
  assert.is(a.channel.size, 0);
  assert.is(a.sent.length, 0);
});

test("updates many keys: undefined deletes, the last of a key counts, and it says how many were written", () => {
  const a = new Replica();
  a.set("old", 1);
  const written = a.channel.update(
    new Map<string, unknown>([
      ["old", undefined],
      ["absent", undefined],
      ["new", 1],
    ]),
  );
  assert.is(written, 2);
  assert.is(a.channel.update([]), 0);
  a.channel.update([
    ["new", 2],
    ["new", 3],
  ]);
  a.runtime.turn();
  assert.equal(a.content(), { new: 3 });
});

test("iterates by key in UTF-16 code units, and by stamp in the order of writing", () => {
  const a = new Replica();
  const keys = ["b", "a", "😀", "\uffff", "B", "__proto__", "10", "9"];
  for (const key of keys) a.set(key, key);
  a.set("b", "again");
  a.set("early", 1, 5);
  a.set("gone", 1);
  a.delete("gone");
  assert.equal([...a.channel.keys()], ["10", "9", "B", "__proto__", "a", "b", "early", "😀", "\uffff"]);
  const byStamp = ["early", "a", "😀", "\uffff", "B", "__proto__", "10", "9", "b"];
  assert.equal([...a.channel.keys("stamp")], byStamp);
  assert.equal(
    [...a.channel.entries("stamp")].map(([key]) => key),
    byStamp,
  );
  const b = new Replica();
  a.syncTo(b);
  assert.equal([...b.channel.entries("stamp")], [...a.channel.entries("stamp")]);
});

test("iterates over what there was when the iteration began", () => {
  const a = new Replica();
  a.channel.update([
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
  const seen: unknown[] = [];
  for (const [key, value] of a.channel.entries()) {
    seen.push([key, value]);
    a.channel.delete("c");
    a.channel.set("d", 4);
  }
  assert.equal(seen, [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
});

test("counts its keys truly at every step", () => {
  const chance = new Chance(freshSeed("sizes"));
  const a = new Replica();
  const b = new Replica({ wall: 12 });
  for (let i = 0; i < 600; i++) {
    const replica = chance.of([a, b]);
    const { channel } = replica;
    const key = `k${chance.below(8)}`;
    const had = channel.has(key);
    const size = channel.size;
    if (chance.below(2)) {
      channel.set(key, i);
      assert.is(channel.size, size + (had ? 0 : 1));
    } else {
      assert.is(channel.delete(key), had);
      assert.is(channel.size, size - (had ? 1 : 0));
    }
    if (chance.below(3) === 0) replica.runtime.turn();
    if (chance.below(6) === 0) channel.maintain();
    if (chance.below(6) === 0) a.syncTo(b);
    if (chance.below(6) === 0) b.syncTo(a);
    for (const each of [a, b]) assert.is(each.channel.size, [...each.channel.keys()].length);
  }
});

test("hashes equal contents equally, whatever the order in which they came", () => {
  const chance = new Chance(freshSeed("orders"));
  const writers = [1, 2, 3, 4].map((wall) => new Replica({ wall }));
  for (let i = 0; i < 40; i++) {
    const writer = chance.of(writers);
    if (chance.below(4)) writer.set(`k${chance.below(6)}`, i);
    else if (writer.channel.size > 0) writer.delete([...writer.channel.keys()][0] as string);
  }
  const hashes = new Set<string>();
  for (let run = 0; run < 20; run++) {
    const reader = new Replica();
    const queues = writers.map(({ sent }) => [...sent]);
    while (queues.some(({ length }) => length > 0)) {
      const next = chance.of(queues.filter(({ length }) => length > 0)).shift() as Uint8Array;
      assert.is(reader.receive(next), "applied");
      if (chance.below(5) === 0) assert.is(reader.receive(next), "unchanged");
    }
    hashes.add(`${reader.channel.contentHash()} ${JSON.stringify(reader.content())}`);
  }
  assert.is(hashes.size, 1);
  assert.match([...hashes][0] as string, /^[0-9a-f]{14} /);
});

test("takes strange keys and values to the limit, with a session of 53 bits, there and back", () => {
  const a = new Replica({ sessionId: 2 ** 53 - 1 });
  const b = new Replica({ sessionId: 2 ** 53 - 2 });
  const entries: [string, unknown][] = [
    ["__proto__", { a: 1 }],
    ["constructor", "x"],
    ["hasOwnProperty", null],
    ["😀", "😀".repeat(1_000)],
    ["\0", "\0\u2028"],
    ["é".repeat(2_048), 1e308],
    ["large", "x".repeat(1024 * 1024 - 2)],
    ["deep", JSON.parse(`${"[".repeat(64)}${"]".repeat(64)}`)],
    ["tiny", 5e-324],
    ["minus zero", -0],
  ];
  a.channel.update(entries);
  a.runtime.turn();
  a.syncTo(b);
  for (const [key, value] of entries)
    assert.equal(b.channel.get(key), JSON.parse(JSON.stringify(value)), key.slice(0, 20));
  assert.is(b.channel.size, entries.length);
  b.set("__proto__", 2);
  b.delete("constructor");
  b.syncTo(a);
  assert.is(a.channel.get("__proto__"), 2);
  assert.not(a.channel.has("constructor"));
});

test("works on the system's clock and turns", async (t) => {
  const a = new Channel({ name: "real" });
  const b = new Channel({ name: "real" });
  t.after(() => [a, b].map((channel) => channel.close()));
  a.replication.onUpdate((update) => void b.replication.receive(update, a, () => undefined));
  const before = Date.now();
  a.update(Array.from({ length: 4_500 }, (_, i) => [`k${i}`, i]));
  a.delete("k0");
  await a.whenCommitted();
  assert.is(b.size, 4_499);
  assert.is(b.contentHash(), a.contentHash());
  const written = b.timestampOf("k1") ?? 0;
  assert.ok(written >= before && written <= Date.now() + 5);
});

test("checks as update does, and writes nothing", (t) => {
  const a = new Channel({ name: "checked" });
  t.after(() => a.close());
  for (const [entries, timestampMs, code] of [
    [[["", 1]], undefined, "invalid-key"],
    [
      [
        ["a", 1],
        ["b", () => 1],
      ],
      undefined,
      "invalid-value",
    ],
    [
      [
        ["a", undefined],
        ["b", "x".repeat(2_000_000)],
      ],
      undefined,
      "too-large",
    ],
    [[["a", 1]], -1, "invalid-timestamp"],
  ] as const) {
    const options = timestampMs === undefined ? {} : { timestampMs };
    assert.throwsCode(() => a.check(entries, options), code);
    assert.throwsCode(() => a.update(entries, options), code);
  }
  a.check([["a", 1]]);
  assert.is(a.size, 0);
});
