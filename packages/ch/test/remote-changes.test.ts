import type { Change, JsonValue } from "@chorus/core";
import { assert, suite } from "@chorus/testing";
import { keyText } from "../src/keys.js";
import { remoteNotifications } from "../src/remote-changes.js";

const test = suite("remote changes");

function change(key: object | string, value: JsonValue | undefined, timestampMs = 1): Change {
  return { key: typeof key === "string" ? key : keyText(key), value, previous: undefined, timestampMs };
}

function told(changes: Change[]): unknown[] {
  return remoteNotifications(changes, "uuid").map(({ op, key, value }) => [op, key(), value()]);
}

test("tells a single change as set or unset", () => {
  assert.equal(told([change({ id: 1 }, { id: 1, x: 2 })]), [["set", { id: 1 }, { id: 1, x: 2 }]]);
  assert.equal(told([change({ id: 1 }, undefined)]), [["unset", { id: 1 }, undefined]]);
  assert.equal(told([]), []);
});

test("tells several of the same fields as setall and unsetall", () => {
  assert.equal(
    told([
      change({ id: 1 }, { id: 1 }),
      change({ key: "k" }, { key: "k", value: 5 }),
      change({ id: 2 }, { id: 2 }),
      change({ id: 3 }, undefined),
      change({ id: 4 }, undefined),
    ]),
    [
      ["setall", ["id"], [{ id: 1 }, { id: 2 }]],
      ["set", { key: "k" }, { key: "k", value: 5 }],
      ["unsetall", ["id"], [{ id: 3 }, { id: 4 }]],
    ],
  );
});

test("tells rows alone that do not tell their own key", () => {
  assert.equal(
    told([
      change({ id: 1 }, { other: 1 }),
      change({ id: 2 }, { id: 3 }),
      change({ id: 4 }, [1]),
      change({ id: 5 }, null),
      change({ id: 6 }, { id: "6" }),
    ]).map((call) => (call as unknown[])[0]),
    ["set", "set", "set", "set", "set"],
  );
});

test("carries the latest time and the id of the replication", () => {
  const [first] = remoteNotifications(
    [change({ id: 1 }, { id: 1 }, 5), change({ id: 2 }, { id: 2 }, 3)],
    "u",
  );
  assert.is(first?.timestamp, 5);
  assert.is(first?.uuid, "u");
  assert.is(first?.x, undefined);
});

test("gives every reader copies of its own", () => {
  for (const { key, value } of remoteNotifications([change({ id: 1 }, { id: 1, list: [1] })], "u")) {
    (value() as { list: number[] }).list.push(2);
    (key() as { id: number }).id = 9;
    assert.equal([key(), value()], [{ id: 1 }, { id: 1, list: [1] }]);
  }
});

test("bears keys that another kind of program wrote", () => {
  assert.equal(told([change("plain", 1), change("[1]", 2)]), [
    ["set", { key: "plain" }, 1],
    ["set", { key: "[1]" }, 2],
  ]);
});
