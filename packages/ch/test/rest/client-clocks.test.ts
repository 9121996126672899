import { assert, suite } from "@chorus/testing";
import { ClientClocks, TOLERATED_CLOCK_MS } from "../../src/rest/client-clocks.js";

const test = suite("client clocks");

const NOW = 1_800_000_000_000;

/** A client whose clock is `aheadMs` ahead, and the times of its writes by our clock when they take so long to come. */
function timesOf(aheadMs: number, delaysMs: readonly number[]): number[] {
  const clocks = new ClientClocks();
  return delaysMs.map((delayMs, i) => {
    const madeAt = NOW + i * 100;
    return clocks.timeOf("client", madeAt + aheadMs, madeAt + delayMs) - madeAt;
  });
}

test("takes the time as it was sent when the clock is right or nearly so", () => {
  assert.equal(timesOf(0, [3, 40, 1]), [0, 0, 0]);
  assert.equal(timesOf(200, [3, 40]), [200, 200]);
  assert.equal(timesOf(-200, [3, 40]), [-200, -200]);
});

for (const aheadMs of [
  300,
  -400,
  5_000,
  -5_000,
  3_600_000,
  -3_600_000,
  10 * 365 * 86_400_000,
  -50 * 365 * 86_400_000,
]) {
  test(`puts a clock right that is ${aheadMs} ms ahead, but for the shortest way here`, () => {
    assert.equal(timesOf(aheadMs, [20, 80, 5, 300]), [20, 20, 5, 5]);
  });
}

test("never dates a write later than it came, when the clock is off by more than is tolerated", () => {
  const clocks = new ClientClocks();
  let state = 7;
  for (let i = 0; i < 1_000; i++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const arrival = NOW + i * 10;
    const sentMs = arrival + (state % 7_200_000) - 3_600_000;
    const time = clocks.timeOf("client", sentMs, arrival);
    assert.ok(time <= arrival + TOLERATED_CLOCK_MS && time >= 1 && Number.isSafeInteger(time), `${i}`);
  }
});

test("forgets how short the way was after 32 samples", () => {
  const clocks = new ClientClocks();
  const skew = 60_000;
  assert.is(clocks.timeOf("client", NOW - skew, NOW + 1), NOW + 1);
  for (let i = 0; i < 31; i++) assert.is(clocks.timeOf("client", NOW - skew, NOW + 500), NOW + 1);
  assert.is(clocks.timeOf("client", NOW - skew, NOW + 500), NOW + 500);
});

test("does not date back what comes after a clock that was ahead has been set right", () => {
  const clocks = new ClientClocks();
  for (let i = 0; i < 10; i++) clocks.timeOf("client", NOW + 3_600_000, NOW + 5);
  assert.is(clocks.timeOf("client", NOW + 100, NOW + 105), NOW + 100);
});

test("leaves a single write with an old time of its own alone", () => {
  const clocks = new ClientClocks();
  clocks.timeOf("client", NOW, NOW + 5);
  assert.is(clocks.timeOf("client", 1_000, NOW + 10), 1_000);
  assert.is(clocks.timeOf("client", NOW + 20, NOW + 25), NOW + 20);
});

test("tells clients apart", () => {
  const clocks = new ClientClocks();
  clocks.timeOf("fast", NOW + 5_000, NOW);
  assert.is(clocks.timeOf("right", NOW, NOW + 5), NOW);
  assert.is(clocks.timeOf("fast", NOW + 6_000, NOW + 1_010), NOW + 1_000);
});

test("remembers a thousand clients, those heard of last", () => {
  const clocks = new ClientClocks();
  clocks.timeOf("first", NOW - 60_000, NOW);
  clocks.timeOf("kept", NOW - 60_000, NOW);
  for (let i = 0; i < 998; i++) clocks.timeOf(`${i}`, NOW, NOW);
  clocks.timeOf("kept", NOW - 60_000, NOW);
  clocks.timeOf("another", NOW, NOW);
  assert.is(clocks.size, 1_000);
  // The offset of one is still known, that of the other is not.
  assert.is(clocks.timeOf("kept", NOW - 60_000, NOW + 50), NOW);
  assert.is(clocks.timeOf("first", NOW - 60_000, NOW + 50), NOW + 50);
});

test("copes with a clock of fractions and with time 0", () => {
  const clocks = new ClientClocks();
  assert.is(clocks.timeOf("client", NOW - 60_000, NOW + 0.4), NOW);
  assert.is(clocks.timeOf("other", NOW, NOW), NOW);
  assert.is(clocks.timeOf("other", 0, NOW), 1);
});
