import { readFileSync, readdirSync } from "node:fs";
import { assert, suite } from "@chorus/testing";
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { writeSyncStep1, writeSyncStep2, writeUpdate } from "y-protocols/sync";
import * as Y from "yjs";
import { Channel } from "../src/channel.js";
import { ChorusError } from "../src/errors.js";
import { decodeStateVector } from "../src/state-vector.js";
import {
  decodeStockMessage,
  encodeStockHeartbeat,
  encodeStockUpdate,
  encodeStockVector,
} from "../src/yjs-sync-codec.js";

const test = suite("yjs sync codec");

const MAX = 1024 * 1024;
const FIXTURES = new URL("../../test/fixtures/frames/", import.meta.url);

function message(write: (encoder: ReturnType<typeof createEncoder>) => void): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, 0);
  write(encoder);
  return toUint8Array(encoder);
}

test("it reads what y-protocols writes, and writes the same", () => {
  const doc = new Y.Doc();
  doc.getMap("channel").set("key", 1);
  const vector = Y.encodeStateVector(doc);
  const update = Y.encodeStateAsUpdate(doc);
  const step1 = message((encoder) => writeSyncStep1(encoder, doc));
  const step2 = message((encoder) => writeSyncStep2(encoder, doc));
  const live = message((encoder) => writeUpdate(encoder, update));
  assert.equal(decodeStockMessage(step1, MAX), { kind: "vector", bytes: vector });
  assert.equal(decodeStockMessage(step2, MAX), { kind: "update", bytes: update, flags: 2 });
  assert.equal(decodeStockMessage(live, MAX), { kind: "update", bytes: update, flags: 0 });
  assert.equal(encodeStockVector(vector), step1);
  assert.equal(encodeStockUpdate(update, 2), step2);
  assert.equal(encodeStockUpdate(update, 1), live);
  assert.equal(encodeStockUpdate(update, 0), live);
});

test("it ignores awareness and its query", () => {
  assert.is(decodeStockMessage(encodeStockHeartbeat(), MAX), undefined);
  assert.is(decodeStockMessage(new Uint8Array([3]), MAX), undefined);
});

test("it refuses other types, other steps, truncation and what follows", () => {
  const step1 = encodeStockVector(new Uint8Array([0]));
  const wrong = [
    [],
    [2, 0],
    [4],
    [0],
    [0, 3, 1, 0],
    [0, 0, 5, 0],
    [...step1, 0],
    [0, 0],
    [...Array(12).fill(255)],
  ];
  for (const bytes of wrong) {
    assert.throwsCode(() => decodeStockMessage(new Uint8Array(bytes), MAX), "protocol");
  }
  const endless = [0, 2, ...Array(147).fill(0x80), 1];
  assert.throwsCode(() => decodeStockMessage(new Uint8Array(endless), MAX), "protocol");
  assert.throwsCode(() => decodeStockMessage(new Uint8Array(MAX + 1), MAX), "too-large");
});

for (const file of readdirSync(FIXTURES).filter((name) => name.startsWith("fuzz-sync-"))) {
  test(`it refuses ${file} or passes it harmlessly`, (t) => {
    const bytes = Buffer.from(readFileSync(new URL(file, FIXTURES), "utf8").trim(), "hex");
    const channel = new Channel({ name: "data" });
    t.after(() => channel.close());
    channel.set("key", "value");
    try {
      const frame = decodeStockMessage(new Uint8Array([0, ...bytes]), MAX);
      if (frame?.kind === "vector") channel.replication.openDiff(decodeStateVector(frame.bytes)).next(65_536);
      if (frame?.kind === "update") channel.replication.receive(frame.bytes, {}, () => {});
    } catch (error) {
      assert.ok(error instanceof ChorusError && error.code === "protocol", String(error));
    }
    channel.set("key", "later");
    assert.is(channel.get("key"), "later");
    assert.is(channel.size, 1);
    const fresh = new Channel({ name: "data" });
    t.after(() => fresh.close());
    const diff = channel.replication.openDiff(fresh.replication.vector());
    for (let part = diff.next(65_536); part; part = diff.next(65_536)) {
      assert.is.not(
        fresh.replication.receive(part, {}, () => {}),
        "gap",
      );
    }
  });
}
