import { assert, suite } from "@chorus/testing";
import { checkFieldNames, checkRows, pickKey, snapshot, wrapValue } from "../src/wrapping.js";

const test = suite("wrapping");

test("wraps a scalar value with its key as passed", () => {
  assert.equal(wrapValue("k", 5), { key: "k", value: 5 });
  assert.equal(wrapValue({ id: 1 }, "v"), { key: { id: 1 }, value: "v" });
  assert.equal(wrapValue(undefined, true), { key: undefined, value: true });
});

test("leaves maps, arrays and null as they are", () => {
  for (const value of [{ a: 1 }, [1, 2], null]) assert.is(wrapValue("k", value), value);
});

test("picks own fields only", () => {
  assert.equal(pickKey({ id: 1, x: 2 }, ["id"]), { id: 1 });
  assert.equal(pickKey({ id: 1 }, ["id", "missing"]), { id: 1 });
  assert.equal(pickKey({ id: 1 }, ["toString", "constructor"]), {});
  assert.equal(pickKey({ id: 1 }, []), {});
});

test("never picks into a prototype", () => {
  const picked = pickKey(JSON.parse('{"__proto__":{"polluted":true}}'), ["__proto__"]);
  assert.is((picked as { polluted?: boolean }).polluted, undefined);
  assert.is(Object.getPrototypeOf(picked), Object.prototype);
});

test("refuses key names that are no array of texts", () => {
  for (const names of [undefined, "id", { id: 1 }, [1], [null]]) {
    assert.throwsCode(() => checkFieldNames(names), "invalid-option");
  }
});

test("refuses rows that are no array, and rows that are no maps", () => {
  for (const rows of [undefined, null, {}, "x"]) assert.throwsCode(() => checkRows(rows), "invalid-option");
  for (const row of [1, "x", null, undefined, [1]])
    assert.throwsCode(() => checkRows([{}, row]), "invalid-value");
});

test("keeps a snapshot whatever happens to the original and to copies", () => {
  const data = { list: [1] };
  const kept = snapshot(data);
  data.list.push(2);
  (kept() as typeof data).list.push(3);
  assert.equal(kept(), { list: [1] });
  assert.is(snapshot("text")(), "text");
  assert.is(snapshot(undefined)(), undefined);
});
