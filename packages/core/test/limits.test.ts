import { assert, suite } from "@chorus/testing";
import { assertKey, assertValueSize } from "../src/limits.js";

const test = suite("limits");

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

test("takes every well-formed text but the empty one as a key", () => {
  for (const key of ["a", " ", "\0", "__proto__", "constructor", "😀", "é", "\ufeff", "a\nb"])
    assertKey(key, 16);
  for (const wrong of ["", undefined, null, 1, {}, ["a"], Symbol("a"), "\ud800", "a\udc00b"]) {
    assert.throwsCode(() => assertKey(wrong, 4096), "invalid-key");
  }
});

test("counts bytes of UTF-8, to the byte", () => {
  for (const text of [
    "a",
    "é",
    "€",
    "😀",
    "aé€😀",
    "\u07ff",
    "\u0800",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
    "\ud7ff",
    "\ue000",
  ]) {
    for (const repeat of [1, 2, 5]) {
      const key = text.repeat(repeat);
      const bytes = bytesOf(key);
      assertKey(key, bytes);
      assertValueSize(key, bytes);
      assert.throwsCode(() => assertKey(key, bytes - 1), "too-large");
      assert.throwsCode(() => assertValueSize(key, bytes - 1), "too-large");
    }
  }
});

test("shows no long key whole in its message", () => {
  const error = assert.throwsCode(() => assertKey("x".repeat(5_000), 4_096), "too-large");
  assert.ok(error.message.length < 200);
});
