// The shortest histories that broke earlier versions of the rules (docs/document.md tells them). H1 to H11, each on
// whole channels, with everybody synced and swept at the end.
import { assert, suite } from "@chorus/testing";
import { MAX_STAMP, STAMPS_PER_MS } from "../src/stamp.js";
import { storedAs } from "./held-storage.js";
import { Replica, settle } from "./replica.js";

const test = suite("histories");

/** Writes enough over that a segment is worth cleaning. */
function churn(replica: Replica): void {
  for (let i = 0; i < 8; i++) replica.set("churned", i);
  replica.delete("churned");
}

const ofEarlierSession = (earlier: Replica, complete: boolean) => ({
  storage: storedAs(earlier.state(), [{ sessionId: earlier.channel.sessionId, complete }], {
    replicaId: earlier.channel.replicaId,
  }),
});

/** A replica's next session that has synced before, so that it may take over. */
function restarted(
  earlier: Replica,
  options: { complete: boolean; wall?: number; sessionId?: number },
): Replica {
  const { complete, ...rest } = options;
  const replica = new Replica({
    ...ofEarlierSession(earlier, complete),
    cleaning: { minIdleDead: 4 },
    ...rest,
  });
  replica.channel.replication.markSynced();
  return replica;
}

test("H1: an overwritten value does not return when what covered its overwriter was deleted", () => {
  const a = new Replica();
  const b = new Replica();
  const c = new Replica({ wall: 50 });
  a.set("k", "old");
  a.syncTo(b);
  b.set("k", "new");
  c.set("k", "c");
  c.syncTo(b);
  b.sweep();
  c.delete("k");
  c.sweep();
  // c deleted without having seen what b wrote, so that survives; "old", which b had seen, must not.
  assert.equal(settle(a, b, c), [{ k: "new" }, { k: "new" }, { k: "new" }]);
});

test("H2: of two values with equal stamps one stays when a session with a lower id takes over", () => {
  const a = new Replica();
  const b = new Replica();
  churn(b);
  a.set("k", "a", 10);
  b.set("k", "b", 10);
  a.syncTo(b);
  b.syncTo(a);
  a.sweep();
  const b2 = restarted(b, { complete: true, sessionId: 1 });
  b2.sweep({ idle: true });
  assert.is(b2.channel.stats().takenOverSegments, 1);
  assert.equal(settle(a, b2), [{ k: "b" }, { k: "b" }]);
});

test("H3: a torn session's lost tail comes back from the peers, and its deletions hold", () => {
  const a = new Replica();
  const p = new Replica();
  churn(a);
  a.set("x", 1);
  const atTheTear = a.state();
  a.set("y", 2);
  a.delete("x");
  a.sweep();
  a.syncTo(p);
  const a2 = new Replica({
    wall: 20,
    storage: storedAs(atTheTear, [{ sessionId: a.channel.sessionId, complete: true }]),
    cleaning: { minIdleDead: 4 },
  });
  // The peer's vector tells that the session is torn, whatever the store believed.
  a2.channel.replication.observeVector(p.channel.replication.vector());
  a2.channel.replication.markSynced();
  a2.sweep({ idle: true });
  assert.is(a2.channel.stats().takenOverSegments, 0);
  assert.equal(settle(a2, p), [{ y: 2 }, { y: 2 }]);
});

test("H4: a clone that owns no earlier session does not bring back what was deleted", () => {
  const a = new Replica();
  const c = new Replica();
  churn(a);
  a.set("k", 1);
  a.syncTo(c);
  const b1 = restarted(a, { complete: true, wall: 20 });
  // Known to be a clone: a new replicaId, and no earlier session (rule 7).
  const b2 = new Replica({ wall: 20, storage: storedAs(a.state()) });
  b1.sweep({ idle: true });
  b2.sweep({ idle: true });
  assert.is(b1.channel.stats().takenOverSegments, 1);
  assert.is(b2.channel.stats().takenOverSegments, 0);
  b1.syncTo(c);
  c.delete("k");
  c.syncTo(b1);
  b1.sweep();
  b1.syncTo(c);
  c.sweep();
  assert.equal(settle(b1, b2, c), [{}, {}, {}]);
});

test("H5: an update that overtakes what it builds on loses nothing and brings nothing back", () => {
  const a = new Replica();
  const b = new Replica();
  const c = new Replica();
  const first = a.set("k", "a");
  a.syncTo(b);
  b.set("k", "b");
  assert.is(c.receive(b.lastSent), "applied");
  c.delete("k");
  c.syncTo(b);
  b.sweep();
  c.receive(b.lastSent);
  c.sweep();
  c.receive(first);
  assert.equal(settle(a, b, c), [{}, {}, {}]);
});

test("H6: the last update of a move is refused before the first", () => {
  const a = new Replica({ cleaning: { minIdleDead: 4, moveBatch: 1 } });
  const c = new Replica();
  churn(a);
  a.set("k", "a");
  a.set("k", "b");
  a.syncTo(c);
  c.delete("k");
  a.sent.length = 0;
  a.sweep({ idle: true });
  assert.ok(a.sent.length >= 2, `a move of several updates, not ${a.sent.length}`);
  assert.is(c.receive(a.lastSent), "gap");
  c.sweep();
  assert.equal(settle(a, c), [{}, {}]);
});

