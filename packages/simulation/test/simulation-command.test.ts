import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assert, suite } from "@chorus/testing";
import { Counters } from "../src/simulation/counters.js";
import { COVERAGE, blindSpots, describeFailure } from "../src/simulation/report.js";

const test = suite("simulate command", { deadlineMs: 60_000 });

const COMMAND = fileURLToPath(new URL("../src/simulate-command.js", import.meta.url));

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

test("it prints what happened and how long it took", () => {
  const { out } = run("3", "40", "--profile", "forgetful", "--jobs", "1");
  assert.match(out, /^operations .*set \d/m);
  assert.match(out, /^frames .*update \d/m);
  assert.match(out, /^3 seeds of 40 steps in [\d.]+ s/m);
  assert.match(out, /^\d passed, \d failed$/m);
});

test("it fails with the seed and the command that repeats it", () => {
  const { code, out } = run("20", "60", "--fault", "lose-one-frame", "--jobs", "1");
  assert.is(code, 0, out);
  const [, repeat] = /again: npm run simulate -- (.*)$/m.exec(out) ?? [];
  assert.match(repeat ?? out, /^1 60 --seed \d+ --fault lose-one-frame --trace$/);
  const traced = run(...(repeat ?? "").split(" "));
  assert.is(traced.code, 1);
  assert.match(traced.out, /update \d+ B, LOST/);
  assert.match(traced.out, /FAILURE NOT EQUAL WITHOUT RECONNECTING/);
});

test("it fails when no seed catches a planted fault", () => {
  const { code, out } = run("1", "1", "--fault", "drop-tombstone-early", "--profile", "calm");
  assert.is(code, 1);
  assert.match(out, /was caught by 0 of 1 seeds/);
});

test("it refuses arguments that it does not know, with the usage", () => {
  for (const args of [["many"], ["1", "0"], ["--fault", "none"], ["--profile", "none"], ["--unknown"]]) {
    const { code, out, err } = run(...args);
    assert.is(code, 2, args.join(" "));
    assert.is(out, "");
    if (args[0] !== "--unknown") assert.match(err, /usage: npm run simulate/);
  }
});

test("it names everything that never happened", () => {
  const counters = new Counters();
  assert.equal(blindSpots(counters), COVERAGE);
  for (const name of COVERAGE) counters.add(name);
  assert.equal(blindSpots(counters), []);
});

test("it shortens a long list of failures", () => {
  const failures = Array.from({ length: 9 }, (_, index) => ({
    kind: `KIND ${index}`,
    detail: "x".repeat(5_000),
  }));
  const text = describeFailure(
    { seed: 4, profile: "tight", failures, counts: {}, fingerprint: "" },
    { steps: 7, profile: "tight" },
  );
  assert.match(text, /and 4 more/);
  assert.match(text, /npm run simulate -- 1 7 --seed 4 --profile tight --trace$/);
  assert.ok(text.length < 9_000, String(text.length));
});
