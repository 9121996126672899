import { assert, suite } from "@chorus/testing";
import { isWrite, needsBody, parseHead, type RestRequest, withBody } from "../../src/rest/rest-request.js";
import type { Refusal } from "../../src/rest/rest-refusal.js";

const test = suite("REST requests");

/** The request that method, path and body make, or the refusal. */
function parse(method: string, subpath: string, body = ""): RestRequest | Refusal {
  const head = parseHead(method, subpath);
  return head.kind === "refused" ? head : withBody(head, Buffer.from(body));
}

function refusal(method: string, subpath: string, body = ""): Refusal {
  const parsed = parse(method, subpath, body);
  if (parsed.kind !== "refused") throw new Error(`${method} ${subpath} was not refused`);
  return parsed;
}

const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value));
const now = { kind: "now" };
const sent = { kind: "sent", sentMs: 5 };

const understood: [string, string, string, object][] = [
  ["GET", "/o/a", "", { kind: "values" }],
  ["GET", "/o/k", "", { kind: "keys" }],
  ["GET", "/o/s", "", { kind: "sortedKeys" }],
  ["HEAD", "/o/l", "", { kind: "size" }],
  ["GET", `/o/e/k/${json({ id: 1 })}`, "", { kind: "get", key: { id: 1 } }],
  ["GET", "/o/e/k/5", "", { kind: "get", key: 5 }],
  ["GET", "/k/abc/o/e", "", { kind: "get", key: "abc" }],
  ["DELETE", `/o/e/k/${json({ id: 1 })}/t/undefined`, "", { kind: "unset", key: { id: 1 }, time: now }],
  ["PUT", "/o/e/k/abc/t/5", "null", { kind: "set", key: "abc", match: {}, value: null, time: sent }],
  ["POST", "/o/e/k/abc", "[1]", { kind: "set", key: "abc", match: {}, value: [1], time: now }],
  [
    "PUT",
    `/o/es/m/${json({ v: 2 })}/k/abc/t/undefined`,
    '{"v":3}',
    { kind: "setMatching", key: "abc", match: { v: 2 }, value: { v: 3 }, time: now },
  ],
  [
    "PUT",
    '/o/a/k/["id"]/t/5',
    '[{"id":1}]',
    { kind: "setRows", fields: ["id"], rows: [{ id: 1 }], time: sent },
  ],
  ["PUT", '/o/ua/k/["id"]', "[]", { kind: "unsetRows", fields: ["id"], rows: [], time: now }],
  ["POST", "/o/r/k/[]/t/5", "[{}]", { kind: "replaceRows", fields: [], rows: [{}], time: sent }],
];
for (const [method, subpath, body, wanted] of understood) {
  test(`understands ${method} ${decodeURIComponent(subpath)}`, () =>
    assert.equal(parse(method, subpath, body), wanted));
}

test("ignores fields that the operation does not know", () => {
  assert.equal(parse("GET", "/o/l/x/1"), { kind: "size" });
});

const times: [string, object][] = [
  ["1795340293885", { kind: "sent", sentMs: 1_795_340_293_885 }],
  ["0", { kind: "sent", sentMs: 0 }],
  ["undefined", now],
  ["-1", { kind: "unknown" }],
  ["1.5", { kind: "unknown" }],
  ["1e300", { kind: "unknown" }],
  ["1e999", { kind: "unknown" }],
  ["null", { kind: "unknown" }],
  ["", { kind: "unknown" }],
  ["%225%22", { kind: "unknown" }],
  ["6f1f2c0e-1f0a-4b9e-8a55-2a9e4a7b9c11", { kind: "unknown" }],
  ["%7B%7D", { kind: "unknown" }],
];
for (const [text, time] of times) {
  test(`reads the time "${text}"`, () => {
    const head = parseHead("PUT", `/o/e/k/a/t/${text}`);
    assert.ok(head.kind !== "refused" && isWrite(head));
    assert.equal((head as { time: object }).time, time);
  });
}

