import { assert, suite } from "@chorus/testing";
import { readBenchOptions, usage } from "../src/bench-options.js";
import { SYSTEM_IDS } from "../src/systems/index.js";
import { WORKLOADS } from "../src/workloads/index.js";

const test = suite("bench options");

test("without arguments: everything in full, and nothing is overwritten", () => {
  const options = readBenchOptions([]);
  assert.equal(options?.workloads, [...WORKLOADS.keys()]);
  assert.equal(options?.systems, SYSTEM_IDS);
  assert.is(options?.size, "full");
  assert.is(options?.idleSeconds, 60);
  assert.is(options?.write, false);
});

test("small sizes idle for less than a second, unless another time is asked for", () => {
  assert.is(readBenchOptions(["--quick"])?.idleSeconds, 0.25);
  assert.is(readBenchOptions(["--quick", "--idle-seconds", "2"])?.idleSeconds, 2);
});

test("workloads and systems are chosen by name, in the order of reports", () => {
  const options = readBenchOptions([
    "--only",
    "tight-loop,latency",
    "--systems",
    "chorus,wire",
    "--rounds",
    "5",
  ]);
  assert.equal(options?.workloads, ["latency", "tight-loop"]);
  assert.equal(options?.systems, ["wire", "chorus"]);
  assert.is(options?.rounds, 5);
});

test("what is not understood is refused by name", () => {
  assert.throws(() => readBenchOptions(["--only", "nothing"]), /--only: no nothing; there are latency/);
  assert.throws(
    () => readBenchOptions(["--systems", "wire,pigeons"]),
    /--systems: no pigeons; there are wire/,
  );
  assert.throws(() => readBenchOptions(["--rounds", "0"]), /--rounds/);
  assert.throws(() => readBenchOptions(["--idle-seconds", "x"]), /--idle-seconds/);
  assert.throws(() => readBenchOptions(["--fast"]), /--fast/);
  assert.throws(() => readBenchOptions(["--quick", "--tiny"]), /exclude each other/);
});

test("documents are written of full runs with the wire limit only", () => {
  assert.ok(readBenchOptions(["--write"])?.write);
  assert.throws(() => readBenchOptions(["--write", "--quick"]), /full sizes/);
  assert.throws(() => readBenchOptions(["--write", "--systems", "chorus"]), /wire limit/);
});

test("help names every workload and system", () => {
  assert.is(readBenchOptions(["--help"]), undefined);
  for (const name of [...WORKLOADS.keys(), ...SYSTEM_IDS]) assert.ok(usage().includes(name), name);
});
