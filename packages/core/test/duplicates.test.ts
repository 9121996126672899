import { assert, suite } from "@chorus/testing";
import { judge, ReplacedSessions, type Verdict } from "../src/duplicates.js";

const test = suite("duplicates");

const rw = { ourGrant: "rw", theirGrant: "rw" } as const;

/** The verdict of replica `own` about a newcomer and a present connection to `peer`. */
function verdict(
  own: string,
  peer: string,
  directions: [newcomer: "in" | "out", present: "in" | "out"],
): Verdict {
  const party = (direction: "in" | "out") =>
    ({
      ...rw,
      replicaId: peer,
      sessionId: 1,
      direction: direction === "in" ? "inbound" : "outbound",
    }) as const;
  return judge(own, party(directions[0]), party(directions[1]));
}

test("it keeps the connection opened by the lower replicaId, whichever came first", () => {
  assert.is(verdict("a", "b", ["out", "in"]), "present-goes");
  assert.is(verdict("a", "b", ["in", "out"]), "newcomer-goes");
  assert.is(verdict("b", "a", ["out", "in"]), "newcomer-goes");
  assert.is(verdict("b", "a", ["in", "out"]), "present-goes");
});

test("it lets the side that opened both decide: the first stays", () => {
  for (const [own, peer] of [
    ["a", "b"],
    ["b", "a"],
  ] as const) {
    assert.is(verdict(own, peer, ["out", "out"]), "newcomer-goes");
    assert.is(verdict(own, peer, ["in", "in"]), "both");
  }
});

test("it replaces another session of the same replica, in every direction", () => {
  for (const direction of ["inbound", "outbound"] as const) {
    const newcomer = { ...rw, replicaId: "b", sessionId: 2, direction };
    assert.is(
      judge("a", newcomer, { ...rw, replicaId: "b", sessionId: 1, direction: "inbound" }),
      "present-replaced",
    );
  }
});

test("it keeps both when they permit different things, at both ends alike", () => {
  const grants = ["r", "w", "rw", ""] as const;
  for (const ourGrant of grants) {
    for (const theirGrant of grants) {
      const isSame = ourGrant === "rw" && theirGrant === "rw";
      const here = { ...rw, replicaId: "b", sessionId: 1 };
      const there = { ...rw, replicaId: "a", sessionId: 2 };
      const atA = judge(
        "a",
        { ...here, direction: "inbound", ourGrant, theirGrant },
        { ...here, direction: "outbound" },
      );
      const atB = judge(
        "b",
        { ...there, direction: "outbound", ourGrant: theirGrant, theirGrant: ourGrant },
        { ...there, direction: "inbound" },
      );
      assert.is(atA, isSame ? "newcomer-goes" : "both");
      assert.is(atB, atA);
    }
  }
});

test("it remembers replaced sessions, but not without bound", () => {
  const replaced = new ReplacedSessions(2, 2);
  for (const session of [1, 2, 3]) replaced.add("a", session, session * 10);
  assert.equal(
    [1, 2, 3].map((session) => replaced.at("a", session)),
    [undefined, 20, 30],
  );
  replaced.add("b", 1, 0);
  replaced.add("a", 4, 40);
  replaced.add("c", 1, 0);
  assert.equal(
    ["a", "b", "c"].map((id) => replaced.at(id, id === "a" ? 4 : 1)),
    [40, undefined, 0],
  );
  replaced.delete("a", 4);
  replaced.delete("nobody", 4);
  assert.is(replaced.at("a", 4), undefined);
});
