import { assert, suite } from "@chorus/testing";
import type { Progress } from "../src/progress.js";
import { absorb } from "./absorbing.js";
import { HeldStorage } from "./held-storage.js";
import { Replica } from "./replica.js";

const test = suite("large updates");

/** Runs `look` after each turn until all is applied; `Replica`s run all turns at once. */
function observe(to: Replica, look: () => void): void {
  const later = to.runtime.later;
  to.runtime.later = (task) =>
    later(() => {
      task();
      look();
    });
  to.runtime.turn();
  to.runtime.later = later;
}

/** A giver that has written, moved and deleted, and somebody who has all but the latest of it. */
function createPair(options: ConstructorParameters<typeof Replica>[0] = {}): {
  giver: Replica;
  taker: Replica;
} {
  const cleaning = { minSegmentStructs: 8, maxSegmentStructs: 16, moveBatch: 4, minIdleDead: 4 };
  const giver = new Replica({ cleaning });
  const taker = new Replica(options);
  for (let i = 0; i < 40; i++) giver.set(`key ${i}`, i);
  giver.syncTo(taker);
  for (let i = 0; i < 40; i += 2) giver.delete(`key ${i}`);
  for (let i = 1; i < 40; i += 4) giver.set(`key ${i}`, `new ${i}`);
  giver.sweep({ idle: true });
  return { giver, taker };
}

test("it applies a part a turn, and all of it in the end", () => {
  const { giver, taker } = createPair();
  const parts = giver.diff(taker, 40);
  assert.ok(parts.length > 10);
  const watch = absorb(taker, parts);
  assert.equal(watch.results, []);
  let turns = 0;
  observe(taker, () => {
    turns++;
  });
  assert.ok(turns >= parts.length);
  assert.equal(watch.results, ["applied"]);
  assert.is(taker.channel.contentHash(), giver.channel.contentHash());
  assert.equal([...(watch.advanced[0] ?? [])], [...giver.channel.replication.vector()]);
  assert.is(taker.channel.stats().absorbedUpdates, 1);
});

test("no value that is there before and after vanishes meanwhile, and none that is deleted comes back", () => {
  const { giver, taker } = createPair();
  const staying = taker.channel.size - 20;
  const gone = new Set<string>();
  taker.channel.on("change", ({ changes }) => {
    for (const { key, value } of changes) {
      if (value === undefined) gone.add(key);
      else assert.not(gone.has(key), `${key} has come back`);
    }
  });
  absorb(taker, giver.diff(taker, 40));
  observe(taker, () => {
    assert.ok(taker.channel.size >= staying);
    for (let i = 1; i < 40; i += 2) assert.ok(taker.channel.has(`key ${i}`), `key ${i}`);
  });
  assert.is(gone.size, 20);
});

test("meanwhile it shows nobody what it has, drops nothing, and takes nothing else", () => {
  const { giver, taker } = createPair();
  const stranger = new Replica();
  const other = stranger.set("other", 1);
  const { replication } = taker.channel;
  const order: string[] = [];
  absorb(taker, giver.diff(taker, 40), giver);
  assert.not(replication.isWhole);
  replication.whenWhole(() => order.push("whole"));
  replication.whenShareable(() => order.push("shareable"));
  replication.whenShareable(() => order.push("never"))();
  observe(taker, () => {
    if (replication.isWhole) return;
    assert.equal(order, []);
    assert.not(taker.channel.maintain({ idle: true }));
    assert.is(
      replication.receive(other, stranger, () => undefined),
      "gap",
    );
    assert.equal(absorb(taker, [other]).results, ["gap"]);
  });
  assert.equal(order, ["whole", "shareable"]);
  assert.is(taker.receive(other), "applied");
});

test("it goes on writing, and what it writes is sent", () => {
  const { giver, taker } = createPair();
  absorb(taker, giver.diff(taker, 40));
  const sent = taker.sent.length;
  const later = taker.runtime.later;
  let writes = 0;
  taker.runtime.later = (task) =>
    later(() => {
      task();
      if (writes < 5) taker.channel.set(`key ${writes++}`, "mine");
    });
  taker.runtime.turn();
  assert.ok(taker.sent.length > sent);
  for (const update of taker.sent) giver.receive(update);
  assert.is(giver.channel.contentHash(), taker.channel.contentHash());
  assert.is(giver.channel.get("key 2"), "mine");
});

test("a part that the guard refuses ends it: what came before stays, is stored, and the next diff adds the rest", () => {
  const storage = new HeldStorage({ holds: false });
  const { giver, taker } = createPair({ storage });
  const parts = giver.diff(taker, 40);
  const broken = parts[5]?.map((byte, at, all) => (at > 9 && at < all.length - 1 ? 255 : byte));
  const bad = parts.map((part, index) => (index === 5 ? (broken ?? part) : part));
  const before = storage.appended.length;
  const watch = absorb(taker, bad);
  taker.runtime.turn();
  assert.equal(watch.results, ["protocol"]);
  assert.ok(taker.channel.replication.isWhole);
  assert.is(storage.appended.length, before + 1);
  assert.is(taker.channel.stats().refusedUpdates, 1);
  giver.syncTo(taker);
  assert.is(taker.channel.contentHash(), giver.channel.contentHash());
  const stored = new Replica({ storage: new HeldStorage({ updates: storage.appended, holds: false }) });
  assert.is(stored.channel.contentHash(), giver.channel.contentHash());
});

