import { assert, suite } from "@chorus/testing";
import { barChart } from "../src/report/bar-chart.js";
import { charts } from "../src/report/charts.js";
import { results, workload } from "./support.js";
import { xmlProblem } from "./xml.js";

const test = suite("bench charts");

test("the check of charts finds what is not well-formed", () => {
  assert.is(xmlProblem('<svg a="1"><b/>x &#38; y</svg>\n'), undefined);
  for (const wrong of [
    "<svg>",
    "<svg></b></svg>",
    "<svg/><svg/>",
    "<svg>a & b</svg>",
    "<svg a=1/>",
    "",
    "x<svg/>",
  ]) {
    assert.ok(xmlProblem(wrong), wrong);
  }
});

test("every workload has a well-formed chart, and so has the overview", () => {
  const files = charts(results([workload("one"), workload("two")]));
  assert.equal([...files.keys()], ["overview.svg", "one.svg", "two.svg"]);
  for (const [name, svg] of files) assert.is(xmlProblem(svg), undefined, name);
});

test("a chart names systems, units and values, and leaves out a system without figures", () => {
  const svg = charts(results()).get("sets.svg") ?? "";
  for (const text of ["Single &#60;sets&#62;", "a &#38; b", ">200.00<", ">µs, logarithmic<", ">7.00<"]) {
    assert.ok(svg.includes(text), text);
  }
  assert.not.ok(svg.includes("absent"));
});

test("the longer bar belongs to the larger value", () => {
  const bar = { color: 0, text: "" };
  const bars = [
    { ...bar, label: "a", value: 10 },
    { ...bar, label: "b", value: 40 },
    { ...bar, label: "c", value: undefined },
  ];
  const svg = barChart({ title: "", subtitle: "", panels: [{ title: "", unit: "ms", bars }] });
  const widths = [...svg.matchAll(/<rect x="150" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  assert.is(widths.length, 2);
  assert.is((widths[1] ?? 0) / (widths[0] ?? 1), 4);
});

test("a run without figures has no charts", () => {
  assert.is(charts(results([])).size, 0);
  assert.is(charts(results([{ ...workload(), systems: [] }])).size, 0);
});
