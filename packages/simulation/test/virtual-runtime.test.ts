import { assert, suite } from "@chorus/testing";
import { Random } from "../src/simulation/random.js";
import { Scheduler } from "../src/simulation/scheduler.js";
import { EPOCH_MS, VirtualRuntime } from "../src/simulation/virtual-runtime.js";

const test = suite("virtual runtime");

function create(skewMs = 0): { scheduler: Scheduler; runtime: VirtualRuntime; clock: { skewMs: number } } {
  const scheduler = new Scheduler();
  const clock = { skewMs };
  return { scheduler, clock, runtime: new VirtualRuntime({ scheduler, random: new Random(7), clock }) };
}

test("it runs events by time, and those of one time as they came", () => {
  const scheduler = new Scheduler();
  const order: string[] = [];
  const random = new Random(3);
  const times = Array.from({ length: 500 }, () => random.below(40));
  for (const [index, time] of times.entries()) scheduler.after(time, () => order.push(`${time}.${index}`));
  scheduler.runFor(40);
  const expected = times
    .map((time, index) => [time, index] as const)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  assert.equal(
    order,
    expected.map(([time, index]) => `${time}.${index}`),
  );
  assert.is(scheduler.eventsRun, 500);
});

test("it stops at the time it was told, and goes on from there", () => {
  const scheduler = new Scheduler();
  const ran: number[] = [];
  for (const time of [5, 10, 15]) scheduler.after(time, () => ran.push(scheduler.nowMs));
  scheduler.runFor(10);
  assert.equal(ran, [5, 10]);
  assert.is(scheduler.nowMs, 10);
  scheduler.runFor(10);
  assert.equal(ran, [5, 10, 15]);
});

test("it runs what is left for the end of a turn before any other event, in order", () => {
  const { scheduler, runtime } = create();
  const order: string[] = [];
  scheduler.after(1, () => {
    runtime.soon(() => {
      order.push("soon");
      runtime.soon(() => order.push("soon of soon"));
    });
    order.push("event");
  });
  scheduler.after(1, () => order.push("next event"));
  scheduler.runFor(1);
  assert.equal(order, ["event", "soon", "soon of soon", "next event"]);
});

test("it keeps the order of later turns and lets other input in between", () => {
  const { scheduler, runtime } = create();
  const order: string[] = [];
  for (let i = 0; i < 20; i++) runtime.later(() => order.push(`later ${i}`));
  for (let i = 0; i < 20; i++) scheduler.after(0.02 * i, () => order.push("input"));
  scheduler.runFor(5);
  const later = order.filter((name) => name.startsWith("later"));
  assert.equal(
    later,
    Array.from({ length: 20 }, (_, i) => `later ${i}`),
  );
  assert.ok(order.indexOf("input") < order.indexOf("later 19"), order.join());
});

test("it does not run a cancelled timer, and takes a second cancel", () => {
  const { scheduler, runtime } = create();
  let ran = 0;
  const timer = runtime.after(5, () => ran++);
  runtime.after(5, () => (ran += 10));
  timer.cancel();
  timer.cancel();
  scheduler.runFor(10);
  assert.is(ran, 10);
});

test("it runs nothing of a killed process, whatever it was waiting for", () => {
  const { scheduler, runtime } = create();
  let ran = 0;
  scheduler.turn(() => {
    runtime.soon(() => ran++);
    runtime.later(() => ran++);
    runtime.after(3, () => ran++);
    runtime.kill();
  });
  scheduler.runFor(100);
  assert.is(ran, 0);
  assert.not(runtime.alive);
});

test("it has a wall clock that is wrong and jumps, and a monotonic one that does neither", () => {
  const { scheduler, runtime, clock } = create(-90_000);
  scheduler.runFor(1_000);
  assert.is(runtime.now(), EPOCH_MS + 1_000 - 90_000);
  assert.is(runtime.elapsed(), 1_000);
  clock.skewMs -= 5_000;
  assert.is(runtime.now(), EPOCH_MS + 1_000 - 95_000);
  assert.is(runtime.elapsed(), 1_000);
});

test("it gives the same chance for the same seed, and another for the next seed", () => {
  const draw = (seed: number): number[] => {
    const random = new Random(seed);
    return Array.from({ length: 50 }, () => random.id53());
  };
  assert.equal(draw(11), draw(11));
  assert.is(new Set([...draw(11), ...draw(12)]).size, 100);
  assert.ok(draw(11).every((id) => Number.isSafeInteger(id) && id >= 0));
});

test("it picks names as often as their weights say, and never one of weight 0", () => {
  const random = new Random(5);
  const counts = { often: 0, seldom: 0, never: 0 };
  for (let i = 0; i < 4_000; i++) counts[random.pickWeighted({ often: 3, never: 0, seldom: 1 })]++;
  assert.is(counts.never, 0);
  assert.ok(counts.often > 2_800 && counts.often < 3_200, JSON.stringify(counts));
});
