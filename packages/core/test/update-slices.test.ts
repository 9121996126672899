import { assert, suite } from "@chorus/testing";
import * as Y from "yjs";
import { SegmentDocument } from "../src/document/segment-document.js";
import { openDiff, openSnapshot } from "../src/document/update-slices.js";
import { storedAs } from "./held-storage.js";
import { Chance, freshId, freshSeed, Replica } from "./replica.js";

const test = suite("update slices", { deadlineMs: 20_000 });

const BUDGETS = [1, 2, 7, 64, 1_000, 64 * 1024, 1024 * 1024];

/** A replica with several sessions in it, overwritten, dropped and cleaned. */
function history(chance: Chance): { replica: Replica; peers: Replica[] } {
  const cleaning = { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 16, moveBatch: 2 };
  const peers = [1, 2, 3].map((wall) => new Replica({ wall, cleaning }));
  for (let i = 0; i < 150; i++) {
    const peer = chance.of(peers);
    if (chance.below(3)) peer.set(`k${chance.below(12)}`, "v".repeat(chance.below(40)));
    else peer.channel.delete(`k${chance.below(12)}`);
    peer.runtime.turn();
    if (chance.below(5) === 0) peer.channel.maintain({ idle: chance.below(2) === 0 });
    if (chance.below(6) === 0) peer.syncTo(chance.of(peers.filter((other) => other !== peer)));
  }
  const replica = peers[0] as Replica;
  for (const peer of peers) if (peer !== replica) peer.syncTo(replica);
  return { replica, peers };
}

function assertSame(actual: Replica, expected: Replica, what: string): void {
  assert.is(actual.channel.contentHash(), expected.channel.contentHash(), what);
  assert.is(actual.channel.stats().heldEntries, expected.channel.stats().heldEntries, what);
  assert.equal(actual.content(), expected.content(), what);
  assert.equal(actual.channel.replication.vector(), expected.channel.replication.vector(), what);
}

test("gives the same content without a gap at any budget, to a fresh replica", () => {
  const chance = new Chance(freshSeed("budgets"));
  for (let run = 0; run < 4; run++) {
    const { replica } = history(chance);
    for (const budget of BUDGETS) {
      const fresh = new Replica();
      for (const update of replica.diff(fresh, budget)) assert.is.not(fresh.receive(update), "gap");
      assertSame(fresh, replica, `budget ${budget}`);
    }
  }
});

test("gives what is lacking from any vector, and not much else", () => {
  const chance = new Chance(freshSeed("vectors"));
  for (let run = 0; run < 4; run++) {
    const { replica, peers } = history(chance);
    for (const peer of peers.slice(1)) {
      for (const update of replica.diff(peer, chance.of(BUDGETS))) assert.is.not(peer.receive(update), "gap");
      const known = peer.channel.replication.vector();
      for (const [session, clock] of replica.channel.replication.vector())
        assert.is(known.get(session), clock);
      assert.ok(replica.diff(peer).every((update) => peer.receive(update) === "unchanged"));
    }
  }
});

test("cuts a run of deleted structs in the middle, where the peer stands", () => {
  const a = new Replica();
  const readers = Array.from({ length: 12 }, () => new Replica());
  for (const reader of readers) {
    a.set("k", "v");
    a.syncTo(reader);
  }
  a.delete("k");
  a.sweep();
  for (const [i, reader] of readers.entries()) {
    for (const update of a.diff(reader, 1 + i)) assert.is.not(reader.receive(update), "gap");
    assertSame(reader, a, `reader ${i}`);
  }
});

test("respects the budget, but for a single entry that is larger", () => {
  const a = new Replica();
  a.channel.update(Array.from({ length: 400 }, (_, i) => [`key-${i}`, "v".repeat(50)]));
  a.runtime.turn();
  a.set("large", "x".repeat(1024 * 1024 - 2));
  a.set("last", 1);
  const fresh = new Replica();
  const updates = a.diff(fresh, 2_000);
  for (const update of updates) fresh.receive(update);
  assertSame(fresh, a, "after all");
  const above = updates.filter(({ length }) => length > 2_200);
  assert.ok(above.length <= 1 && updates.length > 10, `${above.length} of ${updates.length}`);
});

