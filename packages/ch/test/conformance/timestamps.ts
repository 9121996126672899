// The time of a write, given or not, and the version of the channel. Clocks are those of the cases, never slept for.
import { type Runtime, systemRuntime } from "@chorus/core";
import { assert, until } from "@chorus/testing";
import { type Case, calls, channelOf, pairOf, peerAll, told, twoNodes } from "./cases.js";

const FORCED = "`set`, `setAll`, `getSet` with a timestamp";

/** A wall clock that stands still until it is told the time. */
function stoppedClock(ms: number): { runtime: Runtime; set(ms: number): void } {
  let now = ms;
  return {
    runtime: { ...systemRuntime, now: () => now },
    set: (next) => {
      now = next;
    },
  };
}

const START = 1_700_000_000_000;

const without: Case[] = [
  {
    method: "set",
    title: "without a timestamp the time is now",
    source: "S4",
    original: "ts = now (ms)",
    here: "same",
    run: async (_, scene) => {
      const clock = stoppedClock(START);
      const data = channelOf(scene, { runtime: clock.runtime });
      const list = calls(data);
      data.set("k", 1);
      data.setAll(["id"], [{ id: 1 }]);
      data.unset("k");
      data.unsetAll(["id"], [{ id: 1 }]);
      await data.waitForJobs();
      assert.equal(
        list.map((call) => call[5]),
        [START, START, START, START],
      );
    },
  },
  {
    method: "set",
    title: "after the clock went back it is written",
    source: "S8.18",
    original: "dropped silently, the ow.ch object is returned instead of a key",
    here: "written: stamps only go forward",
    row: "`set` after the clock went back",
    run: (_, scene) => {
      const clock = stoppedClock(START);
      const data = channelOf(scene, { runtime: clock.runtime });
      data.set("k", "before");
      clock.set(START - 3_600_000);
      assert.equal(data.set("k", "after"), { key: "k" });
      data.setAll(["key"], [{ key: "l", value: 1 }]);
      assert.equal(data.getAll(), [
        { key: "k", value: "after" },
        { key: "l", value: 1 },
      ]);
      data.unset("l");
      assert.is(data.size(), 1);
    },
  },
  {
    method: "getSet",
    title: "without a timestamp the time is now",
    source: "S3",
    original: "not defaulted: the entry's time becomes undefined, and subscribers get undefined",
    here: "as for set: an entry without a time breaks every order",
    row: "`getSet`",
    run: async (_, scene) => {
      const data = channelOf(scene, { runtime: stoppedClock(START).runtime });
      data.set({ id: 1 }, { id: 1 }, 1_000);
      const list = calls(data);
      data.getSet({ id: 1 }, { id: 1 }, { id: 1, n: 2 });
      await data.waitForJobs();
      assert.is(list[0]?.[5], START);
    },
  },
];

