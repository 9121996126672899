import { assert, suite } from "@chorus/testing";
import { type PairedRows, pairRows as pairInTurns } from "../../src/rest/original-rows.js";

const test = suite("rows of an original");

const pairRows = (keys: unknown[], rows: unknown[], isSameVersion: boolean): Promise<PairedRows> =>
  pairInTurns({ keys, rows, isSameVersion }, async () => undefined);

const rowsOf = (paired: PairedRows): unknown => Object.fromEntries(paired.rows);

test("pairs by place while nothing contradicts, whatever the shape of the keys", async () => {
  const keys = [{ a: 1 }, { a: 1, b: 2 }, { key: "k" }, { x: 1 }];
  const rows = [{ a: 1, v: 1 }, { a: 1, b: 2, v: 2 }, { key: "k", value: 3 }, { no: "key" }];
  const paired = await pairRows(keys, rows, true);
  assert.equal(rowsOf(paired), {
    '{"a":1}': rows[0],
    '{"a":1,"b":2}': rows[1],
    '{"key":"k"}': rows[2],
    '{"x":1}': rows[3],
  });
  assert.equal(paired.open, []);
});

test("believes no place after a contradiction", async () => {
  const keys = [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }];
  const paired = await pairRows(keys, [{ id: 2, v: 2 }, { id: 1, v: 1 }, { id: 3 }, { silent: true }], true);
  assert.equal(rowsOf(paired), { '{"id":3}': { id: 3 } });
  assert.is(paired.open.length, 3);
  const telling = await pairRows(keys, [{ id: 2, v: 2 }, { id: 1, v: 1 }, { id: 3 }, { id: 9 }], true);
  assert.equal(rowsOf(telling), {
    '{"id":1}': { id: 1, v: 1 },
    '{"id":2}': { id: 2, v: 2 },
    '{"id":3}': { id: 3 },
  });
  assert.equal(
    telling.open.map(({ key }) => key),
    ['{"id":4}'],
  );
});

test("picks by the key's fields between two versions, only what one row claims", async () => {
  const paired = await pairRows(
    [{ id: 1 }, { id: 2 }, { id: 3 }],
    [{ id: 2 }, { id: 3, n: 1 }, { id: 3, n: 2 }],
    false,
  );
  assert.equal(rowsOf(paired), { '{"id":2}': { id: 2 } });
  assert.equal(
    paired.open.map(({ key }) => key),
    ['{"id":1}', '{"id":3}'],
  );
});

test("never gives a row to a key of another shape between two versions", async () => {
  const paired = await pairRows([{ a: 1 }, { c: 1 }], [{ a: 1, b: 2 }, { c: 1 }], false);
  assert.equal(rowsOf(paired), {});
  assert.is(paired.open.length, 2);
});

test("counts what cannot be a key", async () => {
  const paired = await pairRows(
    [null, 5, [1], { id: 1 }, { id: 1 }, { t: "\ud800" }],
    [1, 2, 3, { id: 1 }, {}, {}],
    true,
  );
  assert.equal(rowsOf(paired), { '{"id":1}': { id: 1 } });
  assert.is(paired.unusable, 5);
});

test("gives no row to a key whose own row tells nothing", async () => {
  const keys = [{ id: 5 }, { id: 7 }];
  const rows = [{ id: 7, of: 5 }, { of: 7 }];
  for (const isSameVersion of [true, false]) {
    const paired = await pairRows(keys, rows, isSameVersion);
    assert.is(paired.rows.size, 0);
    assert.equal(
      paired.open.map(({ key }) => key),
      ['{"id":5}', '{"id":7}'],
    );
  }
});