test("gives deletions although the vectors are equal, and no structs", () => {
  const a = new Replica();
  const b = new Replica();
  a.set("k", 1);
  a.syncTo(b);
  const updates = a.diff(b);
  assert.ok(updates.every((update) => b.receive(update) === "unchanged"));
  assert.ok(updates.reduce((sum, { length }) => sum + length, 0) < 10);
});

test("gives nothing of a session that the peer knows better", () => {
  const a = new Replica();
  const b = new Replica();
  a.set("k", 1);
  a.syncTo(b);
  a.set("k", 2);
  for (const update of b.diff(a)) assert.is(a.receive(update), "unchanged");
  assert.is(a.channel.get("k"), 2);
});

test("follows a document that grows and is cleaned between slices", () => {
  const chance = new Chance(freshSeed("growing"));
  for (let run = 0; run < 30; run++) {
    const { replica } = history(chance);
    const fresh = new Replica();
    const cursor = replica.channel.replication.openDiff(fresh.channel.replication.vector());
    let quiet = 0;
    for (let step = 0; ; step++) {
      const update = cursor.next(chance.of([1, 10, 50, 300]));
      if (!update) break;
      assert.is.not(fresh.receive(update), "gap");
      if (step > 60) continue;
      if (chance.below(3) === 0) replica.set(`k${chance.below(12)}`, step);
      if (chance.below(5) === 0) replica.delete(`k${chance.below(12)}`);
      if (chance.below(3) === 0) replica.channel.maintain({ idle: true, moveBatch: 1 });
      replica.runtime.turn();
      quiet++;
    }
    assert.ok(quiet > 0);
    assertSame(fresh, replica, `run ${run}`);
  }
});

test("hands out a deletion that arrives without structs while the deletions are being handed out", () => {
  const source = new Replica();
  for (let i = 0; i < 6; i++) {
    source.set(`k${i}`, i);
    source.set(`other${i}`, i);
  }
  for (let i = 0; i < 6; i += 2) source.delete(`k${i}`);
  // The tombstones travel alive; that they are dropped comes later, apart from any struct.
  const early = source.diff(new Replica(), 1_000_000);
  source.sweep();
  const reader = new Replica();
  for (const update of early) reader.receive(update);
  const parts = source.diff(reader, 1);
  // What stands there first: the number of sessions with structs.
  const deletions = parts.filter((part) => part[0] === 0);
  assert.ok(deletions.length > 1);
  for (let before = 0; before <= deletions.length; before++) {
    const middle = new Replica();
    const fresh = new Replica();
    const structs = parts.filter((part) => part[0] !== 0);
    for (const update of [...early, ...structs, ...deletions.slice(0, before)]) middle.receive(update);
    const cursor = middle.channel.replication.openDiff(new Map());
    let late = deletions.slice(before);
    for (let update = cursor.next(1); update; update = cursor.next(1)) {
      assert.is.not(fresh.receive(update), "gap");
      if (update[0] !== 0 || late.length === 0) continue;
      for (const deletion of late) middle.receive(deletion);
      late = [];
    }
    assertSame(middle, source, `${before} of ${deletions.length} before, in the middle`);
    assertSame(fresh, source, `${before} of ${deletions.length} before`);
  }
});

test("stays at its end once it is reached, until something is written", () => {
  const a = new Replica();
  a.set("k", 1);
  const cursor = a.channel.replication.openDiff(new Map());
  while (cursor.next(1));
  assert.is(cursor.next(1), undefined);
  a.set("k", 2);
  assert.ok(cursor.next(1));
  while (cursor.next(1));
  assert.is(cursor.next(100), undefined);
});

