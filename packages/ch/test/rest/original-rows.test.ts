import { assert, suite } from "@chorus/testing";
import { pairRows } from "../../src/rest/original-rows.js";

const test = suite("rows of an original");

const rowsOf = (paired: ReturnType<typeof pairRows>): unknown => Object.fromEntries(paired.rows);

test("pairs by place while nothing contradicts, whatever the shape of the keys", () => {
  const keys = [{ a: 1 }, { a: 1, b: 2 }, { key: "k" }, { x: 1 }];
  const rows = [{ a: 1, v: 1 }, { a: 1, b: 2, v: 2 }, { key: "k", value: 3 }, { no: "key" }];
  const paired = pairRows(keys, rows, true);
  assert.equal(rowsOf(paired), {
    '{"a":1}': rows[0],
    '{"a":1,"b":2}': rows[1],
    '{"key":"k"}': rows[2],
    '{"x":1}': rows[3],
  });
  assert.equal(paired.open, []);
});

test("believes no place after a contradiction", () => {
  const keys = [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }];
  const paired = pairRows(keys, [{ id: 2, v: 2 }, { id: 1, v: 1 }, { id: 3 }, { silent: true }], true);
  assert.equal(rowsOf(paired), { '{"id":1}': { id: 1, v: 1 }, '{"id":2}': { id: 2, v: 2 }, '{"id":3}': { id: 3 } });
  assert.equal(paired.open.map(({ key }) => key), ['{"id":4}']);
});

test("picks by the key's fields between two versions, only what one row claims", () => {
  const paired = pairRows([{ id: 1 }, { id: 2 }, { id: 3 }], [{ id: 2 }, { id: 3, n: 1 }, { id: 3, n: 2 }], false);
  assert.equal(rowsOf(paired), { '{"id":2}': { id: 2 } });
  assert.equal(paired.open.map(({ key }) => key), ['{"id":1}', '{"id":3}']);
});

test("never gives a row to a key of another shape between two versions", () => {
  const paired = pairRows([{ a: 1 }, { c: 1 }], [{ a: 1, b: 2 }, { c: 1 }], false);
  assert.equal(rowsOf(paired), {});
  assert.is(paired.open.length, 2);
});

test("counts what cannot be a key", () => {
  const paired = pairRows([null, 5, [1], { id: 1 }, { id: 1 }, { t: "\ud800" }], [1, 2, 3, { id: 1 }, {}, {}], true);
  assert.equal(rowsOf(paired), { '{"id":1}': { id: 1 } });
  assert.is(paired.unusable, 5);
});