const refused: [string, string, string, string?][] = [
  ["no operation", "GET", "/k/1"],
  ["an unknown operation", "GET", "/o/x"],
  ["an operation that is no text", "GET", "/o/5"],
  ["an operation of a prototype", "GET", "/o/constructor"],
  ["an operation of a prototype to write", "PUT", "/o/toString/k/[]", "[]"],
  ["a write by GET", "GET", '/o/ua/k/["id"]'],
  ["a read by PUT", "PUT", "/o/k"],
  ["rows by DELETE", "DELETE", '/o/a/k/["id"]'],
  ["a query", "GET", "/o/l?x=1"],
  ["an odd path", "GET", "/o"],
  ["no key", "GET", "/o/e"],
  ["no key to remove", "DELETE", "/o/e/t/5"],
  ["no key to write", "PUT", "/o/e/t/5", "{}"],
  ["no match", "PUT", "/o/es/k/1", "{}"],
  ["a match that is a text", "PUT", "/o/es/m/abc/k/1", "{}"],
  ["a match that is an array", "PUT", "/o/es/m/[]/k/1", "{}"],
  ["a match that is null", "PUT", "/o/es/m/null/k/1", "{}"],
  ["a match that parses to no map", "PUT", "/o/es/m/{broken/k/1", "{}"],
  ["a match without a key", "PUT", "/o/es/m/{}", "{}"],
  ["no value", "PUT", "/o/e/k/1", ""],
  ["no matching value", "PUT", "/o/es/m/{}/k/1", ""],
  ["a broken value", "PUT", "/o/e/k/1", '{"a":'],
  ["two values", "PUT", "/o/e/k/1", "{}{}"],
  ["a value that is undefined", "PUT", "/o/e/k/1", "undefined"],
  ["no rows", "PUT", '/o/a/k/["id"]', ""],
  ["broken rows", "PUT", '/o/ua/k/["id"]', "[{}"],
];
for (const [what, method, subpath, body] of refused) {
  test(`refuses ${what}`, () => {
    const { status, code, message } = refusal(method, subpath, body);
    assert.equal([status, code], [400, "invalid-request"]);
    assert.ok(message.length > 0);
  });
}

const refusedOtherwise: [string, string, [string, string, string?]][] = [
  ["a key that is null", "invalid-key", ["GET", "/o/e/k/null"]],
  ["a key that is an array", "invalid-key", ["DELETE", "/o/e/k/[1]"]],
  ["a key with __proto__", "invalid-key", ["PUT", `/o/e/k/${encodeURIComponent('{"__proto__":1}')}`, "1"]],
  [
    "a key with a lone surrogate",
    "invalid-key",
    ["PUT", `/o/e/k/${encodeURIComponent('{"a":"\\ud800"}')}`, "1"],
  ],
  ["a key of infinite number", "invalid-key", ["GET", "/o/e/k/1e999"]],
  [
    "a key that is nested too deep",
    "invalid-key",
    ["GET", `/o/e/k/{"a":${"[".repeat(70)}${"]".repeat(70)}}`],
  ],
  ["no field names", "invalid-option", ["PUT", "/o/a", "[]"]],
  ["field names that are no array", "invalid-option", ["PUT", "/o/a/k/id", "[]"]],
  ["field names that are no texts", "invalid-option", ["PUT", "/o/a/k/[1]", "[]"]],
  ["rows that are no array", "invalid-option", ["PUT", '/o/a/k/["id"]', "{}"]],
  ["a row that is no map", "invalid-value", ["PUT", '/o/a/k/["id"]', "[{},1]"]],
  ["a row that is null", "invalid-value", ["PUT", '/o/r/k/["id"]', "[null]"]],
];
for (const [what, code, [method, subpath, body]] of refusedOtherwise) {
  test(`refuses ${what} as ${code}`, () => {
    const found = refusal(method, subpath, body);
    assert.equal([found.status, found.code], [400, code]);
  });
}

test("refuses the key without fields when the time of the write is not known", () => {
  const uuid = "6f1f2c0e-1f0a-4b9e-8a55-2a9e4a7b9c11";
  assert.is(refusal("PUT", `/o/e/k/{}/t/${uuid}`, "{}").code, "invalid-key");
  assert.is(refusal("DELETE", `/o/e/k/{}/t/${uuid}`).code, "invalid-key");
  assert.is(refusal("PUT", `/o/es/m/{}/k/{}/t/${uuid}`, "{}").code, "invalid-key");
  assert.is(refusal("PUT", `/o/a/k/["id"]/t/${uuid}`, '[{"id":1},{"x":1}]').code, "invalid-key");
  assert.is(refusal("PUT", "/o/ua/k/[]/t/-1", "[{}]").code, "invalid-key");
  assert.is(parse("PUT", "/o/e/k/{}/t/5", "{}").kind, "set");
  assert.is(parse("DELETE", "/o/e/k/{}/t/undefined").kind, "unset");
  assert.is(parse("PUT", `/o/a/k/["id"]/t/${uuid}`, '[{"id":1}]').kind, "setRows");
});

