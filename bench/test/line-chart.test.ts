import { assert, suite } from "@chorus/testing";
import { lineChart } from "../src/report/line-chart.js";
import { logScaleOf } from "../src/report/log-scale.js";
import { xmlProblem } from "./xml.js";

const test = suite("bench line chart");

test("an axis begins and ends at round numbers around the values", () => {
  const { ticks, position } = logScaleOf([3, 16]);
  assert.equal(ticks, [2, 5, 10, 20]);
  assert.is(position(2), 0);
  assert.is(position(20), 1);
});

test("an axis of many powers of ten has ticks at these only", () => {
  const { ticks } = logScaleOf([10, 100_000]);
  assert.equal(ticks, [10, 100, 1_000, 10_000, 100_000]);
});

test("an axis for one value has room around it", () => {
  const { position } = logScaleOf([1]);
  assert.ok(position(1) > 0 && position(1) < 1);
});

test("powers are straight lines, and a point without a value is left out", () => {
  const svg = chart([1, 10, 100, undefined]);
  assert.is(xmlProblem(svg), undefined);
  const [, path = ""] = /<polyline points="([^"]*)"/.exec(svg) ?? [];
  const places = path.split(" ").map((place) => place.split(",").map(Number));
  assert.is(places.length, 3);
  const [a = [], b = [], c = []] = places;
  for (const at of [0, 1]) {
    const [first, second] = [(b[at] ?? 0) - (a[at] ?? 0), (c[at] ?? 0) - (b[at] ?? 0)];
    assert.ok(Math.abs(first - second) < 0.5, `${first} ${second}`);
  }
  assert.ok((c[1] ?? 0) < (a[1] ?? 0), "more is higher");
  assert.ok(svg.includes("a &#60;line&#62;") && svg.includes(">100.0<"));
});

test("a panel without any value is left out", () => {
  assert.not.ok(chart([undefined, undefined, undefined, undefined]).includes("polyline"));
});

function chart(values: readonly (number | undefined)[]): string {
  const lines = [{ label: "a <line>", digits: 1, values }];
  return lineChart({
    title: "Growth & cost",
    subtitle: "",
    axis: "keys",
    points: [1, 10, 100, 1_000],
    panels: [{ title: "A set", unit: "µs", lines }],
  });
}
