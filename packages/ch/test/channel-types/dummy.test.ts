import { assert, suite } from "@chorus/testing";
import { registry, toldBy } from "./support.js";

const test = suite("the type dummy");

test("keeps nothing and answers with empty maps", (t) => {
  const data = registry(t).$ch("data").create("dummy");
  assert.equal(data.set("k", 1), {});
  assert.equal(data.get("k"), {});
  assert.equal(data.getSet({ any: 1 }, "k", 2), {});
  assert.equal([data.pop(), data.shift()], [{}, {}]);
  assert.is(data.setAll(["id"], [{ id: 1 }]), undefined);
  assert.is(data.unsetAll(["id"], [{ id: 1 }]), undefined);
  assert.is(data.unset("k"), data);
  assert.is(data.push("k", 1), data);
  assert.equal([data.size(), data.getAll(), data.getKeys(), data.getSortedKeys()], [0, [], [], []]);
  data.forEach(() => {
    assert.unreachable();
  });
});

test("tells its subscribers of everything, with keys and values as passed", async (t) => {
  const { $ch, runtime } = registry(t);
  const data = $ch("data").create("dummy");
  const calls: unknown[][] = [];
  data.subscribe((...call) => void calls.push(call));
  data.set("k", 1, 5, "uuid", "x");
  data.setAll(["id"], [{ id: 1 }]);
  data.unset({ id: 1 });
  data.unsetAll(["id"], [{ id: 1 }]);
  data.getSet({}, "k", 2);
  data.pop();
  data.setAll(["id"], []);
  await data.waitForJobs();
  assert.equal(
    calls.map((call) => call.slice(1, 4)),
    [
      ["set", "k", 1],
      ["setall", ["id"], [{ id: 1 }]],
      ["unset", { id: 1 }, undefined],
      ["unsetall", ["id"], [{ id: 1 }]],
      ["set", "k", 2],
      ["unset", {}, undefined],
    ],
  );
  assert.equal(calls[0]?.slice(5), [5, "uuid", "x"]);
  assert.is(calls[0]?.[4], $ch);
  assert.is(calls[1]?.[5], runtime.now());
});

test("tells values that are no JSON, each subscriber its own copy", async (t) => {
  const data = registry(t).$ch("data").create("dummy");
  const [one, other] = [toldBy(data), toldBy(data)];
  const value = { at: new Date(5), list: [1] };
  const call = () => 5;
  data.set("date", value);
  value.list.push(2);
  data.set("function", call);
  await data.waitForJobs();
  assert.equal(one[0], ["set", "date", { at: new Date(5), list: [1] }]);
  assert.is(one[1]?.[2], call);
  assert.is.not(one[0]?.[2], other[0]?.[2]);
  assert.equal(one, other);
});

test("refuses what no channel takes", async (t) => {
  const data = registry(t).$ch("data").create("dummy");
  const told = toldBy(data);
  assert.throwsCode(() => data.set(null, 1), "invalid-key");
  assert.throwsCode(() => data.setAll("id" as never, []), "invalid-option");
  assert.throwsCode(() => data.setAll(["id"], [5]), "invalid-value");
  assert.throwsCode(() => data.unsetAll(["id"], {} as never), "invalid-option");
  assert.throwsCode(() => data.getSet(5 as never, "k", 1), "invalid-option");
  await data.waitForJobs();
  assert.equal(told, []);
});
