import { assert, suite } from "@chorus/testing";
import { ChannelKeys, nameOf, numberOf } from "../src/storage/store-keys.js";
import { frameRecord, openRecord } from "../src/storage/store-records.js";

const test = suite("store records and keys");

test("frames a payload and opens it again, whatever buffer it is a view on", () => {
  for (const payload of [new Uint8Array(), Uint8Array.of(1, 2, 3), new Uint8Array(100_000).fill(7)]) {
    const value = frameRecord("a key", payload);
    assert.is(value.length, payload.length + 5);
    const view = new Uint8Array(value.length + 9);
    view.set(value, 4);
    assert.equal(openRecord("a key", view.subarray(4, 4 + value.length)), payload);
  }
});

test("keeps its bytes: what is stored today is read for ever", () => {
  const value = frameRecord("l/test/0000000000000001", Uint8Array.of(1, 2, 3));
  assert.equal([...value], STORED);
});

/** Format 1, the checksum, the payload; the checksum was computed by another program (zlib) over key and payload. */
const STORED = [1, 12, 135, 25, 160, 1, 2, 3];

test("finds every single flipped bit, and every other key", () => {
  const value = frameRecord("key", Uint8Array.of(9, 8, 7, 6));
  for (let bit = 0; bit < value.length * 8; bit++) {
    const flipped = value.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.is(openRecord("key", flipped), "damaged", `bit ${bit}`);
  }
  assert.is(openRecord("kez", value), "damaged");
  assert.is(openRecord("key", undefined), "missing");
  assert.is(openRecord("key", new Error("unreadable")), "damaged");
  for (let length = 0; length < value.length; length++) {
    assert.is(openRecord("key", value.subarray(0, length)), "damaged");
  }
});

test("escapes names to ASCII, each to its own, and back", () => {
  const names = ["", "a", "A", "a/", "a~002f", "~", "a.b-c_d", "ü", "🙂", "\ud800", "\u0000", " ", "a/b/c"];
  const keys = new Set<string>();
  for (const name of names) {
    for (const key of [
      ...new ChannelKeys(name).metadata,
      new ChannelKeys(name).update(1),
      new ChannelKeys(name).slice(1, 2),
    ]) {
      assert.match(key, /^[!-~]+$/);
      assert.is(nameOf(key), name);
      assert.not(keys.has(key));
      keys.add(key);
    }
  }
  assert.is(nameOf("l/no end"), undefined);
  assert.is(nameOf("l/with space/0000000000000001"), undefined);
});

test("orders numbers as numbers", () => {
  const keys = new ChannelKeys("a");
  const numbers = [0, 9, 10, 2 ** 20 - 1, 2 ** 20, 2 ** 32, Number.MAX_SAFE_INTEGER];
  const texts = numbers.map((number) => keys.update(number));
  assert.equal([...texts].sort(), texts);
  assert.equal(texts.map(numberOf), numbers);
  assert.ok(Number.isNaN(numberOf("l/a/12")));
  const { from, to } = keys.log;
  assert.ok(texts.every((text) => text >= from && text < to));
  assert.ok(
    !texts.some((text) => text >= new ChannelKeys("a!").log.from && text < new ChannelKeys("a!").log.to),
  );
});
