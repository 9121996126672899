import { assert, suite } from "@chorus/testing";
import { Cleaning, type CleaningLimits, defaultCleaningLimits } from "../src/document/cleaning.js";
import { Ownership } from "../src/document/ownership.js";
import { Holder } from "../src/document/holder.js";
import { SegmentDocument } from "../src/document/segment-document.js";
import { Chance, freshId, freshSeed, Replica, settle } from "./replica.js";

const test = suite("cleaning", { deadlineMs: 20_000 });

/** A document with its cleaning and no channel around them. */
class Bare {
  readonly document: SegmentDocument;
  readonly cleaning: Cleaning;
  readonly ownership: Ownership;
  #stamp: number;

  constructor(options: { earlier?: number[]; limits?: Partial<CleaningLimits>; stamp?: number } = {}) {
    this.#stamp = options.stamp ?? 1_000;
    const sessionId = freshId();
    const earlier = options.earlier ?? [];
    const sessions = earlier.map((one) => ({ sessionId: one, complete: true }));
    this.ownership = new Ownership(sessionId, { sessions, acquaintances: [] });
    this.document = new SegmentDocument({
      sessionId,
      signature: () => ["tested"],
      onWinner: () => undefined,
      onHolders: (key, winner) => this.cleaning.noteHolders(key, winner),
      onFailure: (error) => {
        throw error;
      },
    });
    for (const one of earlier) this.document.setOwned(one, true);
    this.cleaning = new Cleaning(this.document, this.ownership, {
      ...defaultCleaningLimits,
      minIdleDead: 4,
      ...options.limits,
    });
  }

