import { assert, suite } from "@chorus/testing";
import { AckBuffer, AckTimer, AckWaiters } from "../src/acknowledgements.js";
import { ChorusError } from "../src/errors.js";
import { MAX_ACK_PAIRS } from "../src/frames.js";
import { VirtualRuntime } from "./virtual-runtime.js";

const test = suite("acknowledgements");

test("it keeps the latest clock of each session, and hands out a frame's worth at a time", () => {
  const buffer = new AckBuffer();
  buffer.add(1, 5);
  buffer.add(1, 3);
  buffer.add(2, 1);
  assert.equal(buffer.take(), [1, 5, 2, 1]);
  assert.ok(buffer.isEmpty);
  for (let session = 0; session <= MAX_ACK_PAIRS; session++) buffer.add(session, 1);
  assert.is(buffer.take().length, 2 * MAX_ACK_PAIRS);
  assert.is(buffer.take().length, 2);
});

test("it flushes all senders together after the delay", () => {
  const runtime = new VirtualRuntime();
  const timer = new AckTimer(runtime, 50);
  const flushed: number[] = [];
  for (const name of [1, 2]) timer.add({ flushAcks: () => flushed.push(name) });
  runtime.advance(49);
  assert.equal(flushed, []);
  runtime.advance(1);
  assert.equal(flushed, [1, 2]);
  assert.is(runtime.timers, 0);
});

test("it waits for the slowest peer, and gives up in time", async () => {
  const runtime = new VirtualRuntime();
  const clocks = [5, 1];
  const waiters = new AckWaiters(runtime, () => Math.min(...clocks));
  const at = (clock: number) => Promise.resolve(clock);
  await waiters.wait(at(1), { quorum: "all", timeoutMs: 10 });
  const late = waiters.wait(at(2), { quorum: "all", timeoutMs: 10 });
  await Promise.resolve();
  runtime.advance(10);
  await assert.rejectsCode(late, "timeout");
  const open = waiters.wait(at(2), { quorum: "all", timeoutMs: undefined });
  clocks[1] = 2;
  waiters.check();
  await open;
  const closed = waiters.wait(at(9), { quorum: "all", timeoutMs: 1_000 });
  waiters.close();
  await assert.rejectsCode(closed, "closed");
  assert.is(runtime.timers, 0);
});

test("it asks once per quorum how far that has come, and not while nobody waits", async () => {
  const asked: (number | "all")[] = [];
  const clocks = new Map<number | "all", number>([
    ["all", 1],
    [1, 3],
    [2, -1],
  ]);
  const waiters = new AckWaiters(new VirtualRuntime(), (quorum) => {
    asked.push(quorum);
    return clocks.get(quorum) ?? -1;
  });
  waiters.check();
  assert.equal(asked, []);
  const ended: string[] = [];
  for (const [quorum, clock] of [
    ["all", 1],
    ["all", 2],
    [1, 3],
    [1, 4],
    [2, 0],
  ] as const) {
    const wait = waiters.wait(Promise.resolve(clock), { quorum, timeoutMs: undefined });
    wait.then(
      () => ended.push(`${quorum} ${clock}`),
      () => {},
    );
  }
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  assert.equal(ended, ["all 1", "1 3"]);
  asked.length = 0;
  waiters.check();
  assert.equal(asked, ["all", 1, 2]);
  waiters.close();
});

test("it gives up in time also while the writes are not committed, and passes on why they never are", async () => {
  const runtime = new VirtualRuntime();
  const waiters = new AckWaiters(runtime, () => Number.POSITIVE_INFINITY);
  let commit: (clock: number) => void = () => {};
  const late = waiters.wait(
    new Promise((resolve) => {
      commit = resolve;
    }),
    { quorum: 1, timeoutMs: 10 },
  );
  waiters.check();
  runtime.advance(10);
  await assert.rejectsCode(late, "timeout");
  commit(1);
  const failure = Promise.reject(new ChorusError("store-full", "full"));
  await assert.rejectsCode(waiters.wait(failure, { quorum: 1, timeoutMs: 10 }), "store-full");
  assert.is(runtime.timers, 0);
});
