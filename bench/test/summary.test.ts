import { assert, suite } from "@chorus/testing";
import { figureOf } from "../src/report/summary.js";

const test = suite("bench summary");

test("a figure has the median, the least and the most of all rounds", () => {
  const figure = figureOf("cpu", [{ cpu: 5 }, { cpu: 1 }, { cpu: 9 }]);
  assert.equal(figure, { median: 5, least: 1, most: 9, samples: [5, 1, 9] });
});

test("of an even number of rounds the median is between the middle two", () => {
  assert.is(figureOf("cpu", [{ cpu: 4 }, { cpu: 1 }])?.median, 2.5);
});

test("the ratio is the median of the ratios within each round, not that of the medians", () => {
  const samples = [{ cpu: 10 }, { cpu: 60 }, { cpu: 30 }];
  const reference = [{ cpu: 10 }, { cpu: 20 }, { cpu: 15 }];
  assert.is(figureOf("cpu", samples, reference)?.ratio, 2);
  assert.is(figureOf("cpu", reference, reference)?.ratio, 1);
});

test("a round that the compared system lacks, or where it took nothing, gives no ratio", () => {
  assert.is(figureOf("cpu", [{ cpu: 10 }, { cpu: 6 }, { cpu: 9 }], [{ cpu: 5 }, { cpu: 0 }])?.ratio, 2);
  assert.is(figureOf("cpu", [{ cpu: 10 }], [])?.ratio, undefined);
});

test("without any sample there is no figure", () => {
  assert.is(figureOf("cpu", []), undefined);
  assert.is(figureOf("cpu", [{ cpu: undefined }, { wall: 3 }]), undefined);
});
