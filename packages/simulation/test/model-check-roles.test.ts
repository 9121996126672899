// Retired replicas and copied stores in the model: who owns what and when, the shortest histories that show why, and
// that the normal form still merges nothing that differs.
import { assert, suite } from "@chorus/testing";
import { stateOfRow } from "../src/model/canonical.js";
import { type Configuration, configuration, parseConfiguration } from "../src/model/configuration.js";
import { describeHistory } from "../src/model/history.js";
import { Ownership } from "../src/model/ownership.js";
import { isAsExpected } from "../src/model/programme.js";
import { keptOf, metOf, originOf, retiredOf, retirersOf } from "../src/model/roles.js";
import { search } from "../src/model/search.js";
import { initialState, type State } from "../src/model/state.js";
import { canonicalizerOf, reachable, rowKey, successors } from "./reachable-states.js";

const test = suite("model checker: retired and copied replicas", { deadlineMs: 60_000 });

const SMALL = { sets: 1, deletes: 1, openings: 0 } as const;

/** Takes steps by their words, such as "A retires B"; of several alike the first. */
function follow(bounds: Configuration, start: State, steps: readonly string[]): State {
  return steps.reduce((state, words) => {
    const found = successors(bounds, state).find(
      (next) => describeHistory([next]).replace(/ ?"."|@\d+/g, "") === words,
    );
    assert.ok(found, `no such step: ${words}`);
    return (found as { state: State }).state;
  }, start);
}

/** All steps that may be taken, in words. */
const stepsFrom = (bounds: Configuration, state: State): string[] =>
  successors(bounds, state).map((next) => describeHistory([next]));

test("lets one that retires another own its sessions only when it has heard all others", () => {
  const bounds = configuration({ ...SMALL, retire: "silent" });
  const ownership = new Ownership(bounds);
  const retired = follow(bounds, initialState(3), ["A sets ", "B applies the next of A", "C retires A"]);
  assert.is(retiredOf(retired.roles), 0);
  assert.is(retirersOf(retired.roles), 0b100);
  assert.is(ownership.owns(retired, 2, 0), false);
  const heard = follow(bounds, retired, ["C syncs from B"]);
  assert.is(metOf(heard.roles, 2), 0b010);
  assert.is(ownership.owns(heard, 2, 0), true);
  assert.is(ownership.owns(heard, 1, 0), false);
  assert.is(ownership.mayMove(heard, 2, 0), false);
});

test("lets it hear all others again when something new of the retired one has come", () => {
  const bounds = configuration({ ...SMALL, retire: "returns" });
  const owning = follow(bounds, initialState(3), ["C retires A", "C syncs from B"]);
  assert.is(new Ownership(bounds).owns(owning, 2, 0), true);
  const behind = follow(bounds, owning, ["A sets ", "C applies the next of A"]);
  assert.is(metOf(behind.roles, 2), 0);
  assert.is(new Ownership(bounds).owns(behind, 2, 0), false);
});

test("takes no step of a replica that is gone, and retires none whose writes nobody else has", () => {
  const bounds = configuration({ ...SMALL, retire: "silent" });
  const written = follow(bounds, initialState(3), ["A sets "]);
  assert.not.ok(stepsFrom(bounds, written).includes("B retires A"));
  const gone = follow(bounds, written, ["B applies the next of A", "B retires A"]);
  assert.not.ok(stepsFrom(bounds, gone).some((words) => words.startsWith("A ")));
  assert.ok(stepsFrom(bounds, gone).includes("C applies the next of A"));
});

test("lets a retired replica that learns of it keep its current session only, and the others hear of that", () => {
  const bounds = configuration({ ...SMALL, openings: 1, retire: "returns" });
  const ownership = new Ownership(bounds);
  const back = follow(bounds, initialState(3), [
    ...["A sets ", "A starts a new session", "C retires A", "A applies the next of C"],
  ]);
  const current = back.sessions.length - 1;
  assert.is(keptOf(back.roles), current);
  assert.is(ownership.owns(back, 0, 0), false);
  assert.is(ownership.owns(back, 0, current), true);
  const owning = follow(bounds, back, ["C syncs from B"]);
  assert.is(ownership.owns(owning, 2, current), true);
  const told = follow(bounds, owning, [
    "C applies the next of A",
    "C applies the next of A",
    "C syncs from B",
  ]);
  assert.is(ownership.owns(told, 2, 0), true);
  assert.is(ownership.owns(told, 2, current), false);
});

test("starts a copy with what its origin had, in its place, and only where others have the rest", () => {
  const bounds = configuration({ ...SMALL, replicas: 2, copy: "rollback" });
  const copied = follow(bounds, initialState(3), ["the store of A is copied", "A sets "]);
  assert.is(originOf(copied.roles), 0);
  assert.is(new Ownership(bounds).isActive(copied, 2), false);
  assert.not.ok(stepsFrom(bounds, copied).some((words) => words.startsWith("the copy starts")));
  const started = follow(bounds, copied, [
    ...["B applies the next of A", "the copy starts as C in place of A"],
  ]);
  const steps = stepsFrom(bounds, started);
  assert.ok(steps.includes("C applies the next of A"));
  assert.not.ok(steps.some((words) => words.startsWith("A ")));
});