test("it is stored at the end, as one: a crash before that leaves nothing of it", () => {
  const storage = new HeldStorage({ holds: false });
  const { giver, taker } = createPair({ storage });
  const before = storage.appended.length;
  let during = 0;
  absorb(taker, giver.diff(taker, 40));
  observe(taker, () => {
    if (!taker.channel.replication.isWhole) during = Math.max(during, storage.appended.length);
  });
  assert.is(during, before);
  assert.is(storage.appended.length, before + 1);
});

test("a channel with a store that closes meanwhile applies all of it first", async () => {
  const storage = new HeldStorage({ holds: false });
  const { giver, taker } = createPair({ storage });
  const before = storage.appended.length;
  absorb(taker, giver.diff(taker, 40));
  const closing = taker.channel.close();
  assert.not(storage.isClosed);
  taker.runtime.turn();
  await closing;
  assert.is(storage.appended.length, before + 1);
  assert.ok(storage.isClosed);
});

test("a channel in memory that closes meanwhile gives it up", async () => {
  const { giver, taker } = createPair();
  const watch = absorb(taker, giver.diff(taker, 40));
  await taker.channel.close();
  taker.runtime.turn();
  assert.equal(watch.results, []);
});

test("what others have brought meanwhile is left out, and a gap is found before anything is applied", () => {
  const { giver, taker } = createPair();
  const early = giver.diff(taker, 40);
  for (const part of giver.diff(taker, 40).slice(0, 12)) taker.receive(part);
  const repeated = taker.channel.stats().repeatedUpdates;
  const watch = absorb(taker, early);
  taker.runtime.turn();
  assert.equal(watch.results, ["applied"]);
  assert.is(taker.channel.contentHash(), giver.channel.contentHash());
  assert.is(taker.channel.stats().repeatedUpdates, repeated);
  const [late, fresh] = [new Replica(), new Replica()];
  const whole = giver.diff(fresh, 40);
  assert.equal(absorb(late, whole.slice(1)).results, ["gap"]);
  const [deletions] = whole.filter((part) => part[0] === 0);
  assert.equal(absorb(late, [deletions ?? new Uint8Array()]).results, ["gap"]);
  assert.is(late.channel.replication.vector().size, 0);
  assert.ok(late.channel.replication.isWhole);
});

test("it refuses a part that repeats what is in the one before: the store would keep it twice", () => {
  const [giver, taker] = [new Replica(), new Replica()];
  for (let i = 0; i < 12; i++) giver.set(`key ${i}`, i);
  const [first, second] = [giver.diff(taker, 1_000)[0] as Uint8Array, giver.diff(taker, 40)[1] as Uint8Array];
  const watch = absorb(taker, [first, second]);
  taker.runtime.turn();
  assert.equal(watch.results, ["protocol"]);
  assert.is(taker.channel.contentHash(), giver.channel.contentHash());
});

test("it refuses what is no part before anything is applied", () => {
  const { giver, taker } = createPair();
  const [first, second] = [new Replica(), new Replica()];
  first.set("k", 1);
  second.set("k", 2);
  first.syncTo(second);
  const several = second.state().length > 1 ? undefined : second.state()[0];
  if (several) assert.throwsCode(() => absorb(taker, [several]), "protocol");
  assert.throwsCode(() => absorb(taker, [Uint8Array.of(2, 1, 1)]), "protocol");
  assert.throwsCode(() => absorb(taker, [Uint8Array.of(1, 1, 1, 0, 5)]), "protocol");
  assert.throwsCode(() => absorb(taker, [Uint8Array.of()]), "protocol");
  assert.ok(taker.channel.replication.isWhole);
  assert.equal(absorb(taker, giver.diff(taker, 40)).results, []);
});

test("it tells how far it is, up to the end", () => {
  const { giver, taker } = createPair();
  const told: Progress[] = [];
  taker.channel.on("progress", (progress) => told.push(progress));
  const parts = giver.diff(taker, 40);
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  let elapsed = 0;
  taker.runtime.elapsed = () => (elapsed += 20);
  absorb(taker, parts);
  taker.runtime.turn();
  assert.ok(told.length > 3 && told.length < parts.length, `${told.length} of ${parts.length}`);
  assert.ok(told.every(({ done }, i) => done > (told[i - 1]?.done ?? -1)));
  assert.equal(told.at(-1), { task: "apply", done: total, total, unit: "bytes" });
});

test("a long load is told of once it is done, to whoever made the channel", () => {
  const writer = new Replica();
  for (let i = 0; i < 3_000; i++) writer.channel.set(`key ${i}`, "x".repeat(100));
  writer.runtime.turn();
  const load = (updates: Uint8Array[]): Progress[] => {
    const reader = new Replica({ storage: new HeldStorage({ updates, holds: false }) });
    const told: Progress[] = [];
    reader.channel.on("progress", (progress) => told.push(progress));
    reader.runtime.turn();
    return told;
  };
  const updates = writer.state();
  const bytes = updates.reduce((sum, { length }) => sum + length, 0);
  assert.equal(load(updates), [{ task: "load", done: bytes, total: bytes, unit: "bytes" }]);
  assert.equal(load([]), []);
});
