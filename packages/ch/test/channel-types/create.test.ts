import { assert, suite } from "@chorus/testing";
import { OptionError } from "../../src/index.js";
import { loose, registry } from "./support.js";

const test = suite("options of virtual types");

const fine = () => undefined;
const wrong: [string, string, unknown, RegExp][] = [
  ["dummy", "an option", { any: 1 }, /any/],
  ["dummy", "options that are no map", 5, /options of the type "dummy" must be a map/],
  ["ops", "a value that is no function", { add: 5 }, /option add .* must be a function, not 5/],
  ["ops", "an array", [fine], /must be a map/],
  ["cache", "no function", {}, /option func .* must be a function/],
  ["cache", "an unknown option", { func: fine, tll: 5 }, /not "tll"/],
  ["cache", "a time that is none", { func: fine, ttl: "5" }, /option ttl/],
  ["cache", "a negative time", { func: fine, ttl: -1 }, /option ttl/],
  ["cache", "a size that is none", { func: fine, size: -2 }, /option size/],
  ["cache", "a method there is not", { func: fine, method: "x" }, /option method .* "t" or "p"/],
  ["cache", "itself", { func: fine, ch: "data" }, /option ch/],
  ["cache", "a channel that is none", { func: fine, ch: {} }, /option ch/],
  ["buffer", "no target", {}, /option bufferCh/],
  ["buffer", "itself", { bufferCh: "data" }, /option bufferCh .* another channel, not "data"/],
  ["buffer", "fields that are none", { bufferCh: "a", bufferIdxs: "id" }, /option bufferIdxs/],
  ["buffer", "a number that is none", { bufferCh: "a", bufferByNumber: 1.5 }, /option bufferByNumber/],
  ["buffer", "a time that is none", { bufferCh: "a", bufferByTime: Number.NaN }, /option bufferByTime/],
  ["buffer", "a time no timer holds", { bufferCh: "a", bufferByTime: 2 ** 31 }, /option bufferByTime/],
  ["buffer", "no limit", { bufferCh: "a", bufferByTime: -1, bufferByNumber: -1 }, /bufferByNumber and/],
  ["buffer", "a question that is none", { bufferCh: "a", bufferFunc: true }, /option bufferFunc/],
  ["buffer", "the target twice", { bufferCh: "a", bufferTmpCh: "a" }, /option bufferTmpCh/],
  ["buffer", "an errorFn that is none", { bufferCh: "a", errorFn: "e" }, /option errorFn/],
  ["buffer", "an unknown option", { bufferCh: "a", bufferSize: 5 }, /bufferSize/],
  ["proxy", "no target", { proxyFunc: fine }, /option chTarget/],
  ["proxy", "itself", { chTarget: "data" }, /option chTarget/],
  ["proxy", "a function that is none", { chTarget: "a", proxyFunc: {} }, /option proxyFunc/],
  ["proxy", "an unknown option", { chTarget: "a", fn: fine }, /not "fn"/],
  ["all", "no channels", {}, /option chs/],
  ["all", "an empty list", { chs: [] }, /option chs/],
  ["all", "one name", { chs: "a" }, /option chs/],
  ["all", "itself", { chs: ["a", "data"] }, /option chs/],
  ["all", "a name that is none", { chs: ["a", 5] }, /option chs/],
  ["all", "a flag that is none", { chs: ["a"], treatAll: 1 }, /option treatAll/],
  ["all", "a fn that is none", { chs: ["a"], fn: "a" }, /option fn/],
  ["all", "a filter that is none", { chs: ["a"], fnKeys: [] }, /option fnKeys/],
  ["all", "an unknown option", { chs: ["a"], fnAll: fine }, /fnAll/],
];
for (const [type, what, options, message] of wrong) {
  test(`${type} refuses ${what}, and creates nothing`, (t) => {
    const { $ch } = registry(t);
    for (const call of [
      [type, options],
      [false, type, options],
    ]) {
      assert.throws(
        () => loose($ch("data")).create(...call),
        (error: Error) => error instanceof OptionError && message.test(error.message),
      );
    }
    assert.equal($ch().list(), []);
  });
}

test("creates every type in both forms, and nothing again", (t) => {
  const { $ch } = registry(t);
  $ch("target").create();
  const types: [string, object | undefined][] = [
    ["dummy", undefined],
    ["ops", {}],
    ["proxy", { chTarget: "target" }],
    ["all", { chs: ["target"] }],
    ["cache", { func: fine, ch: "target" }],
    ["buffer", { bufferCh: "target", bufferTmpCh: "waiting" }],
  ];
  for (const [type, options] of types) {
    const handle = loose($ch(type)).create(type, options);
    assert.is(handle.getName(), type);
    assert.is(
      loose($ch(`${type} 2`))
        .create(true, type, options)
        .getName(),
      `${type} 2`,
    );
    // It exists: not even looked at.
    loose($ch(type)).create(type, { wrong: "option" });
  }
  assert.equal(
    $ch().list(),
    [
      "target",
      ...types.flatMap(([type]) => (type === "buffer" ? [] : [type, `${type} 2`])),
      "waiting",
    ].concat("buffer", "buffer 2"),
  );
});

test("refuses names that no replicated channel could have", (t) => {
  const { $ch } = registry(t);
  assert.throwsCode(() => $ch("x".repeat(256)).create("dummy"), "invalid-option");
});

test("has no peers, files and store of its own", async (t) => {
  const { $ch } = registry(t);
  const data = $ch("data").create("dummy");
  const calls: (() => unknown)[] = [
    () => data.unpeer("http://127.0.0.1:1/x"),
    () => data.links(),
    () => data.peers(),
    () => data.replicaId(),
    () => data.retire("other"),
    () => data.contentHash(),
    () => data.storeAdd("/nowhere/file"),
    () => data.storeRestore("/nowhere/file"),
  ];
  for (const call of calls) assert.throwsCode(call, "not-replicated");
  await assert.rejectsCode(data.peer(undefined, "/data", []), "not-replicated");
  await assert.rejectsCode(data.ready(), "not-replicated");
  await assert.rejectsCode(data.whenDurable(), "not-replicated");
  await assert.rejectsCode(data.whenSynced(), "not-replicated");
  assert.is(await data.waitForJobs(1_000), data);
  assert.is(await data.expose(), undefined);
});

test("is exposed at a path, which is free after destroy", async (t) => {
  const { $ch } = registry(t);
  const data = $ch("data").create("dummy");
  const { createServer } = await import("node:http");
  const server = createServer();
  t.after(() => server.close());
  const uuid = await data.expose(server, "/data");
  assert.type(uuid, "string");
  assert.is(await data.expose(server, "/data"), uuid);
  await assert.rejectsCode($ch("other").create("dummy").expose(server, "/data"), "path-in-use");
  data.destroy();
  assert.type(await $ch("other").expose(server, "/data"), "string");
});

test("moves its version with every operation", (t) => {
  const { $ch, runtime } = registry(t);
  const data = $ch("data").create("dummy");
  const before = data.getVersion();
  runtime.advance(5);
  assert.is(data.getVersion(), before);
  data.set("k", 1);
  assert.is(data.getVersion(), before + 5);
});
