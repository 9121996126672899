import { assert, suite } from "@chorus/testing";
import * as jsonText from "../src/json-text.js";
import { seededRandom } from "./guard-support.js";

const test = suite("JSON text");

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function jsonFault(bytes: Uint8Array, start: number, end: number): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return jsonText.jsonFault({ bytes, view }, start, end);
}

/** The fault of a text or bytes, standing amid others that must not matter. */
function fault(text: string | Uint8Array): string | undefined {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  for (const around of ['"', "1", "}"]) {
    const padded = encoder.encode(around.repeat(bytes.length + 20));
    padded.set(bytes, 10);
    const found = jsonFault(padded, 10, 10 + bytes.length);
    assert.is(found, jsonFault(bytes, 0, bytes.length));
  }
  return jsonFault(bytes, 0, bytes.length);
}

/** What the platform's own parser says, and the two things that it does not mind. */
function slowFault(bytes: Uint8Array): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes), (key, member) => (key === "__proto__" ? forbidden : member));
  } catch (error) {
    if (error === forbidden) return "a member named __proto__";
    return "text that is not JSON";
  }
  return holdsForbidden(value) ? "a member named __proto__" : undefined;
}
const forbidden = { forbidden: true };

function holdsForbidden(value: unknown): boolean {
  if (value === forbidden) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.keys(value).includes("__proto__") || Object.values(value).some(holdsForbidden);
}

const GOOD = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "1.5",
  "-12e+7",
  "1E-3",
  "0.0e0",
  '""',
  '"a"',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00Ff"',
  '"ü日🙂\u007f"',
  "[]",
  "{}",
  "[1,[2,{}],[]]",
  '{"a":{"b":[null,""]},"a":1}',
  ' \t\n\r{ "a" : [ 1 , 2 ] } ',
  '{"__proto_":1}',
  '{"__proto__x":1}',
  '"__proto__"',
  '["__proto__"]',
  '{"a":"__proto__"}',
  `${"[".repeat(64)}${"]".repeat(64)}`,
  '{"\\u005f_proto":0}',
];
for (const text of GOOD) test(`accepts ${text.slice(0, 40)}`, () => assert.is(fault(text), undefined));

const BAD = [
  "",
  " ",
  "nul",
  "nulll",
  "True",
  "tru",
  "fals",
  "+1",
  "01",
  "-",
  "1.",
  ".5",
  "1e",
  "1e+",
  "0x1",
  "NaN",
  "Infinity",
  "'a'",
  '"',
  '"a',
  '"\\',
  '"\\x"',
  '"\\u12"',
  '"\\u12g4"',
  '"\\u123',
  '"\n"',
  '"\u0000"',
  "[",
  "]",
  "[1",
  "[1,",
  "[1,]",
  "[,1]",
  "[1 2]",
  "[1}",
  "{",
  "}",
  "{1:2}",
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{"a",1}',
  '{"a":1]',
  "{,}",
  '{"a":1 "b":2}',
  "1 1",
  '"a""b"',
  "[]]",
  "{}{}",
  "\ufeff1",
  "\u00a01",
  "//",
  "undefined",
];
for (const text of BAD) {
  test(`refuses ${JSON.stringify(text)}`, () => assert.is(fault(text), "text that is not JSON"));
}

const PROTO = [
  '{"__proto__":1}',
  '[{"a":1,"__proto__":{}}]',
  '{"\\u005f_proto__":1}',
  '{"\\u005F\\u005f\\u0070\\u0072\\u006f\\u0074\\u006F\\u005f\\u005f":1}',
  '{"a":{"__proto_\\u005f" :1}}',
];
for (const text of PROTO) test(`refuses ${text}`, () => assert.is(fault(text), "a member named __proto__"));

test("refuses more than 64 levels of arrays and objects together", () => {
  const nested = (depth: number) => `${'{"a":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
  assert.is(fault(nested(64)), undefined);
  assert.is(fault(nested(66)), "JSON nested deeper than 64");
  assert.is(fault("[".repeat(100_000)), "JSON nested deeper than 64");
});

test("takes exactly the UTF-8 that the platform takes", () => {
  const leads = [
    0x20, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3,
    0xf4, 0xf5, 0xff,
  ];
  const others = [0x20, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
  for (const lead of leads) {
    for (const second of others) {
      for (const third of others) {
        for (const fourth of [0x20, 0x80, 0xbf]) {
          for (const length of [1, 2, 3, 4]) {
            const bytes = Uint8Array.of(0x22, ...[lead, second, third, fourth].slice(0, length), 0x22);
            assert.is(jsonFault(bytes, 0, bytes.length), slowFault(bytes), String(bytes));
          }
        }
      }
    }
  }
});

test("sees every byte of a long string", () => {
  for (let length = 0; length < 80; length++) {
    const good = encoder.encode(JSON.stringify("~ !#[]".repeat(20).slice(0, length)));
    assert.is(fault(good), undefined);
    for (let at = 1; at <= length; at++) {
      for (const byte of [0, 0x1f, 0x80, 0xff]) {
        const bad = good.slice();
        bad[at] = byte;
        assert.is(jsonFault(bad, 0, bad.length), "text that is not JSON", `${byte} at ${at} of ${length}`);
      }
      for (const byte of [0x22, 0x5c]) {
        const other = good.slice();
        other[at] = byte;
        assert.is(jsonFault(other, 0, other.length), slowFault(other), `${byte} at ${at} of ${length}`);
      }
    }
  }
});

test("agrees with JSON.parse about texts that are nearly right", () => {
  const seed = 7;
  const random = seededRandom(seed);
  const pieces = [
    '{"a":1}',
    "[1,2.5e3]",
    '"\\u00e9\\n"',
    "null",
    '{"__proto__":[]}',
    '{"b":{"c":["d",true,{}]},"e":-0.1}',
    '"ü🙂"',
    " ",
  ];
  const characters = encoder.encode('[]{}",:\\u005f_0123-+.eEtrufalsn \n\t\u0001ü');
  let refused = 0;
  for (let i = 0; i < 40_000; i++) {
    const bytes = encoder.encode(`[${pieces[random(8)]},${pieces[random(8)]}]`);
    for (let more = random(3); more > 0; more--)
      bytes[random(bytes.length)] = characters[random(characters.length)] as number;
    const expected = slowFault(bytes);
    if (expected) refused++;
    // A member and a mistake may both be there; which one is told of does not matter.
    const found = jsonFault(bytes, 0, bytes.length);
    assert.is(found !== undefined, expected !== undefined, `seed ${seed}: ${Buffer.from(bytes)}`);
  }
  assert.ok(refused > 5000 && refused < 35_000, String(refused));
});
