import { assert, suite } from "@chorus/testing";
import { HeldStorage } from "./held-storage.js";
import { Channel, type ChannelOptions } from "../src/index.js";
import { resolveSettings } from "../src/channel-options.js";

const test = suite("channel options");

function refused(options: unknown, named: string): void {
  const error = assert.throwsCode(() => resolveSettings(options as ChannelOptions), "invalid-option");
  assert.match(error.message, named);
}

test("fills in the defaults", () => {
  const settings = resolveSettings({ name: "n" });
  assert.is(settings.maxKeyBytes, 4_096);
  assert.is(settings.maxValueBytes, 1_048_576);
  assert.is(settings.maxBatchEntries, 2_000);
  assert.is(settings.cleaning.maxSegmentStructs, 16_384);
  assert.is(settings.maintenance.dropDelayMs, 250);
  assert.is(settings.storage, undefined);
});

test("takes single limits of a group and keeps the others", () => {
  const settings = resolveSettings({
    name: "n",
    cleaning: { moveBatch: 3 },
    maintenance: { idleAfterMs: 9 },
  });
  assert.is(settings.cleaning.moveBatch, 3);
  assert.is(settings.cleaning.dropBatch, 2_000);
  assert.is(settings.maintenance.idleAfterMs, 9);
  assert.is(settings.maintenance.dropDelayMs, 250);
});

test("refuses what is no option, a wrong name and a wrong replicaId", () => {
  for (const wrong of [undefined, null, "data", 1]) refused(wrong, "options");
  refused({ name: "n", persist: true }, "persist");
  for (const name of [undefined, "", "x".repeat(256), 7, ["a"]]) refused({ name }, "name");
  for (const replicaId of ["", "with space", "ä", "x".repeat(129), "line\n", 5, {}, null]) {
    refused({ name: "n", replicaId }, "replicaId");
  }
  assert.is(resolveSettings({ name: "n".repeat(255), replicaId: "~".repeat(128) }).replicaId?.length, 128);
});

test("refuses a storage that is none, and a replicaId beside one", () => {
  for (const storage of [null, {}, { append: true }, "folder"]) refused({ name: "n", storage }, "storage");
  refused({ name: "n", replicaId: "r", storage: new HeldStorage() }, "replicaId");
});

test("refuses limits out of range, and names them", () => {
  for (const option of ["maxKeyBytes", "maxValueBytes", "maxBatchEntries"]) {
    for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 30, "10", null])
      refused({ name: "n", [option]: wrong }, option);
  }
  assert.is(resolveSettings({ name: "n", maxBatchEntries: 1 }).maxBatchEntries, 1);
});

test("refuses cleaning that could never end, and intervals that are no time", () => {
  for (const [limit, wrong] of [
    ["minIdleDead", 3],
    ["moveBatch", 0],
    ["dropBatch", Number.NaN],
    ["maxSegmentStructs", -1],
    ["moveBatch", undefined],
    ["moveBatch", "5"],
  ] as const) {
    refused({ name: "n", cleaning: { [limit]: wrong } }, limit);
  }
  refused({ name: "n", cleaning: { moveBatches: 1 } }, "moveBatches");
  refused({ name: "n", cleaning: 5 }, "cleaning");
  for (const wrong of [-1, Number.NaN, undefined, "20"]) {
    refused({ name: "n", maintenance: { batchPauseMs: wrong } }, "batchPauseMs");
  }
  refused({ name: "n", maintenance: { pauseMs: 1 } }, "pauseMs");
});

test("never writes to the caller's object", () => {
  const options = Object.freeze({ name: "n", cleaning: Object.freeze({ moveBatch: 2 }) });
  resolveSettings(options);
  assert.equal(options, { name: "n", cleaning: { moveBatch: 2 } });
});

test("gives a channel without a replicaId a random one, and a session id of its own", (t) => {
  const channels = [
    new Channel({ name: "n" }),
    new Channel({ name: "n" }),
    new Channel({ name: "n", replicaId: "me" }),
  ];
  t.after(() => {
    for (const channel of channels) channel.close();
  });
  assert.is(new Set(channels.map(({ replicaId }) => replicaId)).size, 3);
  assert.is(new Set(channels.map(({ sessionId }) => sessionId)).size, 3);
  assert.is(channels[2]?.replicaId, "me");
});

test("uses lower limits of keys, values and batches", () => {
  const channel = new Channel({ name: "n", maxKeyBytes: 2, maxValueBytes: 3, maxBatchEntries: 1 });
  assert.ok(channel.set("ab", "a"));
  assert.throwsCode(() => channel.set("abc", 1), "too-large");
  assert.throwsCode(() => channel.delete("abc"), "too-large");
  assert.throwsCode(() => channel.set("ab", "ab"), "too-large");
  channel.close();
});
