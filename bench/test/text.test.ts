import { assert, suite } from "@chorus/testing";
import { markdown } from "../src/report/markdown.js";
import { tableRows, workloadText } from "../src/report/text.js";
import { figure, results, workload } from "./support.js";

const test = suite("bench tables");

test("a row has the median, least to most and the ratio; what is missing is a dash", () => {
  assert.equal(tableRows(workload()), [
    ["", "CPU, µs", "least–most", "× wire limit", "stall, ms", "least–most"],
    ["wire limit", "2.00", "1.00–4.00", "1.00", "–", "–"],
    ["a & b", "200.00", "100.00–400.00", "100.00", "7.00", "3.50–14.00"],
    ["absent", "–", "–", "–", "–", "–"],
  ]);
});

test("one round has no least and most", () => {
  assert.equal(tableRows({ ...workload(), rounds: 1 })[0], ["", "CPU, µs", "× wire limit", "stall, ms"]);
});

test("many metrics give a row each, without systems that take no part", () => {
  const metrics = Array.from({ length: 6 }, (_, index) => ({
    id: `m${index}`,
    title: `metric ${index}`,
    unit: "ms",
    digits: 0,
    compared: index === 0,
    charted: true,
  }));
  const figures = Object.fromEntries(metrics.map(({ id }) => [id, figure(3, 2)]));
  const base = workload();
  const systems = base.systems.map((system) => (system.id === "none" ? system : { ...system, figures }));
  const rows = tableRows({ ...base, metrics, systems });
  assert.equal(rows[0], ["", "wire limit", "×", "a & b", "×"]);
  assert.equal(rows[1], ["metric 0, ms", "3", "2.00", "3", "2.00"]);
  assert.equal(rows[2], ["metric 1, ms", "3", "", "3", ""]);
});

test("the reason of a missing system is under the table", () => {
  assert.match(workloadText(workload()), /\n– absent: is not installed\n/);
  assert.match(markdown(results(), new Set()), /\n- – absent: is not installed\n/);
});

test("the document names machine, versions, commit, date and command, and shows the charts that there are", () => {
  const text = markdown(results(), new Set(["sets.svg"]));
  for (const part of ["2 cores", "ws 8.0.0", "abcdef0", "2024-02-29", "`npm run bench -- --write`"]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(text, /!\[Single <sets>\]\(sets\.svg\)/);
  assert.not.match(text, /overview\.svg/);
});
