import { assert, suite } from "@chorus/testing";
import type { ChorusError } from "../src/errors.js";
import type { StateVector } from "../src/state-vector.js";
import { HeldStorage, storedAs } from "./held-storage.js";
import { Chance, freshSeed, Replica } from "./replica.js";

const test = suite("replication port");

/** What has not to change when something is refused. */
const state = ({ channel }: Replica): unknown[] => [
  channel.contentHash(),
  channel.documentBytes(),
  channel.size,
  channel.stats().heldEntries,
  [...channel.replication.vector()],
];

test("gives its vector as a fresh map, pending writes not in it", () => {
  const a = new Replica();
  const { replication } = a.channel;
  a.channel.set("k", 1);
  assert.is(replication.vector().size, 0);
  a.runtime.turn();
  const vector = replication.vector() as Map<number, number>;
  assert.ok((vector.get(a.channel.sessionId) ?? 0) > 0);
  vector.clear();
  assert.is(replication.vector().size, 1);
});

test("applies, says what advanced, and knows an update that comes again", () => {
  const a = new Replica();
  const b = new Replica();
  const update = a.set("k", 1);
  const advanced: [number, number][][] = [];
  const receive = () => b.channel.replication.receive(update, a, (entries) => advanced.push([...entries]));
  assert.is(receive(), "applied");
  assert.is(receive(), "unchanged");
  assert.is(b.receive(Uint8Array.of(0, 0)), "unchanged");
  assert.equal(advanced, [[...a.channel.replication.vector()]]);
  assert.equal(b.channel.stats().appliedUpdates, 1);
  assert.equal(b.channel.stats().repeatedUpdates, 2);
});

test("holds off an update whose predecessor is missing, and changes nothing", () => {
  const a = new Replica();
  const b = new Replica();
  const first = a.set("k", 1);
  const second = a.set("k", 2);
  const before = state(b);
  let stored = 0;
  assert.is(
    b.channel.replication.receive(second, a, () => stored++),
    "gap",
  );
  assert.is(stored, 0);
  assert.equal(state(b), before);
  assert.equal([b.receive(first), b.receive(second)], ["applied", "applied"]);
  assert.is(b.channel.stats().gaps, 1);
});

test("refuses bytes that are no update, with the code, and changes nothing", () => {
  const chance = new Chance(freshSeed("garbage"));
  const a = new Replica();
  const b = new Replica();
  const update = a.set("k", { a: [1, 2, 3] });
  b.set("mine", 1);
  const before = state(b);
  let refused = 0;
  for (let i = 0; i < 3_000; i++) {
    const bytes = Uint8Array.from(update.subarray(0, i % 3 ? update.length : chance.below(update.length)));
    if (i % 3)
      for (let flips = 1 + chance.below(3); flips > 0; flips--)
        bytes[chance.below(bytes.length)] = chance.below(256);
    const fresh = new Replica();
    try {
      fresh.receive(bytes);
    } catch (error) {
      refused++;
      assert.is((error as ChorusError).code, "protocol");
      assert.throwsCode(() => b.receive(bytes), "protocol");
    }
  }
  assert.ok(refused > 1_000);
  assert.is(b.channel.stats().refusedUpdates, refused);
  assert.equal(state(b), before);
  assert.is(b.receive(update), "applied");
});

test("refuses structs of its own session that it has not written", () => {
  const real = new Replica({ sessionId: 9_000_001 });
  const twin = new Replica({ sessionId: 9_000_001 });
  twin.set("k", 1);
  const before = state(real);
  assert.throwsCode(() => real.receive(twin.lastSent), "protocol");
  assert.equal(state(real), before);
});

test("reports once that its session id is in use twice", () => {
  const a = new Replica();
  const errors: string[] = [];
  a.channel.on("error", ({ code }) => errors.push(code));
  a.set("k", 1);
  const { replication } = a.channel;
  replication.observeVector(replication.vector());
  replication.observeVector(new Map());
  assert.equal(errors, []);
  const ahead = new Map([[a.channel.sessionId, 99]]);
  replication.observeVector(ahead);
  replication.observeVector(ahead);
  assert.equal(errors, ["replica-cloned"]);
});

test("sends on what it applied with its source, and its own without", () => {
  const a = new Replica();
  const b = new Replica();
  const events: [Uint8Array, object | undefined][] = [];
  const off = b.channel.replication.onUpdate((update, source) => events.push([update, source]));
  const update = a.set("k", 1);
  b.receive(update);
  b.receive(update);
  b.set("own", 1);
  assert.is(events.length, 2);
  assert.equal([...(events[0]?.[0] ?? [])], [...update]);
  assert.is(events[0]?.[1], b);
  assert.is(events[1]?.[1], undefined);
  off();
  b.set("own", 2);
  assert.is(events.length, 2);
});

test("stores before it sends: nothing of its own leaves, nothing is cut and nothing more is written meanwhile", () => {
  const log = new HeldStorage();
  const a = new Replica({ storage: log });
  const cut: number[] = [];
  a.channel.set("first", 1);
  a.runtime.turn();
  assert.is(log.waiting, 1);
  a.channel.set("second", 2);
  a.runtime.turn();
  a.channel.replication.whenShareable(() => cut.push(a.state().length));
  assert.equal([a.sent.length, cut.length, log.appended.length, a.channel.stats().commits], [0, 0, 1, 1]);
  assert.is(a.channel.get("second"), 2);
  log.release();
  assert.equal([a.sent.length, cut.length], [1, 1]);
  a.runtime.turn();
  assert.equal([a.sent.length, log.appended.length], [1, 2]);
  log.release();
  assert.equal(
    a.sent.map((update) => [...update]),
    log.appended.map((update) => [...update]),
  );
});

