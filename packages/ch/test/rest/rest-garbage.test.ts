import { Agent } from "node:http";
import { assert, suite } from "@chorus/testing";
import { node } from "../support.js";
import { type Reply, send } from "./rest-support.js";

const test = suite("REST garbage", { deadlineMs: 30_000 });

const seed = Math.floor(Math.random() * 2 ** 31);

/** Whole numbers in [0, bound), the same for the same seed. */
function numbers(from: number): (bound: number) => number {
  let state = from >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

const METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"];
const VALUES = [
  ...[
    "e",
    "es",
    "a",
    "ua",
    "r",
    "k",
    "s",
    "l",
    "null",
    "undefined",
    "5",
    "-1",
    "1e999",
    "%zz",
    "%00",
    "",
    "[]",
    "{}",
  ],
  ...[
    '["id"]',
    '["id","x"]',
    "[1]",
    '{"id":1}',
    '{"id":{"a":[1,null]}}',
    '{"__proto__":1}',
    '{"a":"\\ud800"}',
    '"',
  ],
].map((text) => (text.startsWith("%") ? text : encodeURIComponent(text)));
const BODIES = [
  ...[
    "",
    "null",
    "5",
    '"x"',
    "{}",
    "[]",
    "[{}]",
    "[null]",
    '[{"id":1}]',
    '[{"id":1},{"id":{"b":2}}]',
    "{",
    "\u0000",
  ],
  ...[
    '{"__proto__":{"x":1}}',
    '[{"id":1,"__proto__":1}]',
    '"\\ud800"',
    `[${"[".repeat(100)}`,
    '{"id":1,"v":1e999}',
  ],
];

test(`answers 3,000 random requests with what was agreed, and breaks nothing (seed ${seed})`, async (t) => {
  const { $ch, data, port, server, errors } = await node(t);
  await data.expose(server, "/data");
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  t.after(() => agent.destroy());
  const next = numbers(seed);
  const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T;
  const one = (): Promise<Reply> => {
    const method = pick(METHODS);
    const fields = ["o", ...["m", "k", "t"].filter(() => next(4) > 0), ...(next(10) === 0 ? ["x"] : [])];
    const path = fields.map((name) => `/${name}/${pick(VALUES)}`).join("");
    const body = method.startsWith("P") ? pick(BODIES) : undefined;
    return send(port, `/data${path}${next(30) === 0 ? "/" : ""}`, { method, body, agent });
  };
  const statuses = new Map<number, number>();
  for (let round = 0; round < 750; round++) {
    for (const { status, text, json } of await Promise.all([one(), one(), one(), one()])) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert.ok([200, 400, 405].includes(status), `seed ${seed}: ${status} ${text}`);
      if (text === "") continue;
      if (status === 200)
        assert.ok(Number.isInteger(json.l) && Number.isInteger(json.v), `seed ${seed}: ${text}`);
      else
        assert.ok(
          typeof json.error === "string" && typeof json.message === "string",
          `seed ${seed}: ${text}`,
        );
    }
  }
  // All kinds came up.
  assert.ok(
    [200, 400, 405].every((status) => (statuses.get(status) ?? 0) > 100),
    JSON.stringify([...statuses]),
  );
  assert.equal(errors, []);
  assert.is(({} as { x?: unknown }).x, undefined);
  for (const key of data.getKeys()) assert.ok(data.get(key) !== undefined);
  assert.equal($ch().list(), ["data"]);
});