test("lets a copy that learns that it had forgotten something own no earlier session", () => {
  const bounds = configuration({ ...SMALL, replicas: 2, copy: "rollback" });
  const ownership = new Ownership(bounds);
  const start = ["A sets ", "the store of A is copied"];
  const starts = "the copy starts as C in place of A";
  const known = follow(bounds, initialState(3), ["A sets ", "the store of A is copied", starts]);
  assert.is(ownership.owns(known, 2, 0), false);
  assert.is(ownership.owns(follow(bounds, known, ["C syncs from B"]), 2, 0), true);
  const forgot = [...start, "A deletes ", "B applies the next of A", "B applies the next of A", starts];
  const told = follow(bounds, initialState(3), [...forgot, "C syncs from B"]);
  assert.is(ownership.owns(told, 2, 0), false);
});

const WRONG: readonly [string, Partial<Configuration>, steps: number, failure: string][] = [
  [
    "a retired replica's tombstone dropped before all others were heard",
    { retiring: "at-once" },
    6,
    "resurrected",
  ],
  ["two that move the entries of one", { retiring: "moves", retirers: 2 }, 9, "resurrected"],
];

for (const [what, fields, steps, failure] of WRONG) {
  test(`finds in ${steps} steps: ${what}`, () => {
    const bounds = { ...({ retire: "silent", sets: 2, openings: 0, depth: steps } as const), ...fields };
    const [finding] = search(configuration({ ...bounds, stopAtFirst: true })).findings;
    assert.is(finding?.failure, failure);
    assert.is(finding?.history.length, steps);
    assert.equal(search(configuration({ ...bounds, retiring: "drops" })).findings, []);
  });
}

test("finds in eight steps that a restored store drops a tombstone over an entry that it forgot it had moved", () => {
  const bounds = { mode: "full", copy: "rollback", replicas: 2, sets: 1, depth: 8 } as const;
  const [finding] = search(
    configuration({ ...bounds, taking: "until-evidence", stopAtFirst: true }),
  ).findings.filter(({ failure }) => failure !== "held");
  assert.is(finding?.failure, "resurrected");
  assert.match(
    describeHistory(finding?.history ?? []),
    /seals .* copied · A moves .* C deletes @2 · C sweeps$/,
  );
  const stands = search(configuration(bounds)).findings.map(({ failure }) => failure);
  assert.equal(stands, ["held"]);
});

test("finds that what comes back hides a newer set where the clock stands still and whole states travel", () => {
  const bounds = { ...SMALL, mode: "full", copy: "clone", replicas: 2, sets: 2, depth: 8 } as const;
  const kinds = (fields: Partial<Configuration>) =>
    search(configuration({ ...bounds, ...fields })).findings.map(({ failure }) => failure);
  assert.ok(kinds({}).includes("lost"));
  assert.equal(kinds({ stamps: "passed-on" }), ["resurrected"]);
});

for (const [what, fields] of [
  ["a retired replica", { retire: "returns", retirers: 2, sets: 1, depth: 5 }],
  ["a silent one", { retire: "silent", retirers: 2, sets: 1, depth: 6 }],
  ["a copied store", { copy: "clone", sets: 1, depth: 5 }],
  ["a restored one", { copy: "rollback", sets: 1, depth: 6 }],
] as const) {
  test(`finds the same with ${what} without the symmetry of replicas`, () => {
    const bounds = configuration(fields);
    const symmetric = reachable(bounds, canonicalizerOf(bounds, true));
    const plain = reachable(bounds, canonicalizerOf(bounds, false));
    assert.ok(plain.size > symmetric.size && plain.size <= 6 * symmetric.size);
    const merged = canonicalizerOf(bounds, true);
    const fromPlain = new Set([...plain.values()].map((state) => rowKey(merged, state)));
    assert.equal([...fromPlain].sort(), [...symmetric.keys()].sort());
  });

  test(`reads the normal form with ${what} back into a state with the same`, () => {
    const bounds = configuration(fields);
    const canonicalizer = canonicalizerOf(bounds, true);
    let compared = 0;
    for (const key of reachable(bounds, canonicalizer).keys()) {
      const words = Int32Array.from(key.split(",").map(Number));
      assert.is(rowKey(canonicalizer, stateOfRow(words, 0)), key);
      compared++;
    }
    assert.ok(compared > 500, `${compared}`);
  });
}

test("counts neither what is allowed nor what is to be found against a search, but anything else", () => {
  const bounds = configuration({ ...SMALL, retire: "abandoned", depth: 6 });
  const result = search(bounds);
  const item = { title: "", configuration: bounds };
  assert.ok(isAsExpected({ ...item, finds: ["held"], allows: [] }, result));
  assert.not.ok(isAsExpected({ ...item, finds: [], allows: [] }, result));
  assert.ok(isAsExpected({ ...item, finds: [], allows: ["held"] }, result));
  assert.not.ok(isAsExpected({ ...item, finds: ["lost"], allows: ["held"] }, result));
});

test("refuses a copy of one of four replicas, and a copy where one is retired", () => {
  for (const bad of [["copy=clone", "replicas=4"], ["copy=rollback", "retire=silent"], ["taking=all"]]) {
    assert.throws(
      () => parseConfiguration(bad),
      (error: unknown) => error instanceof TypeError,
    );
  }
  const parsed = parseConfiguration(["copy=clone", "taking=renounces"]);
  assert.is(parsed.copy, "clone");
  assert.is(parsed.taking, "renounces");
});