const forced: Case[] = [
  {
    method: "set",
    title: "a given timestamp is the entry's time",
    source: "S4",
    original: "stored as the entry's sort time",
    here: "same",
    run: (data) => {
      data.set("b", 1, 2_000);
      data.set("a", 1, 1_000);
      data.setAll(["key"], [{ key: "c", value: 1 }], 1_500);
      assert.equal(data.getSortedKeys(), [{ key: "a" }, { key: "c" }, { key: "b" }]);
      assert.equal(data.shift(), { key: "a", value: 1 });
      assert.equal(data.pop(), { key: "b", value: 1 });
    },
  },
  {
    method: "set",
    title: "an older timestamp does not overwrite a later write",
    source: "S4",
    original: "no check at all: the old value stays",
    here: "writes nothing, tells nobody, returns undefined: the last write wins on all peers",
    row: FORCED,
    run: async (data) => {
      data.set("k", "new");
      const list = calls(data);
      assert.is(data.set("k", "old", 1), undefined);
      data.setAll(["key"], [{ key: "k", value: "old" }], 1);
      assert.is(data.getSet({ value: "new" }, "k", "old", 1), undefined);
      assert.equal(data.get("k"), { key: "k", value: "new" });
      await data.waitForJobs();
      assert.equal(list, []);
    },
  },
  {
    method: "setAll",
    title: "with a timestamp it writes and tells of the rows that win",
    source: "S4",
    original: "all rows are written",
    here: "each row by itself, as set",
    row: FORCED,
    run: async (data) => {
      data.setAll(["id"], [{ id: 1, from: "later" }], 2_000);
      data.setAll(["id"], [{ id: 2, from: "earlier" }], 1_000);
      const list = calls(data);
      const rows = [1, 2, 3].map((id) => ({ id, from: "between" }));
      data.setAll(["id"], rows, 1_500);
      assert.equal(data.getAll(), [rows[1], rows[2], { id: 1, from: "later" }]);
      await data.waitForJobs();
      assert.equal(told(list), [["setall", ["id"], rows.slice(1)]]);
    },
  },
  {
    method: "set",
    title: "of two writes of the same given time the same value stays, in whatever order they come",
    source: "S4",
    original: "the one that comes last",
    here: "decided by their values, as on all peers; the same write again does nothing",
    row: FORCED,
    run: (data) => {
      data.set("k", 1, 1_000);
      data.set("k", 2, 1_000);
      data.set("l", 2, 1_000);
      data.set("l", 1, 1_000);
      assert.equal(
        data.getAll().map((stored) => (stored as { value: number }).value),
        [2, 2],
      );
      assert.is(data.set("k", 2, 1_000), undefined);
    },
  },
  {
    method: "set",
    title: "a given time of now loses to a second write of this very millisecond",
    source: "S4",
    original: "overwrites",
    here: "without a timestamp, writes of one millisecond are numbered; a given time is its beginning",
    row: FORCED,
    run: (_, scene) => {
      const data = channelOf(scene, { runtime: stoppedClock(START).runtime });
      data.set("k", 1);
      data.set("k", 2);
      assert.is(data.set("k", 3, START), undefined);
      assert.equal(data.get("k"), { key: "k", value: 2 });
      assert.equal(data.set("k", 3, START + 1), { key: "k" });
    },
  },
  {
    method: "set",
    title: "a timestamp that is no whole number is refused, null is none",
    source: "S4",
    original: "anything is stored, a uuid text too",
    here: "invalid-timestamp: other times cannot be ordered",
    row: FORCED,
    run: (data) => {
      for (const timestamp of [-1, 1.5, Number.NaN, "some-uuid"]) {
        assert.throwsCode(() => data.set("k", 1, timestamp as number), "invalid-timestamp");
      }
      assert.is(data.size(), 0);
      assert.equal(data.set("k", 1, null as never), { key: "k" });
    },
  },
  {
    method: "unset",
    title: "an older timestamp does not remove a later write",
    source: "S3",
    original: "the timestamp never reaches the backend: removed",
    here: "removes nothing, tells nobody",
    row: "`unset`, `unsetAll` with a timestamp",
    run: async (data) => {
      data.set("k", 1, 2_000);
      data.set({ id: 1 }, { id: 1 }, 2_000);
      const list = calls(data);
      assert.is(data.unset("k", 1_999), data);
      data.unsetAll(["id"], [{ id: 1 }], 1_999);
      assert.is(data.size(), 2);
      data.unset("k", 2_001);
      data.unsetAll(["id"], [{ id: 1 }], 2_001);
      assert.is(data.size(), 0);
      await data.waitForJobs();
      assert.equal(told(list), [
        ["unset", "k", undefined],
        ["unsetall", ["id"], [{ id: 1 }]],
      ]);
    },
  },
  {
    method: "subscribe",
    title: "subscribers get the given timestamp",
    source: "S3",
    original: "6th argument",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      data.set("k", 1, 1_000);
      data.setAll(["id"], [{ id: 1 }], 1_001);
      data.getSet({ value: 1 }, "k", 2, 1_002);
      data.unset("k", 1_003);
      data.unsetAll(["id"], [{ id: 1 }], 1_004);
      await data.waitForJobs();
      assert.equal(
        list.map((call) => call[5]),
        [1_000, 1_001, 1_002, 1_003, 1_004],
      );
    },
  },
  {
    method: "peer",
    title: "the later of two writes stays on both sides, whichever arrives last",
    source: "S4",
    original: "remote writes always carry a time and are never rejected: arrival order wins",
    here: "the later time wins",
    row: "concurrent writes of a key end swapped",
    run: async (_, scene) => {
      const pair = await twoNodes(scene);
      const [a, b] = pair;
      a.data.set("k", "later", 2_000);
      b.data.set("k", "earlier", 1_000);
      await peerAll(pair);
      await until(() => a.data.contentHash() === b.data.contentHash(), { what: "equal contents" });
      assert.equal(
        [a.data.get("k"), b.data.get("k")],
        [
          { key: "k", value: "later" },
          { key: "k", value: "later" },
        ],
      );
    },
  },
];