test("answers other methods with those that there are", () => {
  for (const method of ["PATCH", "OPTIONS", "TRACE", "get", ""]) {
    const { status, headers } = refusal(method, "/o/l");
    assert.is(status, 405);
    assert.is(headers?.allow, "GET, HEAD, PUT, POST, DELETE");
  }
});

test("needs a body for values and rows only", () => {
  const needs = (method: string, subpath: string): boolean => {
    const head = parseHead(method, subpath);
    return head.kind !== "refused" && needsBody(head);
  };
  assert.equal(
    [needs("PUT", "/o/e/k/1"), needs("POST", "/o/es/m/{}/k/1"), needs("PUT", "/o/r/k/[]")],
    [true, true, true],
  );
  assert.equal(
    [needs("GET", "/o/a"), needs("HEAD", "/o/e/k/1"), needs("DELETE", "/o/e/k/1")],
    [false, false, false],
  );
});

test("refuses bodies that are not UTF-8, and takes a byte order mark", () => {
  const head = parseHead("PUT", "/o/e/k/1");
  assert.ok(head.kind !== "refused");
  assert.is(withBody(head as never, Buffer.from([0x22, 0xff, 0x22])).kind, "refused");
  assert.is(withBody(head as never, Buffer.from("\ufeff{}", "utf8")).kind, "set");
});

const size = 16 * 1024 * 1024;
const hostile: [string, string][] = [
  ["opened arrays", "[".repeat(size)],
  ["opened maps", '{"a":'.repeat(size / 5)],
  ["closed arrays", "[".repeat(size / 2) + "]".repeat(size / 2)],
  ["81 levels", "[".repeat(81) + "]".repeat(81)],
  ["brackets after an escaped quote", `["\\"",${"[".repeat(size - 10)}`],
  ["a text that never ends", `"${"[".repeat(size - 1)}`],
  ["a backslash at the end", '"\\'],
];
for (const [what, body] of hostile) {
  test(`refuses ${what} without parsing long`, () => {
    const startedAt = performance.now();
    assert.is(refusal("PUT", "/o/e/k/1", body).status, 400);
    // The parser alone takes seconds for them.
    assert.ok(performance.now() - startedAt < 1_000);
  });
}

test("takes 80 levels, and brackets in texts", () => {
  assert.is(parse("PUT", "/o/e/k/1", "[".repeat(80) + "]".repeat(80)).kind, "set");
  assert.is(parse("PUT", "/o/e/k/1", JSON.stringify({ a: `"${"[{".repeat(1_000)}\\` })).kind, "set");
});

test("refuses more rows than 250,000, and more key fields than 64", () => {
  const row = (i: number): string => `{"id":${i}}`;
  const rows = Array.from({ length: 250_000 }, (_, i) => row(i));
  assert.is(parse("PUT", '/o/a/k/["id"]', `[${rows}]`).kind, "setRows");
  const found = refusal("PUT", '/o/a/k/["id"]', `[${rows},{}]`);
  assert.equal([found.status, found.code], [413, "too-large"]);
  assert.is(parse("PUT", "/o/e/k/1", `[${rows},{}]`).kind, "set");
  const fields = Array.from({ length: 65 }, (_, i) => `f${i}`);
  assert.is(refusal("PUT", `/o/a/k/${json(fields)}`, "[]").status, 400);
  assert.is(parse("PUT", `/o/a/k/${json(fields.slice(1))}`, "[]").kind, "setRows");
});

test("refuses what is made of millions of maps and arrays before it is parsed", () => {
  const maps = Array.from({ length: 550_000 }, (_, i) => `{"k${i}":1}`);
  const empty = [`[${"{},".repeat(5_000_000)}{}]`, `{"a":[${"[],".repeat(5_000_000)}[]]}`];
  for (const body of [...empty, `[${maps}]`]) {
    const startedAt = performance.now();
    const found = refusal("PUT", "/o/e/k/1", body);
    assert.equal([found.status, found.code], [413, "too-large"]);
    // The parser alone takes longer.
    assert.ok(performance.now() - startedAt < 1_000);
  }
  const rows = JSON.stringify(Array.from({ length: 240_000 }, (_, id) => ({ id, at: [[], []] })));
  assert.is(parse("PUT", '/o/a/k/["id"]', rows).kind, "setRows");
});
