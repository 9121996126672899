import { assert, suite } from "@chorus/testing";
import { type ErrorRecord, createCh } from "../src/index.js";

const test = suite("records of what subscribers threw");

function create(t: { after(task: () => unknown): void }) {
  const $ch = createCh();
  t.after(() => $ch.close());
  const data = $ch("data").create();
  return { $ch, data, records: $ch<{ id: number }, ErrorRecord>("__ch::errors") };
}

test("appear at the first failure, with what there is to know", async (t) => {
  const { $ch, data, records } = create(t);
  data.subscribe(() => undefined, true, "fine");
  data.set("k", 1);
  await data.waitForJobs();
  assert.equal($ch().list(), ["data"]);
  data.subscribe(
    () => {
      throw new Error("mine");
    },
    true,
    "bad",
  );
  data.setAll(["id"], [{ id: 1 }]);
  await data.waitForJobs();
  assert.equal($ch().list(), ["data", "__ch::errors"]);
  const [record] = records.getAll();
  assert.ok(record && Math.abs(record.date - Date.now()) < 5_000);
  assert.equal(record, {
    id: 1,
    date: record?.date,
    channel: "data",
    subscriber: "bad",
    op: "setall",
    code: "listener-failed",
    message: "a subscriber failed: mine",
  });
  assert.equal(records.getKeys(), [{ id: 1 }]);
});

test("are kept of virtual channels and rejections too", async (t) => {
  const { $ch, records } = create(t);
  const dummy = $ch("dummy").create("dummy");
  dummy.subscribe(() => Promise.reject("text"), true, "bad");
  dummy.unset("k");
  await dummy.waitForJobs();
  assert.equal(
    records.getAll().map(({ channel, op, message }) => [channel, op, message]),
    [["dummy", "unset", "a subscriber failed: text"]],
  );
});

test("are the newest thousand", async (t) => {
  const { data, records } = create(t);
  data.subscribe(() => {
    throw new Error("mine");
  }, true);
  for (let i = 0; i < 1_005; i++) data.set("k", i);
  await data.waitForJobs();
  assert.is(records.size(), 1_000);
  assert.equal(records.getKeys()[0], { id: 6 });
  assert.equal(records.getKeys().at(-1), { id: 1_005 });
});

test("are not made of failures of their own subscribers, which are events only", async (t) => {
  const { $ch, data, records } = create(t);
  const codes: unknown[] = [];
  $ch.on("error", ({ channel, error }) => codes.push([channel, error.code]));
  const fail = () => {
    throw new Error("mine");
  };
  data.subscribe(fail, true);
  data.set("k", 1);
  await data.waitForJobs();
  records.subscribe(fail);
  await records.waitForJobs();
  assert.is(records.size(), 1);
  assert.equal(codes, [
    ["data", "listener-failed"],
    ["__ch::errors", "listener-failed"],
  ]);
});

test("come back after somebody destroyed them, and hurt nobody when they cannot be kept", async (t) => {
  const { $ch, data, records } = create(t);
  data.subscribe(() => {
    throw new Error("\ud800".repeat(20_000));
  }, true);
  data.set("k", 1);
  await data.waitForJobs();
  assert.is(records.getAll()[0]?.message.length, 10_000);
  records.destroy();
  data.set("k", 2);
  await data.waitForJobs();
  assert.equal(records.getKeys(), [{ id: 2 }]);
  records.destroy();
  $ch("__ch::errors").create("proxy", { chTarget: "missing" });
  data.set("k", 3);
  await data.waitForJobs();
  assert.is(data.size(), 1);
});
