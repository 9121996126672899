import { assert, suite } from "@chorus/testing";
import { Ownership } from "../src/document/ownership.js";

const test = suite("ownership");

const OWN = 9;
const sessions = (...complete: boolean[]) =>
  complete.map((isComplete, index) => ({ sessionId: index + 1, complete: isComplete }));
const create = (complete: boolean[], acquaintances: string[] = []): Ownership =>
  new Ownership(OWN, { sessions: sessions(...complete), acquaintances });

test("lets a replica do everything with its own session, and nothing with those of others", () => {
  const ownership = create([true]);
  assert.is(ownership.rightTo(OWN), "delete");
  assert.is(ownership.rightTo(77), "none");
});

test("gives complete earlier sessions free after a full sync, and leaves them alone before", () => {
  const ownership = create([true, true]);
  assert.equal([ownership.rightTo(1), ownership.rightTo(2)], ["none", "none"]);
  ownership.synced();
  assert.equal([ownership.rightTo(1), ownership.rightTo(2)], ["delete", "delete"]);
});

test("waits for every acquaintance, whoever else was synced with, until it is forgotten", () => {
  const ownership = create([true], ["b", "c", "gone"]);
  ownership.synced("d");
  ownership.synced("b");
  ownership.synced();
  assert.is(ownership.rightTo(1), "none");
  ownership.forget("gone");
  assert.is(ownership.rightTo(1), "none");
  ownership.synced("c");
  assert.is(ownership.rightTo(1), "delete");
});

test("never gives a torn session free, nor any before it", () => {
  const ownership = create([true, true, false, true]);
  ownership.synced();
  assert.equal(
    [1, 2, 3, 4].map((session) => ownership.rightTo(session)),
    ["drop", "drop", "drop", "delete"],
  );
  assert.equal(
    [1, 4].map((session) => ownership.isComplete(session)),
    [false, true],
  );
  ownership.markTorn(4);
  ownership.markTorn(77);
  assert.is(ownership.rightTo(4), "drop");
});

test("may drop from the sessions of retired replicas, and no more", () => {
  const ownership = create([true]);
  ownership.adopt([5, 6, OWN, 1]);
  assert.equal(
    [5, OWN, 1].map((session) => ownership.rightTo(session)),
    ["drop", "delete", "none"],
  );
  ownership.adopt([6, 7]);
  assert.equal(
    [5, 6, 7].map((session) => ownership.rightTo(session)),
    ["none", "drop", "drop"],
  );
});

test("leaves adopted sessions alone until everybody was heard since the last news of them", () => {
  const ownership = create([], ["b", "c"]);
  ownership.synced("d");
  ownership.adopt([5]);
  assert.is(ownership.rightTo(5), "none");
  ownership.synced("b");
  ownership.synced("c");
  assert.is(ownership.rightTo(5), "none");
  ownership.synced("d");
  assert.is(ownership.rightTo(5), "drop");
  assert.not(ownership.heard(77));
  assert.ok(ownership.heard(5));
  assert.not(ownership.heard(5), "no change");
  assert.is(ownership.rightTo(5), "none");
  ownership.forget("c");
  for (const replicaId of ["b", "d"]) ownership.synced(replicaId);
  assert.is(ownership.rightTo(5), "drop");
});

test("owns no earlier session once it has disowned them", () => {
  const ownership = create([true, false]);
  ownership.synced();
  ownership.disown();
  assert.equal(
    [1, 2, OWN].map((session) => ownership.rightTo(session)),
    ["none", "none", "delete"],
  );
  assert.equal(ownership.earlierSessions, []);
});

test("tells which sessions have become own ones, and which are so no longer", () => {
  const ownership = create([true, true], ["b"]);
  assert.equal(ownership.changes(), { added: [], removed: [] });
  ownership.synced("b");
  assert.equal(ownership.changes(), { added: [1, 2], removed: [] });
  assert.equal(ownership.changes(), { added: [], removed: [] });
  ownership.adopt([5]);
  assert.equal(ownership.changes(), { added: [], removed: [] });
  ownership.synced("b");
  assert.equal(ownership.changes(), { added: [5], removed: [] });
  ownership.disown();
  ownership.adopt([]);
  assert.equal(ownership.changes(), { added: [], removed: [1, 2, 5] });
});
