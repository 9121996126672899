// Who a replica is, and what becomes of it when it exists twice, was rolled back, or was retired.
import { assert, suite } from "@chorus/testing";
import type { ChorusError } from "../src/index.js";
import { type HeldStorage, storedAs } from "./held-storage.js";
import { Replica, settle } from "./replica.js";

const test = suite("identity");

const cleaning = { minIdleDead: 4 };

interface Started {
  replica: Replica;
  storage: HeldStorage;
  errors: string[];
}

/** A replica with a store, or its next session. */
function start(replicaId: string, earlier?: Replica, acquaintances: string[] = []): Started {
  const sessions = earlier ? [{ sessionId: earlier.channel.sessionId, complete: true }] : [];
  const storage = storedAs(earlier?.state() ?? [], sessions, { replicaId, acquaintances });
  const replica = new Replica({ storage, cleaning });
  const errors: string[] = [];
  replica.channel.on("error", ({ code }: ChorusError) => errors.push(code));
  replica.runtime.turn();
  return { replica, storage, errors };
}

function churn({ replica }: Started): void {
  for (let i = 0; i < 8; i++) replica.set("churned", i);
  replica.set("kept", 1);
}

test("signs what it writes, so that every replica knows whose session is whose", () => {
  const a = start("a").replica;
  const b = start("b").replica;
  a.set("k", 1);
  b.set("l", 1);
  settle(a, b);
  for (const { document } of [a, b]) {
    assert.equal(document?.signatures.sessionsOf("a"), [a.channel.sessionId]);
    assert.equal(document?.signatures.sessionsOf("b"), [b.channel.sessionId]);
  }
});

test("takes over its earlier session only after it has synced with everybody it knew", () => {
  const before = start("a");
  churn(before);
  const { replica, storage } = start("a", before.replica, ["b", "c"]);
  const sweep = (): number => {
    replica.sweep({ idle: true });
    return replica.channel.stats().takenOverSegments;
  };
  replica.channel.replication.markSynced("b");
  replica.channel.replication.markSynced();
  assert.is(sweep(), 0);
  replica.channel.replication.markSynced("c");
  assert.is(sweep(), 1);
  assert.equal(storage.met, ["b", "c"]);
  assert.equal(replica.content(), { churned: 7, kept: 1 });
});

for (const how of ["a peer's vector", "an update of a peer", "a session signed with its id"]) {
  test(`goes on under a new id when ${how} shows that its store was rolled back`, () => {
    const before = start("a");
    churn(before);
    const { replica, storage, errors } = start("a", before.replica);
    if (how.endsWith("id")) {
      const lost = start("a", before.replica).replica;
      lost.set("later", 1);
      lost.syncTo(replica);
    } else {
      const late = before.replica.set("later", 1);
      if (how.endsWith("vector")) {
        replica.channel.replication.observeVector(before.replica.channel.replication.vector());
      }
      replica.receive(late);
    }
    replica.runtime.turn();
    assert.equal([errors, storage.renounced], [["store-copied"], 1]);
    assert.is(replica.channel.replicaId, "a-renounced");
    replica.channel.replication.markSynced();
    replica.sweep({ idle: true });
    assert.equal([replica.channel.stats().takenOverSegments, replica.channel.stats().dropped], [0, 0]);
    assert.equal(replica.document?.signatures.sessionsOf("a-renounced"), [replica.channel.sessionId]);
    assert.equal(replica.content(), { churned: 7, kept: 1, later: 1 });
  });
}

test("does not own what comes of an earlier session with the update that shows its store to be rolled back", () => {
  const before = start("a");
  before.replica.set("stored", 1);
  const { replica, errors } = start("a", before.replica);
  replica.channel.replication.markSynced();
  const [stored] = replica.document?.segments ?? [];
  assert.ok(stored?.owned);
  before.replica.document?.seal();
  const news = before.replica.set("lost", 2);
  replica.channel.replication.receive(news, {}, () => undefined);
  replica.runtime.turn();
  assert.equal(errors, ["store-copied"]);
  const { sessionId } = before.replica.channel;
  const earlier = [...(replica.document?.segments ?? [])].filter(({ session }) => session === sessionId);
  assert.equal(
    earlier.map(({ owned }) => owned),
    [false, false],
  );
});

