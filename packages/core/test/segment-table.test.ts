import { assert, suite } from "@chorus/testing";
import { SegmentTable } from "../src/document/segment-table.js";

const test = suite("segment table");

test("knows whose a segment is when it is added, whatever was so when it was made", () => {
  const table = new SegmentTable<object>(7);
  table.setOwned(8, true);
  const [lost, won] = [table.create("8.0", 0), table.create("9.0", 0)];
  table.setOwned(8, false);
  table.setOwned(9, true);
  assert.is(table.add(lost, {}).owned, false);
  assert.is(table.add(won, {}).owned, true);
  assert.is(table.add(table.create("7.0", 0), {}).owned, true);
});