  set(key: string, json: string | undefined): Uint8Array {
    const holder = new Holder(this.document.pendingSegment, this.#stamp++, json);
    const winner = this.document.index.put(key, holder);
    return this.document.write([{ key, holder, winner, replaces: true }]);
  }

  get(key: string): string | undefined {
    return this.document.index.winner(key)?.json;
  }

  /** Cleans until nothing is left to clean. @returns the updates */
  clean(batch: number): Uint8Array[] {
    const updates: Uint8Array[] = [];
    this.cleaning.sealIfFull(true);
    for (let next = this.cleaning.clean({ idle: true, batch }); next; ) {
      updates.push(next);
      next = this.cleaning.clean({ idle: true, batch });
    }
    return updates;
  }
}

/** An earlier session of four live keys and enough dead ones, and one more update that its store lost. */
function earlierSession(): { session: number; stored: Uint8Array; late: Uint8Array } {
  const before = new Bare();
  for (let i = 0; i < 8; i++) before.set("churned", `${i}`);
  for (const key of ["a", "b", "c"]) before.set(key, `"${key}"`);
  const stored = before.document.encode();
  return { session: before.document.ownSession, stored, late: before.set("late", '"late"') };
}

test("keeps the document small while 1,000 keys are overwritten many times", () => {
  const a = new Replica();
  let largest = 0;
  for (let round = 0; round < 60; round++) {
    a.channel.update(Array.from({ length: 1_000 }, (_, i) => [`key-${i}`, `value ${round}`]));
    a.runtime.turn();
    a.sweep();
    if (round % 10 === 9) largest = Math.max(largest, a.channel.documentBytes());
  }
  assert.ok(largest < 600_000, `${largest} bytes while writing`);
  a.sweep({ idle: true });
  assert.ok(a.channel.documentBytes() < 150_000, `${a.channel.documentBytes()} bytes when idle`);
  assert.is(a.channel.size, 1_000);
  assert.is(a.channel.stats().heldEntries, 1_000);
});

test("keeps the documents of several writers of the same keys small, on all of them", () => {
  const replicas = [1, 2, 3].map((wall) => new Replica({ wall }));
  for (let round = 0; round < 24; round++) {
    const writer = replicas[round % 3] as Replica;
    for (const other of replicas) if (other !== writer) other.syncTo(writer);
    writer.channel.update(Array.from({ length: 500 }, (_, i) => [`key-${i}`, `value ${round}`]));
    writer.runtime.turn();
    for (const replica of replicas) replica.sweep({ idle: round % 4 === 0 });
  }
  settle(...replicas);
  for (const replica of replicas) replica.sweep({ idle: true });
  settle(...replicas);
  for (const replica of replicas) {
    assert.is(replica.channel.size, 500);
    assert.is(replica.channel.stats().heldEntries, 500);
    assert.ok(replica.channel.documentBytes() < 60_000, `${replica.channel.documentBytes()} bytes`);
  }
});

test("seals in time, so that no deletion of a segment is a larger cascade than the limit", () => {
  const limit = 64;
  const a = new Bare({ limits: { minSegmentStructs: 16, maxSegmentStructs: limit, moveBatch: 5 } });
  const chance = new Chance(freshSeed("cascades"));
  let largest = 0;
  a.document.doc.on("afterTransaction", ({ deleteSet }) => {
    for (const ranges of deleteSet.clients.values()) {
      largest = Math.max(
        largest,
        ranges.reduce((sum, { len }) => sum + len, 0),
      );
    }
  });
  for (let i = 0; i < 3_000; i++) {
    a.set(`k${chance.below(40)}`, chance.below(5) ? `${i}` : undefined);
    a.cleaning.sealIfFull(false);
    a.cleaning.drop();
    a.cleaning.clean({ idle: i % 50 === 0 });
  }
  assert.ok(a.cleaning.counts.cleanedSegments > 10);
  assert.ok(largest <= limit + 8, `${largest} structs deleted at once`);
  assert.ok([...a.document.segments].length < 12);
});

test("moves in batches that set and delete in one transaction: a reader of each sees everything", () => {
  const a = new Replica({ cleaning: { minIdleDead: 4, moveBatch: 3 } });
  const b = new Replica();
  for (let i = 0; i < 20; i++) a.set("churned", i);
  for (let i = 0; i < 10; i++) a.set(`k${i}`, i);
  a.syncTo(b);
  a.sent.length = 0;
  const expected = a.content();
  const hash = a.channel.contentHash();
  a.sweep({ idle: true });
  assert.ok(a.sent.length > 3);
  for (const update of a.sent) {
    assert.is(b.receive(update), "applied");
    assert.equal(b.content(), expected);
    assert.is(b.channel.contentHash(), hash);
    assert.is(b.channel.size, 11);
  }
  assert.is(b.channel.stats().segments, 1);
  assert.is(a.channel.timestampOf("k0"), 10);
});

test("bounds a batch of moves by bytes too", () => {
  const a = new Replica({ cleaning: { minIdleDead: 4 } });
  for (let i = 0; i < 8; i++) a.set(`large${i}`, "x".repeat(300_000));
  for (let i = 0; i < 20; i++) a.set("churned", i);
  a.sent.length = 0;
  a.sweep({ idle: true });
  assert.is(a.channel.stats().moved, 9);
  for (const update of a.sent) assert.ok(update.length < 1_100_000, `${update.length} bytes`);
});

test("advances its own clock with every transaction that deletes", () => {
  const a = new Replica({
    cleaning: { minIdleDead: 4, minSegmentStructs: 16, maxSegmentStructs: 32, moveBatch: 2 },
  });
  const b = new Replica({ wall: 11 });
  const clock = (): number => a.channel.replication.vector().get(a.channel.sessionId) ?? 0;
  const chance = new Chance(freshSeed("clocked deletions"));
  for (let i = 0; i < 300; i++) {
    if (chance.below(6) === 0) {
      b.set(`k${chance.below(5)}`, i);
      b.syncTo(a);
    }
    const [before, sent] = [clock(), a.sent.length];
    const kind = chance.below(4);
    if (kind < 2) a.channel.set(`k${chance.below(5)}`, i);
    else if (kind < 3) a.channel.delete(`k${chance.below(5)}`);
    else a.channel.maintain({ idle: chance.below(2) === 0, dropBatch: 1, moveBatch: 1 });
    a.runtime.turn();
    assert.ok(clock() - before >= a.sent.length - sent, "every update has a struct");
  }
  assert.ok(a.channel.stats().dropped > 0 && a.channel.stats().moved > 0);
});

test("ends: what cleaning leaves behind is not worth cleaning again", () => {
  for (const keys of [0, 1, 2, 5, 50]) {
    const a = new Replica({
      cleaning: { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8, moveBatch: 1 },
    });
    for (let i = 0; i < keys * 3 + 5; i++) a.set(`k${i % (keys + 1)}`, i);
    for (let i = 0; i < keys; i += 2) a.delete(`k${i}`);
    a.sweep({ idle: true });
    assert.not(a.channel.maintain({ idle: true }));
    assert.is(a.channel.stats().heldEntries, a.channel.size);
  }
});

test("goes on while peers and the owner write, and loses nothing", () => {
  const a = new Replica({ cleaning: { minIdleDead: 4, moveBatch: 1 } });
  const b = new Replica({ wall: 20 });
  for (let i = 0; i < 10; i++) a.set("churned", i);
  for (let i = 0; i < 8; i++) a.set(`k${i}`, "a");
  a.syncTo(b);
  assert.ok(a.channel.maintain({ idle: true, moveBatch: 1 }));
  a.runtime.turn();
  b.set("k1", "b");
  b.delete("k2");
  b.set("new", "b");
  b.syncTo(a);
  a.set("k3", "a2");
  a.delete("k4");
  a.channel.set("k5", "pending");
  a.sweep({ idle: true });
  const expected = { churned: 9, k0: "a", k1: "b", k3: "a2", k5: "pending", k6: "a", k7: "a", new: "b" };
  assert.equal(settle(a, b), [expected, expected]);
  assert.is(a.channel.contentHash(), b.channel.contentHash());
});

for (const batch of [1, 2, 3, 4, 5, 100]) {
  test(`does not lose what arrives late in a segment that is being cleaned, ${batch} at a time`, () => {
    for (let after = 0; after < 8; after++) {
      const { session, stored, late } = earlierSession();
      const a = new Bare({ earlier: [session] });
      a.document.apply(stored, {});
      a.ownership.synced();
      for (let i = 0; i < after; i++) a.cleaning.clean({ idle: true, batch });
      if (a.cleaning.counts.takenOverSegments > 0) break;
      a.document.apply(late, {});
      a.clean(batch);
      assert.is(a.get("late"), '"late"', `late after ${after} steps`);
      assert.is(a.document.index.size, 5);
    }
  });
}

test("does not uncover a lower foreign entry that arrives during a cleaning", () => {
  for (let after = 0; after < 8; after++) {
    const a = new Bare({ limits: { moveBatch: 1 } });
    const foreign = new Bare({ stamp: 1 });
    const late = foreign.set("deleted", '"old"');
    const later = foreign.set("overwritten", '"old"');
    for (let i = 0; i < 8; i++) a.set("churned", `${i}`);
    a.set("deleted", '"seen"');
    a.document.apply(late, {});
    for (const key of ["a", "b"]) a.set(key, `"${key}"`);
    a.set("deleted", undefined);
    a.set("overwritten", '"new"');
    a.document.seal();
    for (let i = 0; i < after; i++) a.cleaning.clean({ idle: true, batch: 1 });
    a.document.apply(later, {});
    a.clean(1);
    while (a.cleaning.drop());
    assert.is(a.get("deleted"), undefined);
    assert.is(a.get("overwritten"), '"new"');
    assert.is(a.document.index.size, 4);
    // Only once the other has dropped its own may the tombstone go.
    assert.is(a.document.index.winner("deleted")?.next?.segment.session, foreign.document.ownSession);
  }
});

test("moves an entry that is superseded from above while a lower foreign one stands below it", () => {
  const a = new Bare();
  const below = new Bare({ stamp: 1 });
  const above = new Bare({ stamp: 9_000 });
  a.document.apply(below.set("k", '"below"'), {});
  a.set("k", undefined);
  a.document.apply(above.set("k", '"above"'), {});
  for (let i = 0; i < 8; i++) a.set("churned", `${i}`);
  a.clean(1);
  assert.ok(a.cleaning.counts.cleanedSegments > 0);
  assert.is(a.document.index.winner("k")?.next?.json, undefined);
  assert.is(a.document.index.winner("k")?.next?.segment, a.document.current);
  assert.is(a.document.index.winner("k")?.next?.next?.json, '"below"');
});

test("ends also when nothing that must stay wins: superseded entries over those of a replica that is away", () => {
  // Found by the simulation: such a segment was moved every 20 ms, for ever.
  const limits = { minIdleDead: 4, minSegmentStructs: 4, maxSegmentStructs: 12 };
  const a = new Replica({ wall: 50, cleaning: limits });
  const away = new Replica();
  const last = new Replica({ wall: 90 });
  for (let i = 0; i < 10; i++) away.set(`k${i}`, "away");
  away.syncTo(a);
  for (let i = 0; i < 10; i++) a.set(`k${i}`, "a");
  a.syncTo(last);
  for (let i = 0; i < 10; i++) last.set(`k${i}`, "last");
  last.syncTo(a);
  for (let steps = 0; a.channel.maintain({ idle: true }); steps++) {
    assert.ok(steps < 100, "cleaning finds an end");
    a.runtime.turn();
  }
  assert.is(a.channel.stats().heldEntries, 30);
  assert.is(a.channel.get("k0"), "last");
});

test("does not delete a segment of an earlier session when it turns out to be torn during the cleaning", () => {
  const { session, stored, late } = earlierSession();
  const a = new Bare({ earlier: [session], limits: { moveBatch: 1 } });
  a.document.apply(stored, {});
  a.ownership.synced();
  a.cleaning.clean({ idle: true });
  a.ownership.markTorn(session);
  a.clean(1);
  assert.ok([...a.document.segments].some((segment) => segment.session === session));
  a.document.apply(late, {});
  a.clean(1);
  assert.is(a.get("late"), '"late"');
  assert.is(a.document.index.size, 5);
});

test("takes over earlier sessions only when told, and keeps what they hold", () => {
  const { session, stored } = earlierSession();
  const a = new Bare({ earlier: [session] });
  a.document.apply(stored, {});
  a.clean(10);
  assert.is(a.cleaning.counts.takenOverSegments, 0);
  a.ownership.synced();
  a.clean(10);
  assert.is(a.cleaning.counts.takenOverSegments, 1);
  assert.ok([...a.document.segments].every((segment) => segment.session === a.document.ownSession));
  assert.equal(
    ["a", "b", "c", "churned"].map((key) => a.get(key)),
    ['"a"', '"b"', '"c"', "7"],
  );
});

test("drops superseded entries of torn sessions, and no others", () => {
  const { session, stored } = earlierSession();
  const other = new Bare({ stamp: 5_000 });
  other.document.apply(stored, {});
  const a = new Bare({ earlier: [session] });
  a.document.apply(stored, {});
  a.ownership.markTorn(session);
  a.ownership.synced();
  a.document.apply(other.set("a", '"newer"'), {});
  const before = a.document.index.holders;
  while (a.cleaning.drop());
  a.clean(10);
  assert.is(a.document.index.holders, before - 1);
  assert.is(a.cleaning.counts.moved, 0);
  assert.ok([...a.document.segments].some((segment) => segment.session === session));
  assert.is(a.get("a"), '"newer"');
});

test("drops an own entry that a peer's superseded while a write of ours was pending", () => {
  const a = new Replica();
  const b = new Replica({ wall: 1_000 });
  a.set("k", 1);
  b.set("k", "b");
  a.channel.set("k", 2);
  b.syncTo(a);
  assert.is(a.channel.get("k"), "b");
  a.sweep();
  assert.is(a.channel.stats().heldEntries, 1);
  assert.is(a.channel.stats().keysToSweep, 0);
});

test("never drops what another replica wrote", () => {
  const a = new Replica({ wall: 100 });
  const b = new Replica();
  b.set("k", 1);
  b.syncTo(a);
  a.delete("k");
  a.sweep({ idle: true });
  assert.is(a.channel.stats().heldEntries, 2);
  a.syncTo(b);
  b.sweep();
  assert.is(b.channel.stats().heldEntries, 1);
  b.syncTo(a);
  a.sweep();
  assert.is(a.channel.stats().heldEntries, 0);
});

test("takes with a dropped tombstone what it covers in an older segment that is not cleaned", () => {
  const bare = new Bare();
  bare.set("k", '"v"');
  // Enough live entries that the first segment is left alone.
  for (let i = 0; i < 20; i++) bare.set(`live${i}`, '"v"');
  bare.document.seal();
  bare.set("k", undefined);
  for (let i = 0; i < 20; i++) bare.set("churned", `${i}`);
  bare.document.seal();
  bare.set("other", '"v"');
  for (
    let update = bare.cleaning.clean({ idle: true });
    update;
    update = bare.cleaning.clean({ idle: true })
  );
  assert.ok(bare.cleaning.counts.cleanedSegments > 0);
  assert.is(bare.get("k"), undefined);
  assert.is(bare.document.index.winner("k"), undefined);
});
