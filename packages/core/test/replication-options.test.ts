import { assert, suite } from "@chorus/testing";
import {
  checkPermission,
  DEFAULT_LIMITS,
  type PeerSetOptions,
  resolveLimits,
} from "../src/replication-options.js";

const test = suite("replication options");

test("it completes what is given by the defaults, without touching it", () => {
  const options = Object.freeze({ heartbeatMs: 500 });
  assert.equal(resolveLimits(options), { ...DEFAULT_LIMITS, heartbeatMs: 500 });
  assert.equal(resolveLimits({}), DEFAULT_LIMITS);
});

test("it names the option, its value and what is allowed", () => {
  const cases: [unknown, RegExp][] = [
    [{ heartbeatMs: 0 }, /heartbeatMs must be a whole number above 0, not 0/],
    [{ heartbeatMs: "10" }, /heartbeatMs must be a whole number above 0, not "10"/],
    [{ sliceBytes: 1.5 }, /sliceBytes/],
    [{ heartBeatMs: 5 }, /heartBeatMs must be one of .*heartbeatMs/],
    [{ heartbeatMs: 30_000 }, /heartbeatMs must be below silenceTimeoutMs \(25000\), not 30000/],
    [{ behindBytes: 1000 }, /behindBytes must be above 262144/],
    [{ stalledBytes: 1000 }, /behindBytes must be below stalledBytes/],
  ];
  for (const [options, expected] of cases) {
    assert.throws(() => resolveLimits(options as PeerSetOptions), expected);
    assert.throwsCode(() => resolveLimits(options as PeerSetOptions), "invalid-option");
  }
});

test("it knows the three permissions", () => {
  for (const permission of ["r", "w", "rw"]) assert.is(checkPermission("grant", permission), permission);
  for (const other of ["", "wr", undefined, 1]) {
    assert.throws(() => checkPermission("grant", other), /grant must be "r", "w" or "rw"/);
  }
});
