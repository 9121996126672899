import { assert, suite, until } from "@chorus/testing";
import type { ChannelData } from "../src/channel-data.js";
import { ErrorRecords } from "../src/error-records.js";
import { type ErrorRecord, createCh } from "../src/index.js";
import { ChorusError } from "@chorus/core";
import { auth, pair } from "./support.js";

const test = suite("records of what subscribers threw");

interface Id {
  readonly session: string;
  readonly id: number;
}

function create(t: { after(task: () => unknown): void }) {
  const $ch = createCh();
  t.after(() => $ch.close());
  const data = $ch("data").create();
  return { $ch, data, records: $ch<Id, ErrorRecord>("__ch::errors") };
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
  assert.match(record?.session ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(record, {
    session: record?.session,
    id: 1,
    date: record?.date,
    channel: "data",
    subscriber: "bad",
    op: "setall",
    code: "listener-failed",
    message: "a subscriber failed: mine",
  });
  assert.equal(records.getKeys(), [{ id: 1, session: record?.session }]);
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

/** Records into a map, at a time that the test decides. */
function recorded(): {
  fail: (count: number) => void;
  pass: (ms: number) => void;
  entries: Map<number, ErrorRecord>;
} {
  const entries = new Map<number, ErrorRecord>();
  let elapsed = 0;
  const data = {
    set: (key: Id, value: ErrorRecord) => entries.set(key.id, value),
    unset: (key: Id) => entries.delete(key.id),
  } as unknown as ChannelData;
  const runtime = { now: () => 5, elapsed: () => elapsed };
  const records = new ErrorRecords({ open: () => data, runtime, session: "s" });
  const error = new ChorusError("listener-failed", "mine");
  const failure = { channel: "data", subscriber: "bad", op: "set", error } as const;
  return {
    fail: (count) => {
      for (let i = 0; i < count; i++) records.add(failure);
    },
    pass: (ms) => {
      elapsed += ms;
    },
    entries,
  };
}

test("are the newest thousand", () => {
  const { fail, pass, entries } = recorded();
  for (let i = 0; i < 11; i++) {
    fail(100);
    pass(1_000);
  }
  fail(5);
  const ids = [...entries.keys()];
  assert.equal([ids.length, ids[0], ids.at(-1)], [1_000, 106, 1_105]);
});

test("are at most a hundred in a second, and the next one tells how many were left out", () => {
  const { fail, pass, entries } = recorded();
  fail(130);
  pass(999);
  fail(3);
  assert.is(entries.size, 100);
  pass(1);
  fail(2);
  assert.equal([entries.get(101)?.dropped, entries.get(102)?.dropped], [33, undefined]);
});

test("of failures about records end", async (t) => {
  const { $ch, data, records } = create(t);
  const fail = () => {
    throw new Error("mine");
  };
  const copies = $ch("copies").create();
  let failures = 0;
  $ch.on("error", () => failures++);
  copies.subscribe(fail, true);
  records.create("memory").subscribe((...[, op, key, value]) => {
    if (op === "set") copies.set(key, value);
  });
  data.subscribe(fail, true);
  data.set("k", 1);
  await until(() => failures > 100);
  const round = async () => {
    for (const one of [data, copies, records]) await one.waitForJobs();
    return failures;
  };
  const before = await round();
  assert.is(await round(), before);
});

test("of two nodes that peer them are kept side by side", async (t) => {
  const [a, b] = await pair(t);
  for (const { $ch, server, url } of [a, b]) {
    const at = url.replace("/data", "/errors");
    const others = [a, b].map((one) => one.url.replace("/data", "/errors"));
    assert.ok(others.includes(at));
    await $ch("__ch::errors").peer(server, "/errors", others, auth);
  }
  for (const { $ch } of [a, b]) await $ch("__ch::errors").ready();
  for (const { data } of [a, b]) {
    data.subscribe(() => {
      throw new Error("mine");
    }, true);
  }
  a.data.set("k", 1);
  for (const { $ch } of [a, b]) await until(() => $ch("__ch::errors").size() === 2);
  for (const { $ch } of [a, b]) {
    const ids = $ch<Id>("__ch::errors")
      .getKeys()
      .map(({ id }) => id);
    assert.equal(ids, [1, 1]);
  }
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
  assert.equal(
    records.getKeys().map(({ id }) => id),
    [2],
  );
  records.destroy();
  $ch("__ch::errors").create("proxy", { chTarget: "missing" });
  data.set("k", 3);
  await data.waitForJobs();
  assert.is(data.size(), 1);
});