const version: Case[] = [
  {
    method: "getVersion",
    title: "is the local time of the last change, by every method that writes",
    source: "S4",
    original: "version := local now after each change",
    here: "same",
    run: (_, scene) => {
      const clock = stoppedClock(START);
      const data = channelOf(scene, { runtime: clock.runtime });
      const writes = [
        () => data.set("k", 1),
        () => data.push("l", 1),
        () => data.setAll(["id"], [{ id: 1 }, { id: 2 }]),
        () => data.getSet({ value: 1 }, "k", 2),
        () => data.unset("l"),
        () => data.unsetAll(["id"], [{ id: 1 }]),
        () => data.pop(),
        () => data.shift(),
        () => data.set("old", 1, 1_000),
      ];
      writes.forEach((write, i) => {
        clock.set(START + (i + 1) * 10);
        write();
        assert.is(data.getVersion(), START + (i + 1) * 10, String(write));
      });
    },
  },
  {
    method: "getVersion",
    title: "does not move by reads",
    source: "S4",
    original: "only changes",
    here: "same",
    run: (_, scene) => {
      const clock = stoppedClock(START);
      const data = channelOf(scene, { runtime: clock.runtime });
      data.set("k", 1);
      clock.set(START + 10);
      data.get("k");
      data.getAll();
      data.getKeys();
      data.size();
      assert.is(data.getVersion(), START);
    },
  },
  {
    method: "getSet",
    title: "a miss does not move the version",
    source: "S4",
    original: "also after a getSet that did not match",
    here: "nothing changed, so it stays",
    row: "`getSet`",
    run: (_, scene) => {
      const clock = stoppedClock(START);
      const data = channelOf(scene, { runtime: clock.runtime });
      data.set("k", 1);
      clock.set(START + 10);
      data.getSet({ value: 7 }, "k", 2);
      assert.is(data.getVersion(), START);
    },
  },
  {
    method: "getVersion",
    title: "does not go back with the clock",
    source: "S4",
    original: "goes back with the clock",
    here: "never: a reader of versions would miss changes",
    row: "`getVersion`",
    run: (_, scene) => {
      const clock = stoppedClock(START);
      const data = channelOf(scene, { runtime: clock.runtime });
      data.set("k", 1);
      clock.set(START - 10);
      data.set("k", 2);
      assert.is(data.getVersion(), START);
    },
  },
  {
    method: "getVersion",
    title: "moves by changes of peers, by the clock here",
    source: "S4",
    original: "local wall clock of the last change on this process",
    here: "same",
    run: async (_, scene) => {
      const [a, b] = await pairOf(scene);
      const before = b.data.getVersion();
      await until(() => Date.now() > before, { what: "another millisecond" });
      a.data.set("k", 1, 1_000);
      await a.data.waitForJobs();
      assert.ok(b.data.getVersion() > before && b.data.getVersion() <= Date.now());
    },
  },
];

export const timestamps: readonly Case[] = [...without, ...forced, ...version];
