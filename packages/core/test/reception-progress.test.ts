import { assert, suite } from "@chorus/testing";
import { encodeDeletions } from "../src/document/update-slices.js";
import { ReceptionProgress } from "../src/reception-progress.js";

const test = suite("reception progress");

const structs = (session: number, clock: number): Uint8Array => Uint8Array.of(1, 1, session, clock, 9, 9, 0);

test("it counts what is behind, session by session, and ends with all", () => {
  const ours = new Map([
    [7, 10],
    [9, 5],
  ]);
  const theirs = new Map([
    [7, 50],
    [8, 30],
    [9, 5],
  ]);
  const progress = new ReceptionProgress(ours, theirs);
  const seen: number[] = [];
  for (const part of [structs(7, 10), structs(7, 30), structs(8, 0), structs(8, 20)]) {
    progress.add(part);
    seen.push(progress.now.done);
  }
  progress.add(encodeDeletions([[7, [{ clock: 1, len: 1 }]]]));
  assert.equal(seen, [0, 20, 40, 60]);
  assert.equal(progress.now, { task: "receive", done: 60, total: 70, unit: "changes" });
  assert.equal(progress.end, { task: "receive", done: 70, total: 70, unit: "changes" });
});

test("it knows no total of a peer that has not said what it has", () => {
  const progress = new ReceptionProgress(new Map(), new Map());
  progress.add(structs(7, 0));
  progress.add(structs(7, 40));
  assert.equal(progress.now, { task: "receive", done: 40, total: undefined, unit: "changes" });
  assert.equal(progress.end, { task: "receive", done: 40, total: 40, unit: "changes" });
});

test("a peer that goes on writing raises the total", () => {
  const progress = new ReceptionProgress(new Map(), new Map([[7, 10]]));
  progress.add(structs(7, 0));
  progress.add(structs(7, 20));
  assert.equal([progress.now.done, progress.now.total], [20, 21]);
});