test("renounces once in a session when others say that it exists twice, and never without a store", () => {
  const { replica, storage } = start("a");
  const reasons: string[] = [];
  replica.channel.onRenounced(() => reasons.push(replica.channel.replicaId));
  const reason = { code: "replica-cloned" } as ChorusError;
  assert.ok(replica.channel.renounce(reason));
  assert.not(replica.channel.renounce(reason));
  assert.equal([reasons, storage.renounced], [["a-renounced"], 1]);
  assert.not(new Replica({ replicaId: "named" }).channel.renounce(reason));
});

test("owns what a retired replica wrote, and lets its tombstones and those over it go", () => {
  const [a, b, gone] = ["a", "b", "gone"].map((id) => start(id).replica) as [Replica, Replica, Replica];
  for (let i = 0; i < 5; i++) gone.set(`theirs${i}`, i);
  gone.set("deleted", 1);
  gone.set("overwritten", 1);
  gone.set("tombstone", 1);
  gone.delete("tombstone");
  a.set("held", 1);
  settle(a, b, gone);
  a.delete("deleted");
  b.set("overwritten", 2);
  settle(a, b);
  const held = a.channel.stats().heldEntries;
  assert.is(a.channel.size, 7);
  assert.ok(held > a.channel.size, "held because of the one that is gone");
  assert.throwsCode(() => a.channel.retire("a"), "invalid-option");
  for (const wrong of ["", "two words", "x".repeat(129), 5 as unknown as string]) {
    assert.throwsCode(() => a.channel.retire(wrong), "invalid-option");
  }
  assert.is(a.channel.retire("nobody"), 0);
  assert.is(a.channel.retire("gone"), 7);
  const [content] = settle(a, b);
  for (const segment of a.document?.segments ?? []) {
    if (segment.session === gone.channel.sessionId) assert.ok(segment.owned);
  }
  assert.is(a.channel.stats().heldEntries, a.channel.size);
  assert.is(b.channel.stats().heldEntries, b.channel.size);
  assert.equal(Object.keys(content ?? {}).length, 7);
  assert.is(content?.overwritten, 2);
  assert.is(a.channel.contentHash(), b.channel.contentHash());
});

test("goes on as a new replica when it returns after it was retired, and nothing of it is lost", () => {
  const a = start("a").replica;
  const gone = start("gone");
  gone.replica.set("k", 1);
  settle(a, gone.replica);
  gone.replica.set("unsent", 1);
  const { replica, errors, storage } = start("gone", gone.replica);
  a.channel.retire("gone");
  settle(a);
  a.set("k", 2);
  replica.set("mine", 1);
  const [content] = settle(a, replica);
  assert.equal(errors, ["replica-retired"]);
  assert.is(storage.renounced, 1);
  assert.is(replica.channel.replicaId, "gone-renounced");
  assert.equal(content, { k: 2, mine: 1, unsent: 1 });
  assert.is(a.channel.contentHash(), replica.channel.contentHash());
});

test("no longer owns the session of a replica that has returned under a new id", () => {
  const a = start("a").replica;
  const { replica } = start("gone");
  replica.set("k", 1);
  settle(a, replica);
  a.channel.retire("gone");
  settle(a, replica);
  assert.equal(a.document?.signatures.sessionsOf("gone"), []);
  replica.set("k", 2);
  replica.set("l", 2);
  replica.syncTo(a);
  a.sweep({ idle: true });
  assert.is(
    [...(a.document?.segments ?? [])].filter(({ owned, held }) => owned && held > 0).length > 1,
    false,
  );
  assert.equal(settle(a, replica)[0], { k: 2, l: 2 });
});

test("still owns what it has retired after a restart, and waits for nobody who is retired", () => {
  const before = start("a");
  const gone = start("gone");
  gone.replica.set("k", 1);
  gone.replica.set("l", 1);
  gone.replica.syncTo(before.replica);
  before.replica.channel.retire("gone");
  const { replica, storage } = start("a", before.replica, ["gone"]);
  assert.equal(storage.forgotten, ["gone"]);
  replica.channel.replication.markSynced();
  replica.set("k", 2);
  replica.sweep({ idle: true });
  assert.equal(replica.content(), { k: 2, l: 1 });
  assert.is(replica.channel.stats().heldEntries, 2);
});
