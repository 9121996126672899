// The model checker on small bounds: the engine's rules stand, every wrong rule is found out, and the checker itself
// is checked: its normal form merges nothing that differs, and its stamps are the engine's.
import { assert, suite } from "@chorus/testing";
import { stateOfRow } from "../src/model/canonical.js";
import { configuration, parseConfiguration } from "../src/model/configuration.js";
import { describeHistory } from "../src/model/history.js";
import { isAsExpected, programme, visibleFindings } from "../src/model/programme.js";
import { search } from "../src/model/search.js";
import { nextStamp } from "../src/model/stamp-table.js";
import { initialState } from "../src/model/state.js";
import { canonicalizerOf, reachable, rowKey, successors } from "./reachable-states.js";

const test = suite("model checker", { deadlineMs: 60_000 });

for (const item of programme("smoke")) {
  test(`${item.finds.length > 0 ? "finds what is known" : "finds nothing"}: ${item.title}`, () => {
    const result = search(item.configuration);
    const found = visibleFindings(result).map(
      (finding) => `${finding.failure}: ${describeHistory(finding.history)}`,
    );
    assert.ok(isAsExpected(item, result), found.join("\n") || `nothing in ${result.states} states`);
  });
}

test("finds the eight steps that brought an overwritten value back under the first version", () => {
  const result = search(
    configuration({
      ...{ mode: "full", rules: "first-version", ties: "segment", stopAtFirst: true },
      ...{ depth: 8, sets: 3, deletes: 1, openings: 0 },
    }),
  );
  const [finding] = visibleFindings(result);
  assert.is(finding?.failure, "resurrected");
  assert.is(finding?.history.length, 8);
  assert.match(describeHistory(finding?.history ?? []), /^A sets .* C sweeps$/);
});

test("finds that a tie broken by segment id loses both entries when one is taken over", () => {
  const bounds = { mode: "full", ties: "segment", depth: 8, sets: 2, deletes: 0, stopAtFirst: true } as const;
  const [finding] = visibleFindings(search(configuration(bounds)));
  assert.is(finding?.failure, "lost");
  assert.match(describeHistory(finding?.history ?? []), /starts a new session · B moves/);
});

test("finds that a late clock loses a set when stamps forget what was dropped, and not when they remember", () => {
  const bounds = { mode: "sessions", sets: 2, openings: 0, stopAtFirst: true } as const;
  const [finding] = visibleFindings(search(configuration({ ...bounds, stamps: "forgotten", depth: 12 })));
  assert.is(finding?.failure, "lost");
  assert.is(finding?.history.length, 12);
  assert.equal(search(configuration({ ...bounds, depth: 30 })).findings, []);
});

test("finds no entry that is held for ever, not even where stamps and values are equal", () => {
  const bounds = { mode: "full", sets: 2, deletes: 2, openings: 0, depth: 30 } as const;
  assert.equal(search(configuration(bounds)).findings, []);
});

test("says that a history ended by itself where the bounds allow no further step", () => {
  const result = search(configuration({ mode: "full", sets: 1, deletes: 1, openings: 0, depth: 30 }));
  assert.is(result.endedBy, "bounds");
  assert.ok(result.depthReached < 30);
});

test("says that it gave up at the limit of states", () => {
  const result = search(configuration({ maxStates: 100 }));
  assert.is(result.endedBy, "limit");
  assert.is(result.complete, false);
});

test("finds the same without the symmetry of replicas, in up to six times as many states", () => {
  const bounds = configuration({ mode: "full", sets: 2, deletes: 1, depth: 6 });
  const symmetric = reachable(bounds, canonicalizerOf(bounds, true));
  const plain = reachable(bounds, canonicalizerOf(bounds, false));
  assert.ok(
    plain.size > symmetric.size && plain.size <= 6 * symmetric.size,
    `${plain.size}, ${symmetric.size}`,
  );
  const merged = canonicalizerOf(bounds, true);
  const fromPlain = new Set([...plain.values()].map((state) => rowKey(merged, state)));
  assert.equal([...fromPlain].sort(), [...symmetric.keys()].sort());
});

test("reads a normal form back into a state with the same normal form", () => {
  const bounds = configuration({ depth: 4 });
  const canonicalizer = canonicalizerOf(bounds, true);
  let level = [initialState(3)];
  let compared = 0;
  for (let step = 0; step < 4; step++) {
    level = level.flatMap((state) => successors(bounds, state).map((next) => next.state));
    for (const state of level) {
      const row = canonicalizer.row(state);
      const words = row.words.slice(0, row.length);
      assert.equal(rowKey(canonicalizer, stateOfRow(words, 0)), words.join());
      compared++;
    }
  }
  assert.ok(compared > 500, `${compared}`);
});

test("gives the stamps of the engine's clock", () => {
  assert.equal(nextStamp(0, -1, 0), { stamp: 1, clock: 1 });
  assert.equal(nextStamp(1, 7, 0), { stamp: 8, clock: 2 });
  assert.equal(nextStamp(2, 1, 3), { stamp: 3072, clock: 3072 });
  assert.equal(nextStamp(3072, 5, 1), { stamp: 3073, clock: 3073 });
});

test("refuses unknown bounds, values out of range and clocks that do not match the replicas", () => {
  for (const bad of [
    "nonsense=1",
    "depth=0",
    "depth=x",
    "mode=fast",
    "wall=0,0",
    "replicas=5",
    "toString=1",
  ]) {
    assert.throws(
      () => parseConfiguration([bad]),
      (error: unknown) => error instanceof TypeError,
    );
  }
  const parsed = parseConfiguration(["mode=inc", "wall=0/2,1,0", "dels=2"]);
  assert.is(parsed.mode, "sessions");
  assert.equal(parsed.wallMs, [[0, 2], [1], [0]]);
  assert.is(parsed.deletes, 2);
});