test("gives updates that Yjs alone reads, with 53-bit sessions", () => {
  const document = new SegmentDocument({
    sessionId: 2 ** 53 - 1 - freshId(),
    signature: () => ["tested"],
    onWinner: () => undefined,
    onHolders: () => undefined,
    onFailure: () => undefined,
  });
  for (let i = 0; i < 20; i++) {
    const replica = new Replica({ sessionId: 2 ** 53 - 1 - freshId() });
    replica.set(`k${i}`, i);
    for (const update of replica.state()) document.apply(update, {});
  }
  const doc = new Y.Doc();
  const cursor = openDiff(document, new Map());
  for (let update = cursor.next(30); update; update = cursor.next(30)) Y.applyUpdate(doc, update);
  assert.is(doc.store.pendingStructs, null);
  assert.is(doc.getMap("channel").size, 20);
  assert.equal(doc.getMap("channel").toJSON(), document.doc.getMap("channel").toJSON());
});

test("carries a document without anything in it", () => {
  const cursor = openDiff(
    new SegmentDocument({
      sessionId: 1,
      signature: () => ["tested"],
      onWinner: () => undefined,
      onHolders: () => undefined,
      onFailure: () => undefined,
    }),
    new Map(),
  );
  let bytes = 0;
  for (let update = cursor.next(1); update; update = cursor.next(1)) bytes += update.length;
  assert.ok(bytes <= 2);
});

test("visits many sessions a few times only, and what grows behind its place as well", () => {
  const doc = new Y.Doc();
  const sessions = 3_000;
  const write = (session: number, count: number): Y.Doc => {
    const other = new Y.Doc();
    other.clientID = session;
    for (let i = 0; i < count; i++) other.getArray("list").push([i]);
    return other;
  };
  doc.transact(() => {
    for (let i = 1; i <= sessions; i++) Y.applyUpdate(doc, Y.encodeStateAsUpdate(write(i, 1)));
  });
  const { clients } = doc.store;
  let visits = 0;
  for (const name of ["keys", "values", "entries", Symbol.iterator] as const) {
    const iterate = clients[name].bind(clients) as () => Iterable<never>;
    clients[name] = function* () {
      for (const each of iterate()) {
        visits++;
        yield each;
      }
    } as never;
  }
  const cursor = openDiff({ doc, deletions: 0 }, new Map());
  const copy = new Y.Doc();
  for (let slices = 1; ; slices++) {
    const slice = cursor.next(65_536);
    if (slice === undefined) break;
    Y.applyUpdate(copy, slice);
    if (slices === sessions) Y.applyUpdate(doc, Y.encodeStateAsUpdate(write(1, 3)));
  }
  assert.is(Y.encodeStateVector(copy).length, Y.encodeStateVector(doc).length);
  assert.equal(Y.decodeStateVector(Y.encodeStateVector(copy)), Y.decodeStateVector(Y.encodeStateVector(doc)));
  assert.ok(visits < 6 * sessions, `${visits} visits`);
});

test("hands out a snapshot as it was when it began, and ends however much is written meanwhile", () => {
  const seed = freshSeed("snapshots");
  for (let run = 0; run < 20; run++) {
    const chance = new Chance(seed + run);
    const cleaning = { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8, moveBatch: 2 };
    const a = new Replica({ cleaning });
    const later: Uint8Array[] = [];
    const write = (): void => {
      for (let i = 0; i < 5; i++) {
        if (chance.below(4) === 0) a.channel.delete(`k${chance.below(12)}`);
        else a.channel.set(`k${chance.below(12)}`, chance.below(1_000));
        a.runtime.turn();
      }
      if (chance.below(3) === 0) a.sweep({ idle: true });
    };
    for (let i = 0; i < 20; i++) write();
    const document = a.document as SegmentDocument;
    const cursor = openSnapshot(document, document.vector());
    a.channel.replication.onUpdate((update) => later.push(update));
    const slices: Uint8Array[] = [];
    for (let slice = cursor.next(100); slice; slice = cursor.next(100)) {
      slices.push(slice);
      assert.ok(slices.length < 500, "no end");
      write();
    }
    const { document: loaded } = new Replica({ storage: storedAs([...slices, ...later]) });
    assert.is(loaded?.index.digest, document.index.digest, `seed ${seed + run}`);
    assert.equal(loaded?.vector(), document.vector());
    assert.is(loaded?.doc.store.pendingStructs, null);
  }
});
