import { assert, suite } from "@chorus/testing";
import {
  checkAcceptOptions,
  checkPermission,
  checkTimeout,
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
    [{ refusedBackoffMaxMs: 2 ** 31 }, /refusedBackoffMaxMs must be at most 2147483647, not 2147483648/],
    [null, /options must be an object, not null/],
    [[], /options must be an object, not an array/],
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

test("it takes the longest time that timers take, and sizes above it", () => {
  const options = { refusedBackoffMaxMs: 2 ** 31 - 1, maxAnswerBytes: 2 ** 40 };
  assert.equal(resolveLimits(options), { ...DEFAULT_LIMITS, ...options });
});

test("it checks how an inbound connection is taken in", () => {
  assert.equal(checkAcceptOptions({}), { grant: "rw", stockClient: false });
  assert.equal(checkAcceptOptions({ grant: "r", stockClient: true }), { grant: "r", stockClient: true });
  const cases: [unknown, RegExp][] = [
    [{ grants: "r" }, /grants must be one of grant, stockClient, not "r"/],
    [{ stockClient: 1 }, /stockClient must be true or false, not 1/],
    [{ grant: null }, /grant must be/],
    [null, /options must be an object, not null/],
  ];
  for (const [options, expected] of cases) {
    assert.throws(() => checkAcceptOptions(options as object), expected);
    assert.throwsCode(() => checkAcceptOptions(options as object), "invalid-option");
  }
});

test("it refuses a timeout that no timer can wait", () => {
  for (const timeoutMs of [undefined, 0, 0.5, 2 ** 31 - 1]) checkTimeout("timeoutMs", timeoutMs);
  for (const timeoutMs of [-1, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, "5", null]) {
    assert.throws(
      () => checkTimeout("timeoutMs", timeoutMs),
      /timeoutMs must be a number from 0 to 2147483647, not/,
    );
  }
});

test("it knows the three permissions", () => {
  for (const permission of ["r", "w", "rw"]) assert.is(checkPermission("grant", permission), permission);
  for (const other of ["", "wr", undefined, 1]) {
    assert.throws(() => checkPermission("grant", other), /grant must be "r", "w" or "rw"/);
  }
});
