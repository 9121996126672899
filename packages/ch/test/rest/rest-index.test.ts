import { assert, suite } from "@chorus/testing";
import { indexPath, parseIndex } from "../../src/rest/rest-index.js";

const test = suite("REST index");

function fieldsOf(subpath: string): [string, unknown][] | undefined {
  const index = parseIndex(subpath);
  return index && [...index];
}

test("writes and reads requests as the original's client sends them", () => {
  const captured = "/o/e/k/%7B%22a%22%3A1%2C%22k%2F2%22%3A%22x%20y%22%7D/t/1795340293885";
  const fields: [string, unknown][] = [
    ["o", "e"],
    ["k", { a: 1, "k/2": "x y" }],
    ["t", 1_795_340_293_885],
  ];
  assert.is(indexPath(fields), captured);
  assert.equal(fieldsOf(captured), fields);
  const getSet = "/o/es/m/%7B%22v%22%3A2%7D/k/%7B%22r%22%3A1%7D/t/undefined";
  assert.equal(fieldsOf(getSet), [
    ["o", "es"],
    ["m", { v: 2 }],
    ["k", { r: 1 }],
    ["t", "undefined"],
  ]);
  assert.equal(fieldsOf("/o/a/k/%5B%22id%22%5D/t/1"), [
    ["o", "a"],
    ["k", ["id"]],
    ["t", 1],
  ]);
});

const scalars: [string, unknown][] = [
  ["abc", "abc"],
  ["5", 5],
  ["-0.5", -0.5],
  ["true", true],
  ["false", false],
  ["true.", "true."],
  ["%20%0A%5B1%5D%0D%09", [1]],
  ["%C2%A01", "\u00a01"],
  ["null", null],
  ["undefined", "undefined"],
  ["%22quoted%22", "quoted"],
  ["", ""],
  ["%7Bbroken", "{broken"],
  ["0123", "0123"],
  ["a%2Fb", "a/b"],
  ["a+b", "a+b"],
  ["%25", "%"],
  ["Z%C3%BCrich", "Zürich"],
];
for (const [text, value] of scalars) {
  test(`reads "${text}"`, () => assert.equal(fieldsOf(`/o/e/k/${text}`)?.[1], ["k", value]));
}

const malformed: [string, string][] = [
  ["an odd count", "/o/e/k"],
  ["a slash at the end", "/o/l/"],
  ["a name alone", "/o"],
  ["no slash at the start", "o/l"],
  ["broken percent encoding", "/o/e/k/%7"],
  ["percent encoding that is not UTF-8", "/o/e/k/%ff"],
  ["an encoded lone surrogate", "/o/e/k/%ED%A0%80"],
  ["a broken name", "/%/e"],
  ["a query", "/o/l?x=1"],
  ["a fragment", "/o/l#x"],
  ["a name twice", "/o/l/o/a"],
  ["an encoded name twice", "/o/l/%6F/a"],
  ["17 fields", Array.from({ length: 17 }, (_, i) => `/f${i}/1`).join("")],
  ["a thousand fields", Array.from({ length: 1_000 }, (_, i) => `/f${i}/1`).join("")],
  ["8,000 slashes", "/".repeat(8_000)],
];
for (const [what, subpath] of malformed) {
  test(`refuses ${what}`, () => assert.is(parseIndex(subpath), undefined));
}

test("takes 16 fields, and none", () => {
  assert.is(fieldsOf(Array.from({ length: 16 }, (_, i) => `/f${i}/${i}`).join(""))?.length, 16);
  assert.equal(fieldsOf(""), []);
});

test("keeps __proto__ a name like any other", () => {
  assert.equal(fieldsOf("/__proto__/1"), [["__proto__", 1]]);
  const [field] = fieldsOf("/k/%7B%22__proto__%22%3A%7B%22polluted%22%3A1%7D%7D") ?? [];
  assert.ok(Object.hasOwn(field?.[1] as object, "__proto__"));
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
});