test("relays and acknowledges a peer's update only when it is stored, in order", () => {
  const log = new HeldStorage();
  const a = new Replica();
  const b = new Replica({ storage: log });
  const events: string[] = [];
  b.channel.replication.onUpdate((_update, source) => events.push(`sent ${source ? "theirs" : "own"}`));
  const acknowledged: StateVector[] = [];
  for (const update of [a.set("k", 1), a.set("k", 2)]) {
    const result = b.channel.replication.receive(update, a, (advanced) => {
      acknowledged.push(advanced);
      events.push("acknowledged");
    });
    assert.is(result, "applied");
  }
  assert.is(b.channel.get("k"), 2);
  assert.equal(events, []);
  log.release();
  assert.equal(events, ["sent theirs", "acknowledged"]);
  log.release();
  assert.equal(events, ["sent theirs", "acknowledged", "sent theirs", "acknowledged"]);
  assert.ok(
    (acknowledged[0]?.get(a.channel.sessionId) ?? 0) < (acknowledged[1]?.get(a.channel.sessionId) ?? 0),
  );
});

test("takes over a complete earlier session only after the first full sync", () => {
  const { earlier, options } = restart(true);
  const a = new Replica(options);
  a.sweep({ idle: true });
  assert.is(a.channel.stats().takenOverSegments, 0);
  a.channel.replication.markSynced();
  a.sweep({ idle: true });
  assert.is(a.channel.stats().takenOverSegments, 1);
  assert.equal(a.content(), earlier.content());
  assert.is(a.channel.contentHash(), earlier.channel.contentHash());
});

test("never takes over a session that the store did not keep whole, nor any before it", () => {
  const first = churned();
  const second = new Replica({
    wall: 20,
    storage: storedAs(first.state(), [{ sessionId: first.channel.sessionId, complete: true }]),
  });
  for (let i = 0; i < 10; i++) second.set("b", i);
  const third = new Replica({
    wall: 30,
    cleaning: { minIdleDead: 4 },
    storage: storedAs(second.state(), [
      { sessionId: first.channel.sessionId, complete: true },
      { sessionId: second.channel.sessionId, complete: false },
    ]),
  });
  third.channel.replication.markSynced();
  third.sweep({ idle: true });
  assert.is(third.channel.stats().takenOverSegments, 0);
  assert.is(third.channel.stats().segments, 2);
  const other = new Replica({ wall: 99 });
  third.syncTo(other);
  other.set("b", "newer");
  other.syncTo(third);
  third.sweep({ idle: true });
  assert.ok(third.channel.stats().dropped >= 1);
  assert.is(third.channel.get("b"), "newer");
});

test("finds an earlier session torn by a peer's vector, or by an update that brings more of it", () => {
  for (const how of ["vector", "update"]) {
    const { earlier, options } = restart(true);
    const lost = earlier.set("late", 1);
    const a = new Replica(options);
    const { replication } = a.channel;
    replication.markSynced();
    if (how === "vector") replication.observeVector(earlier.channel.replication.vector());
    else assert.is(a.receive(lost), "applied");
    a.sweep({ idle: true });
    assert.is(a.channel.stats().takenOverSegments, 0, how);
    const more = earlier.set("later", 2);
    for (const update of [lost, more]) a.receive(update);
    assert.is(a.channel.get("late"), 1);
    assert.is(a.channel.get("later"), 2);
  }
});

test("is not fooled by a peer's vector that knows less, or nothing, of an earlier session", () => {
  const { earlier, options } = restart(true);
  const a = new Replica(options);
  const { replication } = a.channel;
  replication.observeVector(new Map());
  replication.observeVector(new Map([[earlier.channel.sessionId, 1]]));
  replication.observeVector(replication.vector());
  replication.markSynced();
  a.sweep({ idle: true });
  assert.is(a.channel.stats().takenOverSegments, 1);
});

test("has equal digests where the contents are equal, and others where they are not", () => {
  const a = new Replica();
  const b = new Replica();
  assert.is(a.channel.replication.digest(), b.channel.replication.digest());
  a.set("k", 1);
  assert.is.not(a.channel.replication.digest(), b.channel.replication.digest());
  a.syncTo(b);
  assert.is(a.channel.replication.digest(), b.channel.replication.digest());
  assert.is(a.channel.contentHash(), a.channel.replication.digest().toString(16).padStart(14, "0"));
});

function churned(): Replica {
  const replica = new Replica();
  for (let i = 0; i < 10; i++) replica.set("churned", i);
  replica.set("kept", 1);
  return replica;
}

function restart(complete: boolean) {
  const earlier = churned();
  const sessions = [{ sessionId: earlier.channel.sessionId, complete }];
  return {
    earlier,
    options: { wall: 20, cleaning: { minIdleDead: 4 }, storage: storedAs(earlier.state(), sessions) },
  };
}
