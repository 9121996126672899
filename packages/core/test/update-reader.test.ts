import { assert, suite } from "@chorus/testing";
import { UpdateReader } from "../src/update-reader.js";

const test = suite("update reader");

const TEXTS = [
  "",
  "short",
  "twelve bytes",
  "thirteen byte",
  "\ufeffmarked",
  "ключ",
  "😀",
  "\0".repeat(30),
  "é".repeat(100),
];

/** Each with its length before it, behind a few bytes that belong to something else. */
function encoded(texts: readonly string[]): Uint8Array {
  const parts = texts.map((text) => new TextEncoder().encode(text));
  const bytes = [9, 9, 9];
  for (const part of parts) {
    if (part.length > 127) bytes.push((part.length & 127) | 128, part.length >> 7);
    else bytes.push(part.length);
    bytes.push(...part);
  }
  return Uint8Array.from(bytes).subarray(3);
}

function readAll(): string[] {
  const reader = new UpdateReader(encoded(TEXTS));
  return TEXTS.map(() => reader.string(1_000));
}

test("reads the same texts with Node's Buffer and without, as in a browser", () => {
  assert.equal(readAll(), TEXTS);
  const { Buffer } = globalThis;
  Object.assign(globalThis, { Buffer: undefined });
  try {
    assert.equal(readAll(), TEXTS);
  } finally {
    Object.assign(globalThis, { Buffer });
  }
});
