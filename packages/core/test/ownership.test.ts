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

test("gives complete earlier sessions free after a full sync, and not before", () => {
  const ownership = create([true, true]);
  assert.equal([ownership.rightTo(1), ownership.rightTo(2)], ["drop", "drop"]);
  ownership.synced();
  assert.equal([ownership.rightTo(1), ownership.rightTo(2)], ["delete", "delete"]);
});

test("waits for every acquaintance, whoever else was synced with, until it is forgotten", () => {
  const ownership = create([true], ["b", "c", "gone"]);
  ownership.synced("d");
  ownership.synced("b");
  ownership.synced();
  assert.is(ownership.rightTo(1), "drop");
  ownership.forget("gone");
  assert.is(ownership.rightTo(1), "drop");
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

test("adopts the sessions of retired replicas: to be emptied, not deleted", () => {
  const ownership = create([true]);
  assert.equal(ownership.adopt([5, 6, OWN, 1]), { added: [5, 6], removed: [] });
  assert.equal(
    [ownership.rightTo(5), ownership.rightTo(OWN), ownership.rightTo(1)],
    ["empty", "delete", "drop"],
  );
  assert.equal(ownership.adopt([6, 7]), { added: [7], removed: [5] });
  assert.is(ownership.rightTo(5), "none");
});

test("owns no earlier session once it has disowned them", () => {
  const ownership = create([true, false]);
  assert.equal(ownership.disown(), [1, 2]);
  ownership.synced();
  assert.equal(
    [1, 2, OWN].map((session) => ownership.rightTo(session)),
    ["none", "none", "delete"],
  );
  assert.equal(ownership.earlierSessions, []);
});
