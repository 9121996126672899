import { assert, suite } from "@chorus/testing";
import { type Ch, type ChEvents, type ChOptions, createCh, type DurableChOptions } from "../src/index.js";

const test = suite("createCh");

const wrong: [string, unknown][] = [
  ["no object", 5],
  ["null", null],
  ["an unknown option", { nam: "x" }],
  ["an empty name", { name: "" }],
  ["a name with a space", { name: "a b" }],
  ["a name that is no text", { name: 5 }],
  ["an interval of no time", { urlsIntervalMs: 0 }],
  ["an interval that is no number", { urlsIntervalMs: "5" }],
  ["an interval no timer holds", { urlsIntervalMs: 2 ** 31 }],
  ["an interval of no time for originals", { restIntervalMs: 0 }],
  ["a connector that is no function", { connectHttp: {} }],
  ["a body of no bytes", { maxBodyBytes: 0 }],
  ["a body larger than a text", { maxBodyBytes: 2 ** 31 }],
  ["a dialler that is no function", { dial: {} }],
  ["links that are no object", { links: 5 }],
  ["a limit of links that is none", { links: { heartbeatMs: -1 } }],
  ["an unknown limit of links", { links: { heartBeatMs: 1 } }],
  ["an endpoint that is no object", { endpoint: "host" }],
];
for (const [what, options] of wrong) {
  test(`refuses ${what}`, () => assert.throwsCode(() => createCh(options as ChOptions), "invalid-option"));
}

test("names the option, its value and what is allowed", () => {
  assert.throws(() => createCh({ urlsIntervalMs: -1 }), /urlsIntervalMs must be .* not -1/);
});

test("is typed: a promise with a data folder, which takes no name and must be given", async () => {
  // Compiled, never called.
  const cases = (options: DurableChOptions, maybe: string | undefined): unknown => {
    const now: Ch = createCh();
    const named: Ch = createCh({ name: "edge" });
    const later: Promise<Ch> = createCh({ data: "folder", level: "os" });
    const given: Promise<Ch> = createCh(options);
    // @ts-expect-error the folder names every channel itself
    const both = createCh({ data: "folder", name: "edge" });
    // @ts-expect-error a setting that may be missing
    const missing = createCh({ data: maybe });
    // @ts-expect-error there is nothing to store
    const level = createCh({ level: "sync" });
    return [now, named, later, given, both, missing, level];
  };
  assert.type(cases, "function");
  const $ch = createCh();
  assert.equal($ch.findings, []);
  await $ch.close();
});

test("does not write to the options it is given", async () => {
  const options = Object.freeze({ links: Object.freeze({ ackDelayMs: 5 }), endpoint: Object.freeze({}) });
  const $ch = createCh(options);
  $ch("data").create();
  await $ch.close();
});

test("refuses unknown events and listeners that are no functions", async () => {
  const $ch = createCh();
  assert.throwsCode(() => $ch.on("nonsense" as never, () => undefined), "invalid-option");
  assert.throwsCode(() => $ch.on("error", 5 as never), "invalid-option");
  await $ch.close();
});

test("survives an error listener that throws, and stops calling one that left", async () => {
  const $ch = createCh();
  const seen: ChEvents["error"][] = [];
  let bad = 0;
  $ch.on("error", () => {
    bad++;
    throw new Error("listener");
  });
  const leave = $ch.on("error", (event) => seen.push(event));
  const fail = (): void => {
    $ch("data").create().set("k", 1) &&
      $ch("data").forEach(() => {
        throw new Error("x");
      });
  };
  fail();
  assert.is(bad, 2);
  assert.is(seen.length, 2);
  leave();
  fail();
  assert.is(seen.length, 2);
  await $ch.close();
});

test("close destroys everything and refuses what comes later", async () => {
  const $ch = createCh();
  const data = $ch("data").create();
  await $ch.close();
  await $ch.close();
  assert.equal($ch().list(), []);
  assert.throwsCode(() => data.size(), "no-channel");
  assert.throwsCode(() => data.create(), "closed");
});