test("H7: a deletion shows in the state vector", () => {
  const a = new Replica();
  const b = new Replica({ wall: 20 });
  const c = new Replica();
  a.set("k", "a");
  a.syncTo(b);
  a.syncTo(c);
  b.delete("k");
  b.syncTo(a);
  b.syncTo(c);
  a.sweep();
  b.receive(a.lastSent);
  b.sweep();
  assert.is(c.receive(b.lastSent), "applied");
  const known = c.channel.replication.vector().get(a.channel.sessionId) ?? 0;
  const written = a.channel.replication.vector().get(a.channel.sessionId) ?? 0;
  assert.ok(known < written, "the vector tells that c lacks the drop of a");
  assert.equal(settle(a, b, c), [{}, {}, {}]);
});

test("H8: a forced timestamp that would not win writes nothing", () => {
  const a = new Replica({ wall: 100 });
  a.set("k", "new");
  assert.is(a.channel.set("k", "old", { timestampMs: 50 }), false);
  assert.equal(a.content(), { k: "new" });
});

test("H9: near the highest stamp every later stamp is still different, and beyond it refused", () => {
  const highest = Math.floor(MAX_STAMP / STAMPS_PER_MS);
  const a = new Replica();
  const b = new Replica();
  a.set("k", "x", highest);
  a.syncTo(b);
  assert.throwsCode(() => b.channel.set("k", "y"), "invalid-timestamp");
  assert.throwsCode(() => a.channel.set("other", "x", { timestampMs: highest + 1 }), "invalid-timestamp");
  assert.ok(b.channel.set("other", 1));
  assert.equal(settle(a, b), [
    { k: "x", other: 1 },
    { k: "x", other: 1 },
  ]);
});

test("H10: a tenth segment is no lower than a ninth, since ids never decide", () => {
  const a = new Replica({ cleaning: { minSegmentStructs: 4, maxSegmentStructs: 4, minIdleDead: 1_000_000 } });
  const b = new Replica();
  for (let i = 0; i < 40; i++) {
    a.set(`k${i % 3}`, i);
    if (i % 4 === 0) a.sweep();
  }
  assert.equal(a.content(), { k0: 39, k1: 37, k2: 38 });
  assert.equal(settle(a, b), [a.content(), a.content()]);
});

test("H11: one fast clock does not push the others into the future", () => {
  const a = new Replica({ wall: 1_000_000 });
  const b = new Replica();
  a.set("k", 1);
  a.syncTo(b);
  b.set("k", 2);
  b.set("other", 1);
  assert.is(b.channel.timestampOf("k"), 1_000_000);
  assert.is(b.channel.timestampOf("other"), 10);
});

/**
 * A value of a's, deleted by b, whose tombstone came to c and went again, while the value itself is still on its way
 * to c: set and drop, to be delivered late.
 */
function deletionCameAndWent() {
  const a = new Replica({ wall: 10 });
  const b = new Replica({ wall: 10 });
  const storage = storedAs([]);
  const c = new Replica({ wall: 10, storage });
  const setByA = a.set("k", "b");
  a.syncTo(b);
  const deletedByB = b.delete("k");
  c.receive(deletedByB);
  a.receive(deletedByB);
  a.sweep();
  const droppedByA = a.lastSent;
  b.receive(droppedByA);
  b.sweep();
  c.receive(b.lastSent);
  return { a, b, c, setByA, droppedByA, storage };
}

test("H12: a write is above a deletion that came and went, so that what it covered cannot supersede the write", () => {
  // Found by the model checker: without remembered stamps both entries end up dropped.
  const { a, b, c, setByA, droppedByA } = deletionCameAndWent();
  c.set("k", "a");
  c.receive(setByA);
  c.sweep();
  c.receive(droppedByA);
  assert.equal(settle(a, b, c), [{ k: "a" }, { k: "a" }, { k: "a" }]);
});

test("H12, restarted: the write is above such a deletion also when its writer has restarted in between", () => {
  const { a, b, c, setByA, droppedByA, storage } = deletionCameAndWent();
  const sessions = [{ sessionId: c.channel.sessionId, complete: true }];
  const { kept, seenStamp } = storage;
  const again = new Replica({ wall: 10, storage: storedAs([...kept], sessions, { seenStamp }) });
  again.set("k", "a");
  again.receive(setByA);
  again.sweep();
  again.receive(droppedByA);
  assert.equal(settle(a, b, again), [{ k: "a" }, { k: "a" }, { k: "a" }]);
});

test("H13: a deletion far in the future moves no other key there, over a restart neither", () => {
  const storage = storedAs([]);
  const a = new Replica({ wall: 1_000_000, storage });
  const far = 8_000_000_000_000;
  a.set("k", 1);
  a.channel.delete("k", { timestampMs: far });
  a.runtime.turn();
  a.sweep();
  assert.is(a.channel.stats().heldEntries, 0);
  a.set("other", 1);
  assert.is(a.channel.timestampOf("other"), 1_000_000);
  assert.ok(storage.seenStamp < far);
  const sessions = [{ sessionId: a.channel.sessionId, complete: true }];
  const { kept, seenStamp } = storage;
  const again = new Replica({ wall: 1_000_000, storage: storedAs([...kept], sessions, { seenStamp }) });
  again.set("new", 1);
  assert.is(again.channel.timestampOf("new"), 1_000_000);
});
