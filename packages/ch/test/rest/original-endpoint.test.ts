import type { HttpReply, HttpRequest } from "@chorus/node";
import { assert, suite } from "@chorus/testing";
import { OriginalEndpoint, OriginalFailure, type ReplyState } from "../../src/rest/original-endpoint.js";
import { OriginalClock, RestartWatch } from "../../src/rest/original-clock.js";

const test = suite("endpoint of an original");

function endpointOf(answer: Partial<HttpReply> | Error) {
  const requests: string[] = [];
  const noted: ReplyState[] = [];
  const connection = {
    request: async ({ method, path, body }: HttpRequest) => {
      requests.push(`${method} ${decodeURIComponent(path)} ${body ?? ""}`.trim());
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: {}, body: "", ...answer };
    },
    close: async () => Promise.reject(new Error("already")),
  };
  return { endpoint: new OriginalEndpoint(connection, (state) => noted.push(state)), requests, noted };
}

async function failureOf(answer: Partial<HttpReply> | Error): Promise<string> {
  const { endpoint } = endpointOf(answer);
  try {
    await endpoint.size();
  } catch (error) {
    if (!(error instanceof OriginalFailure)) throw error;
    return error.isGarbage ? `${error.kind}, garbage` : error.kind;
  }
  return "none";
}

test("reads the counter as a number and as an object", async () => {
  for (const [c, counter] of [
    [undefined, undefined],
    [9, 9],
    [{ v: "9" }, 9],
    [{ v: 9 }, 9],
  ]) {
    const { endpoint, noted } = endpointOf({ body: JSON.stringify({ l: 2, v: 5, c, r: 2 }) });
    assert.is((await endpoint.size()).result, 2);
    assert.is(noted[0]?.counter, counter);
    await endpoint.close();
  }
});

test("tells failures from each other", async () => {
  const good = JSON.stringify({ l: 2, v: 5, r: 2 });
  assert.is(await failureOf({ body: good }), "none");
  assert.is(await failureOf(new Error("with http://user:secret@host")), "offline");
  assert.is(await failureOf({ status: 401 }), "unauthorized");
  assert.is(await failureOf({ status: 500, body: good }), "offline");
  assert.is(await failureOf({ status: 404 }), "offline, garbage");
  assert.is(await failureOf({ status: 401, headers: { "chorus-protocol": "chorus.1" } }), "chorus");
  assert.is(await failureOf({ body: '{"l":1,"v":2,"c":-1,"r":{}}' }), "unauthorized");
  for (const body of ["", "x", "1", "null", "{}", '{"l":1,"v":-1,"r":1}', '{"l":1,"v":1.5,"r":1}']) {
    assert.is(await failureOf({ body }), "offline, garbage");
  }
  for (const body of ['{"l":1,"v":1,"r":"1"}', '{"l":1,"v":1,"c":"x","r":1}', '{"l":"1","v":1,"r":1}']) {
    assert.is(await failureOf({ body }), "offline, garbage");
  }
});

test("makes the requests of the original", async () => {
  const { endpoint, requests } = endpointOf({ body: '{"l":1,"v":1,"c":2,"r":[]}' });
  await endpoint.keys();
  await endpoint.rows();
  await endpoint.get({ "a/b": "ü%" });
  await endpoint.set({ id: 1 }, { id: 1 }, 7);
  await endpoint.unset({ id: 1 }, 8);
  await endpoint.setAll(["id"], [{ id: 1 }], 9);
  await endpoint.unsetAll(["id"], [{ id: 1 }], 10);
  assert.equal(requests, [
    "GET /o/k",
    "GET /o/a",
    'GET /o/e/k/{"a/b":"ü%"}',
    'PUT /o/e/k/{"id":1}/t/7 {"id":1}',
    'DELETE /o/e/k/{"id":1}/t/8',
    'PUT /o/a/k/["id"]/t/9 [{"id":1}]',
    'PUT /o/ua/k/["id"]/t/10 [{"id":1}]',
  ]);
});

const state = (counter: number | undefined): ReplyState => ({
  version: 1,
  counter,
  isRefused: false,
  dateMs: undefined,
});

test("suspects a restart by the counter and by what is missing", () => {
  const cases: [counters: (number | undefined)[], known: number, missing: number, suspected: boolean][] = [
    [[5, 6], 10, 10, false],
    [[5, undefined], 10, 0, true],
    [[50, 2], 10, 0, true],
    [[50, 49], 10, 1, false],
    [[50, 49], 10, 9, true],
    [[undefined, undefined], 10, 10, true],
    [[undefined, undefined], 10, 9, false],
    [[undefined], 0, 0, false],
  ];
  for (const [counters, known, missing, suspected] of cases) {
    const watch = new RestartWatch();
    for (const counter of counters) watch.noted(state(counter), false, 0);
    assert.is(watch.isSuspected({ known, missing }), suspected, JSON.stringify([counters, known, missing]));
  }
});

test("suspects a restart behind a failure when others have raised the counter again", () => {
  const watch = new RestartWatch();
  watch.noted(state(5), false, 0);
  watch.failed();
  watch.noted(state(5), false, 0);
  assert.is(watch.isSuspected({ known: 30, missing: 30 }), false, "the same counter is the same process");
  watch.noted(state(9), false, 0);
  assert.is(watch.isSuspected({ known: 30, missing: 20 }), true);
  assert.is(watch.isSuspected({ known: 30, missing: 10 }), false);
  assert.is(watch.isSuspected({ known: 10, missing: 9 }), false, "few may have been removed");
  assert.is(watch.isSuspected({ known: 10, missing: 10 }), true, "unless none is left");
  watch.settle();
  assert.is(watch.isSuspected({ known: 30, missing: 30 }), false);
});

test("suspects a restart when others may have raised the counter from nothing, and did not remove what is missing", () => {
  const cases: [after: number, afterMs: number, missing: number, suspected: boolean][] = [
    [20, 5_000, 100, true],
    [20, 5_000, 40, false],
    [2, 5_000, 100, false],
    [20, 50, 100, false],
    [101, 5_000, 100, false],
    [20, 5_000, 0, false],
  ];
  for (const [after, afterMs, missing, suspected] of cases) {
    const watch = new RestartWatch();
    watch.noted(state(1), false, 10_000);
    watch.noted(state(after), false, 10_000 + afterMs);
    const which = JSON.stringify([after, afterMs, missing]);
    assert.is(watch.isSuspected({ known: 100, missing }), suspected, which);
    assert.is(watch.settledCounter, afterMs > 50 && after > 2 ? 1 : after, which);
    watch.settle();
    assert.is(watch.isSuspected({ known: 100, missing }), false, which);
  }
});

test("an unsetAll of ours is no restart", () => {
  const watch = new RestartWatch();
  watch.noted(state(20), false, 0);
  watch.noted(state(19), true, 0);
  assert.is(watch.isSuspected({ known: 10, missing: 9 }), false);
});

test("measures how far a clock is off, and never believes a time to come", () => {
  const clock = new OriginalClock();
  assert.is(clock.toOurs(5_000_000, 9_000_000), 5_000_000);
  assert.is(clock.toOurs(99_000_000, 9_000_000), 9_000_250);
  clock.replied(3_609_000, 9_000);
  assert.is(clock.toOurs(3_605_000, 9_000), 5_000);
  clock.wrote(3_609_500, 9_400, 9_600);
  assert.is(clock.toOurs(3_605_000, 9_000), 5_000);
  clock.wrote(9_700, 9_400, 9_600);
  assert.is(clock.toOurs(8_000, 9_000), 8_000, "a little is tolerated");
});
