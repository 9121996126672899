import { assert, suite } from "@chorus/testing";
import { charts } from "../src/report/charts.js";
import { markdown } from "../src/report/markdown.js";
import { assertComparable, mergeResults } from "../src/report/merge-results.js";
import { results, workload } from "./support.js";

const test = suite("merged results");

const ORDER = ["first", "second", "third"];

test("what was measured again takes its place, and the others say of which run they are", () => {
  const { rounds } = workload();
  const before = results(ORDER.map((id) => ({ ...workload(), id })));
  const again = { ...results([{ ...workload(), id: "second", rounds: 9 }]), commit: "1234567" };
  const merged = mergeResults(before, again, ORDER);
  assert.is(merged.commit, "1234567");
  assert.equal(
    merged.workloads.map((one) => [one.id, one.rounds, one.run?.commit]),
    [
      ["first", rounds, "abcdef0"],
      ["second", 9, undefined],
      ["third", rounds, "abcdef0"],
    ],
  );
  const third = { ...results([{ ...workload(), id: "third" }]), commit: "7654321" };
  const later = mergeResults(merged, third, ORDER);
  assert.equal(
    later.workloads.map(({ run }) => run?.commit),
    ["abcdef0", "1234567", undefined],
  );
  assert.match(
    markdown(later, new Set()),
    /Measured at commit abcdef0, 2024-02-29, by `npm run bench -- --write`\./,
  );
});

test("the chart of a workload names its own commit, and that of all names every one", () => {
  const before = results(ORDER.map((id) => ({ ...workload(), id })));
  const again = { ...results([{ ...workload(), id: "second" }]), commit: "1234567" };
  const pictures = charts(mergeResults(before, again, ORDER));
  assert.match(pictures.get("first.svg") ?? "", /commit abcdef0,/);
  assert.match(pictures.get("second.svg") ?? "", /commit 1234567,/);
  assert.match(pictures.get("overview.svg") ?? "", /commits 1234567, abcdef0,/);
});

test("what was measured under other conditions is not put beside it", () => {
  assertComparable(results(), { ...results(), workloads: [] } as never);
  for (const other of [{ machine: "4 cores" }, { versions: { ws: "9.0.0" } }, { idleSeconds: 5 }]) {
    const [name = ""] = Object.keys(other);
    assert.throws(() => assertComparable(results(), { ...results(), ...other }), new RegExp(`${name} was`));
  }
});