test("reads hostile nesting without an error", () => {
  assert.is(fieldsOf(`/k/${"[".repeat(8_000)}`)?.[0]?.[1], "[".repeat(8_000));
  assert.ok(Array.isArray(fieldsOf(`/k/${"[".repeat(4_000)}${"]".repeat(4_000)}`)?.[0]?.[1]));
});

test("refuses to write a text with a lone surrogate", () => {
  assert.throwsCode(() => indexPath([["k", "\ud800"]]), "invalid-key");
  assert.throwsCode(() => indexPath([["\udfff", 1]]), "invalid-key");
  // Within JSON it is an escape; the channel refuses it as a key.
  assert.is(indexPath([["k", { a: "\ud800" }]]), "/k/%7B%22a%22%3A%22%5Cud800%22%7D");
});

/** Small, seeded and good enough for tests: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = [
  '"',
  "'",
  "%",
  "+",
  "/",
  "\\",
  "?",
  "#",
  "&",
  "=",
  " ",
  "ü",
  "漢",
  "😀",
  "\n",
  "\0",
  "a",
  "7",
  ".",
  "{",
];

function randomText(next: () => number): string {
  const length = Math.floor(next() * 8);
  return Array.from({ length }, () => PIECES[Math.floor(next() * PIECES.length)]).join("");
}

function randomValue(next: () => number, depth: number): unknown {
  const choice = Math.floor(next() * (depth > 3 ? 4 : 6));
  if (choice === 0) return randomText(next);
  if (choice === 1) return Math.floor(next() * 2 ** 40) - 2 ** 39;
  if (choice === 2) return next() < 0.5;
  if (choice === 3) return next() < 0.5 ? null : next() * 10;
  const members = Array.from({ length: Math.floor(next() * 4) }, () => randomValue(next, depth + 1));
  if (choice === 4) return members;
  return Object.fromEntries(members.map((member) => [`${randomText(next)}f`, member]));
}

function randomKey(next: () => number): object {
  const count = Math.floor(next() * 4);
  return Object.fromEntries(
    Array.from({ length: count }, () => [`${randomText(next)}f`, randomValue(next, 0)]),
  );
}

const seed = Math.floor(Math.random() * 2 ** 31);
test(`gives back 2,000 random keys and matches (seed ${seed})`, () => {
  const next = random(seed);
  for (let i = 0; i < 2_000; i++) {
    const fields: [string, unknown][] = [
      ["o", "es"],
      ["m", randomKey(next)],
      ["k", randomKey(next)],
      ["t", Math.floor(next() * 2 ** 42)],
    ];
    const path = indexPath(fields);
    assert.match(path, /^[!-~]+$/);
    assert.equal(fieldsOf(path), fields, `seed ${seed}, ${path}`);
  }
});

test(`gives back random texts that are no JSON, and JSON ones as what they say (seed ${seed})`, () => {
  const next = random(seed + 1);
  for (let i = 0; i < 2_000; i++) {
    const text = randomText(next);
    let wanted: unknown = text;
    try {
      wanted = JSON.parse(text);
    } catch {
      // A text.
    }
    assert.equal(fieldsOf(indexPath([["k", text]])), [["k", wanted]], `seed ${seed}`);
  }
});

test(`never throws on random garbage (seed ${seed})`, () => {
  const next = random(seed + 2);
  const pieces = [
    "/",
    "%",
    "%7",
    "%7B",
    "o",
    "k",
    "{",
    "[",
    '"',
    "?",
    "\ud800",
    "%00",
    "%E2%82%AC",
    "e",
    "t",
  ];
  for (let i = 0; i < 5_000; i++) {
    const length = Math.floor(next() * 20);
    const text = Array.from({ length }, () => pieces[Math.floor(next() * pieces.length)]).join("");
    const fields = parseIndex(text);
    if (fields) assert.ok(fields.size <= 16, `seed ${seed}`);
  }
});
