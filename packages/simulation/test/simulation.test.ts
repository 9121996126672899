// The project's main proof in its short form; `npm run simulate -- 5000 1000` is the long one.
import { assert, suite } from "@chorus/testing";
import { type FaultName, faultNames } from "../src/simulation/faults.js";
import { eventfulProfileNames, profileNames } from "../src/simulation/profile.js";
import { blindSpots, describeCounters, describeFailure } from "../src/simulation/report.js";
import { runSeeds } from "../src/simulation/run-seeds.js";
import { type RunResult, simulate } from "../src/simulation/simulate.js";

const test = suite("simulation", { deadlineMs: 120_000 });

/** Another range of seeds than the default can be asked for: CHORUS_SEED=1000 node simulation.test.js */
const FIRST_SEED = Number(process.env.CHORUS_SEED ?? 1);
const STEPS = 150;
/** A planted fault must be caught by this many small seeds. */
const FAULT_SEEDS = 300;

/**
 * The kinds of failure by which each fault is to be caught: not by anything else that it happens to upset.
 */
const CAUGHT_BY: Readonly<Record<FaultName, readonly string[]>> = {
  "reuse-id": ["ERROR protocol", "ERROR replica-cloned", "ERROR divergence", "CONTENTS DIFFER", "LOST"],
  "apply-over-gap": ["PENDING IN YJS"],
  "show-half-an-answer": ["RESURRECTED"],
  "read-index-in-transaction": ["LOST", "RESURRECTED"],
  "drop-tombstone-early": ["RESURRECTED"],
  "break-ties-by-segment": ["LOST", "RESURRECTED", "CONTENTS DIFFER"],
  "lose-one-frame": ["NOT EQUAL WITHOUT RECONNECTING"],
  "send-before-stored": ["ERROR store-copied"],
  "take-over-torn": ["LOST", "RESURRECTED"],
};

/** Besides their part of the mixed seeds. */
const SEEDS_EACH = 6;

function catches(run: RunResult, fault: FaultName): boolean {
  return run.failures.some(({ kind }) => CAUGHT_BY[fault].includes(kind));
}

test("it finds nothing wrong in 200 seeds, and has seen everything happen in them", async () => {
  const { failed, counters, seedsDone } = await runSeeds({ firstSeed: FIRST_SEED, seeds: 200, steps: STEPS });
  const shown = failed.slice(0, 3).map((run) => describeFailure(run, { steps: STEPS }));
  assert.is(failed.length, 0, shown.join("\n"));
  assert.is(seedsDone, 200);
  assert.equal(blindSpots(counters), [], describeCounters(counters));
  for (const profile of profileNames.filter((name) => !eventfulProfileNames.includes(name)))
    assert.ok(counters.get(`profile.${profile}`) > 0, profile);
});

for (const profile of eventfulProfileNames) {
  test(`it finds nothing wrong in ${SEEDS_EACH} worlds of the kind ${profile}`, async () => {
    const { failed } = await runSeeds({ firstSeed: FIRST_SEED, seeds: SEEDS_EACH, steps: STEPS, profile });
    assert.is(
      failed.length,
      0,
      failed.map((run) => describeFailure(run, { steps: STEPS, profile })).join("\n"),
    );
  });
}

for (const fault of faultNames) {
  test(`it catches the planted fault ${fault}`, async (t) => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + FAULT_SEEDS; seed++) {
      const run = await simulate({ seed, steps: STEPS, fault });
      if (!catches(run, fault)) continue;
      const kinds = new Set(run.failures.map(({ kind }) => kind));
      process.stdout.write(`  ${t.name}: seed ${seed} (${run.profile}): ${[...kinds].join(", ")}\n`);
      return;
    }
    assert.unreachable(`${fault} passed ${FAULT_SEEDS} seeds unseen`);
  });
}

test("it runs a seed the same way every time, to the last byte", async () => {
  for (const [index, profile] of profileNames.entries()) {
    const run = async (): Promise<{ result: RunResult; lines: string[] }> => {
      const lines: string[] = [];
      const options = { seed: FIRST_SEED + index, steps: STEPS, profile };
      return { result: await simulate({ ...options, trace: (line) => lines.push(line) }), lines };
    };
    const [first, again] = [await run(), await run()];
    assert.ok(first.lines.length > STEPS, `${profile}: ${first.lines.length} lines`);
    assert.equal(again, first, profile);
  }
});

test("it is the same run with and without a trace, and another one for another seed", async () => {
  const lines: string[] = [];
  const traced = await simulate({ seed: 5, steps: 60, trace: (line) => lines.push(line) });
  assert.equal(await simulate({ seed: 5, steps: 60 }), traced);
  assert.is.not((await simulate({ seed: 6, steps: 60 })).fingerprint, traced.fingerprint);
});

test("it gives the same result on one thread as on two", async () => {
  const options = { firstSeed: FIRST_SEED, seeds: 45, steps: 20 };
  const [one, two] = [await runSeeds({ ...options, jobs: 1 }), await runSeeds({ ...options, jobs: 2 })];
  assert.equal(two.counters.toJSON(), one.counters.toJSON());
  assert.equal(two.failed, one.failed);
});
