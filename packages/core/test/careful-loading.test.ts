// What a replica makes of a store that lost records: what is intact is kept, nothing is applied over a gap.
import { assert, suite } from "@chorus/testing";
import { storedAs } from "./held-storage.js";
import { Chance, freshSeed, Replica, settle } from "./replica.js";

const test = suite("careful loading", { deadlineMs: 20_000 });

/** The next session of a replica on these updates, and whether they are known to be damaged. */
function reopen(earlier: Replica, updates: readonly Uint8Array[], isDamaged = true): Replica {
  const sessions = [{ sessionId: earlier.channel.sessionId, complete: !isDamaged }];
  return new Replica({ storage: storedAs(updates, sessions, { isDamaged }), wall: 5 });
}

/** The records of a replica that wrote one key after the other. */
function written(...keys: string[]): { replica: Replica; records: Uint8Array[] } {
  const replica = new Replica();
  for (const [value, key] of keys.entries()) replica.set(key, value);
  return { replica, records: [...replica.sent] };
}

test("keeps what was written after a lost record, as it was written", () => {
  const { replica, records } = written("a", "b", "c", "d");
  const again = reopen(replica, [records[0], records[2], records[3]] as Uint8Array[]);
  assert.equal(again.content(), { a: 0, c: 2, d: 3 });
  assert.is(again.stampOf("c"), replica.stampOf("c"));
  assert.equal(again.document?.doc.store.pendingStructs, null);
});

test("gets the rest back from the peers, and all are equal", () => {
  const { replica, records } = written("a", "b", "c", "d");
  const peer = new Replica();
  replica.syncTo(peer);
  const again = reopen(replica, [records[0], records[3]] as Uint8Array[]);
  again.set("e", 4);
  const [content, other] = settle(again, peer);
  assert.equal(content, { a: 0, b: 1, c: 2, d: 3, e: 4 });
  assert.equal(other, content);
  assert.is(again.channel.contentHash(), peer.channel.contentHash());
});

test("loads nothing, and says so, when the first record is lost and nothing tells the segment", () => {
  const { replica, records } = written("a", "a", "b");
  const again = reopen(replica, records.slice(1));
  // The second record names the lost one for its key; the third has a key of its own.
  assert.equal(again.content(), { b: 2 });
});

test("finds a gap that the store did not notice, and holds nothing back in Yjs", () => {
  const { replica, records } = written("a", "b", "c");
  const again = reopen(replica, [records[0], records[2]] as Uint8Array[], false);
  const errors: string[] = [];
  again.channel.on("error", ({ code }) => errors.push(code));
  again.runtime.turn();
  assert.equal(errors, ["store-damaged"]);
  assert.equal(again.content(), { a: 0, c: 2 });
  assert.equal(again.document?.doc.store.pendingStructs, null);
});

test("does not bring back what was deleted behind the gap", () => {
  const replica = new Replica();
  const peer = new Replica({ wall: 50 });
  for (const key of ["kept", "deleted", "lost"]) replica.set(key, 1);
  replica.delete("deleted");
  replica.sweep();
  peer.syncTo(replica);
  const records = [...replica.sent];
  assert.is(records.length, 5);
  const again = reopen(
    replica,
    records.filter((_, index) => index !== 2),
  );
  assert.equal(again.content(), { kept: 1 });
});

test("reads bytes that are no update as lost, and never throws", () => {
  const { replica, records } = written("a", "b");
  const junk = [Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(255, 255, 255, 255, 15), new Uint8Array(40)];
  for (const isDamaged of [true, false]) {
    const again = reopen(replica, [...junk, ...records, ...junk], isDamaged);
    assert.equal(again.content(), { a: 0, b: 1 });
  }
});

test("shows only what was written, and converges, whatever records are lost", () => {
  const seed = freshSeed("lost records");
  for (let run = 0; run < 60; run++) {
    const chance = new Chance(seed + run);
    const cleaning = { minIdleDead: 4, minSegmentStructs: 8, maxSegmentStructs: 8, moveBatch: 2 };
    const replica = new Replica({ cleaning });
    const peer = new Replica({ wall: 20, cleaning });
    const writtenValues = new Set<string>();
    const received: Uint8Array[] = [];
    replica.channel.replication.onUpdate((update) => received.push(update));
    for (let step = 0; step < 40; step++) {
      const writer = chance.below(3) ? replica : peer;
      const key = `k${chance.below(4)}`;
      if (chance.below(4) === 0) writer.channel.delete(key);
      else {
        writer.set(key, step);
        writtenValues.add(`${key} ${step}`);
      }
      writer.runtime.turn();
      if (chance.below(4) === 0) peer.syncTo(replica);
      if (chance.below(6) === 0) replica.syncTo(peer);
      if (chance.below(4) === 0) replica.sweep({ idle: true });
    }
    const kept = received.filter(() => chance.below(6) > 0);
    const again = reopen(replica, kept);
    for (const [key, value] of again.channel.entries()) {
      assert.ok(writtenValues.has(`${key} ${value}`), `seed ${seed + run}: ${key} ${value}`);
    }
    settle(again, peer);
    assert.is(again.channel.contentHash(), peer.channel.contentHash(), `seed ${seed + run}`);
    assert.equal(again.document?.doc.store.pendingStructs, null);
  }
});
