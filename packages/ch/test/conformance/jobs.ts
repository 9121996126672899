// stopJobs, and waitForJobs after it; what becomes of what subscribers throw.
import { assert, until } from "@chorus/testing";
import { type Case, calls, gate, told } from "./cases.js";

const STOP = "`stopJobs`, and `waitForJobs` after it";

export const jobs: readonly Case[] = [
  {
    method: "stopJobs",
    title: "is chainable, also when nothing is under way",
    source: "S3",
    original: "$ch",
    here: "same",
    run: (data) => {
      assert.is(data.stopJobs(), data);
    },
  },
  {
    method: "stopJobs",
    title: "what waits comes after the next change, in order",
    source: "S3",
    original: "queued ones later resume: 9 more calls seen after the next set",
    here: "same",
    run: async (data) => {
      const list = calls(data);
      for (let i = 0; i < 10; i++) data.set("k", i);
      data.stopJobs();
      await data.waitForJobs();
      assert.equal(list, []);
      data.set("k", 10);
      await data.waitForJobs();
      assert.equal(
        told(list).map(([, , value]) => value),
        Array.from({ length: 11 }, (_, i) => i),
      );
    },
  },
  {
    method: "stopJobs",
    title: "a call under way ends as it will",
    source: "S3",
    original: "cancels running jobs",
    here: "it ends: JavaScript cannot break it off half-way",
    row: STOP,
    run: async (data) => {
      const { opened, open } = gate();
      let [began, ended] = [0, 0];
      data.subscribe(async () => {
        began++;
        await opened;
        ended++;
      }, true);
      data.set("k", 1);
      data.set("k", 2);
      await until(() => began === 1, { what: "the first call" });
      data.stopJobs();
      open();
      await until(() => ended === 1, { what: "its end" });
      await data.waitForJobs();
      assert.is(began, 1);
    },
  },
  {
    method: "waitForJobs",
    title: "does not wait for what is stopped",
    source: "S3",
    original: "waits for subscriber jobs",
    here: "not for the call under way at stopJobs, nor for those that wait: nobody may come for them",
    row: STOP,
    run: async (data) => {
      data.subscribe(() => new Promise(() => undefined), true);
      data.set("k", 1);
      data.set("k", 2);
      data.stopJobs();
      await data.waitForJobs(5_000);
    },
  },
  {
    method: "subscribe",
    title: "what a function throws is an entry of __ch::errors",
    source: "S3",
    original: "exceptions swallowed",
    here: "kept in a channel, the newest 1,000, at most 100 a second: it can be looked at later, subscribed, and peered",
    row: "a function given to `subscribe` that throws",
    run: async (data, { ch }) => {
      data.subscribe(
        () => {
          throw new Error("mine");
        },
        true,
        "bad",
      );
      data.set("k", 1);
      await data.waitForJobs();
      const [record] = ch<{ session: string; id: number }, { [field: string]: unknown }>(
        "__ch::errors",
      ).getAll();
      const { channel, subscriber, op, code, message } = record ?? {};
      assert.equal([channel, subscriber, op, code], ["data", "bad", "set", "listener-failed"]);
      assert.match(String(message), /mine/);
    },
  },
];
