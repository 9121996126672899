import { assert, suite } from "@chorus/testing";
import {
  $ch as shared,
  type ChannelHandle,
  type ChEvents,
  ChorusError,
  createCh,
  OptionError,
} from "../src/index.js";

const test = suite("channel handle");

const registries: { close(): Promise<void> }[] = [];
test.after.each(async () => {
  await Promise.all(registries.splice(0).map((ch) => ch.close()));
});

function create() {
  const $ch = createCh();
  registries.push($ch);
  return $ch;
}

/** A handle without the types of `create`, as a script has it. */
function loose(handle: ChannelHandle): { create(...call: unknown[]): ChannelHandle } {
  return handle as unknown as { create(...call: unknown[]): ChannelHandle };
}

test("creates, lists, destroys and names channels, chainable", () => {
  const $ch = create();
  const data = $ch("data");
  assert.is(data.getName(), "data");
  assert.is($ch().getName(), undefined);
  assert.equal($ch().list(), []);
  assert.is(data.create(), data);
  $ch("other").create(true, "big", { any: 1 });
  $ch("third").create("simple", {});
  assert.equal($ch("data").list(), ["data", "other", "third"]);
  assert.is(data.set("k", 1) && data.size(), 1);
  assert.is(loose(data).create(false, "nonsense").size(), 1);
  assert.is(data.destroy(), data);
  assert.is(data.destroy(), data);
  assert.equal($ch().list(), ["other", "third"]);
  assert.is(data.create().size(), 0);
});

test("refuses types there are not, naming those there are", () => {
  const $ch = create();
  for (const call of [
    () => loose($ch("data")).create(false, "redis"),
    () => loose($ch("data")).create("redis", {}),
    () => loose($ch("data")).create("redis"),
    () => loose($ch("data")).create(false, 5),
    () => loose($ch("data")).create(false, {}),
  ]) {
    assert.throws(
      call,
      (error: Error) => error instanceof OptionError && /"simple", "big" .* or "memory"/.test(error.message),
    );
  }
  assert.equal($ch().list(), []);
});

test("refuses names that are no text", () => {
  const $ch = create();
  for (const name of [5, "", null, {}]) assert.throwsCode(() => $ch(name as never), "invalid-option");
  assert.throwsCode(() => $ch().create(), "invalid-option");
  assert.throwsCode(() => $ch("x".repeat(300)).create(), "invalid-option");
});

/** Those that only Chorus has; the original's own are in the conformance suite. */
const missing: [string, (data: ReturnType<typeof shared>) => unknown][] = [
  ["links", (data) => data.links()],
  ["peers", (data) => data.peers()],
  ["replicaId", (data) => data.replicaId()],
  ["retire", (data) => data.retire("other")],
  ["contentHash", (data) => data.contentHash()],
];
for (const [method, call] of missing) {
  test(`${method} throws the original's text for a missing channel`, () => {
    const data = create()("gone");
    assert.throws(
      () => call(data),
      (error: unknown) =>
        error instanceof ChorusError &&
        error.code === "no-channel" &&
        error.message === "Channel gone doesn't exist." &&
        String(error) === "Channel gone doesn't exist.",
    );
  });
}

test("waiting rejects for a missing channel", async () => {
  const data = create()("gone");
  await assert.rejectsCode(data.whenDurable(), "no-channel");
  await assert.rejectsCode(data.whenSynced(), "no-channel");
  await assert.rejectsCode(data.waitForJobs(), "no-channel");
  await assert.rejectsCode(data.ready(), "no-channel");
});

test("keeps registries apart, and shares the default one", () => {
  const [one, other] = [create(), create()];
  one("data").create().set("k", 1);
  assert.equal(other().list(), []);
  shared("only-here").create();
  assert.equal(shared().list(), ["only-here"]);
  shared("only-here").destroy();
});

test("reports what forEach throws and goes on", () => {
  const $ch = create();
  const errors: ChEvents["error"][] = [];
  $ch.on("error", (event) => errors.push(event));
  const data = $ch("data").create();
  data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  let visits = 0;
  data.forEach(() => {
    visits++;
    throw new Error("oops");
  });
  assert.is(visits, 2);
  assert.equal(
    errors.map(({ channel, error }) => [channel, error.code]),
    [
      ["data", "listener-failed"],
      ["data", "listener-failed"],
    ],
  );
});

test("lets forEach change the channel it visits", () => {
  const data = create()("data").create();
  data.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  data.forEach((key) => {
    data.unset(key).set({ id: 3 }, {});
  });
  assert.equal(data.getKeys(), [{ id: 3 }]);
});

test("replays entries unless told not to, with their time, and hands over its own $ch", async () => {
  const $ch = create();
  const data = $ch("data").create();
  data.set("k", 1, 1_000);
  const all: unknown[][] = [];
  const now: unknown[][] = [];
  const id = data.subscribe((...call) => void all.push(call));
  assert.type(id, "string");
  assert.is(
    data.subscribe((...call) => void now.push(call), true, "my-id"),
    "my-id",
  );
  data.set("k", 2, undefined, "u", "x");
  await data.waitForJobs();
  assert.equal(all[0]?.slice(0, 4), ["data", "set", { key: "k" }, { key: "k", value: 1 }]);
  assert.is(all[0]?.[4], $ch);
  assert.is(all[0]?.[5], 1_000);
  assert.equal(all[1]?.slice(0, 4), ["data", "set", "k", 2]);
  assert.equal(all[1]?.slice(6), ["u", "x"]);
  assert.is(all.length, 2);
  assert.is(now.length, 1);
});

test("keeps the first subscriber of an id, and ends one", async () => {
  const data = create()("data").create();
  const seen: string[] = [];
  assert.is(
    data.subscribe(() => void seen.push("first"), true, "id"),
    "id",
  );
  assert.is(
    data.subscribe(() => void seen.push("second"), true, "id"),
    "id",
  );
  data.set("k", 1);
  await data.waitForJobs();
  assert.is(data.unsubscribe("id").unsubscribe("unknown"), data);
  data.set("k", 2);
  await data.waitForJobs();
  assert.equal(seen, ["first"]);
  assert.throwsCode(() => data.subscribe("no function" as never), "invalid-option");
});

test("reports what a subscriber throws", async () => {
  const $ch = create();
  const errors: ChEvents["error"][] = [];
  $ch.on("error", (event) => errors.push(event));
  const data = $ch("data").create();
  data.subscribe(() => {
    throw new Error("mine");
  });
  data.set("k", 1);
  await data.waitForJobs();
  assert.is(errors[0]?.error.code, "listener-failed");
  assert.match(errors[0]?.error.message ?? "", /mine/);
});

test("waitForJobs returns at once when nothing is running, and gives up when told to", async () => {
  const data = create()("data").create();
  const began = performance.now();
  assert.is(await data.waitForJobs(15_000), data);
  assert.ok(performance.now() - began < 5_000);
  data.subscribe(() => new Promise(() => undefined));
  data.set("k", 1);
  await assert.rejectsCode(data.waitForJobs(20), "timeout");
});

test("ready resolves at once without peers", async () => {
  const data = create()("data").create();
  assert.is(await data.ready(), data);
});

test("is typed: wrapped scalars, whole maps", () => {
  interface File {
    path: string;
    size: number;
  }
  const $ch = create();
  const files = $ch<{ path: string }, File>("files").create();
  files.set({ path: "a" }, { path: "a", size: 1 });
  const size: number | undefined = files.get({ path: "a" })?.size;
  const numbers = $ch<string, number>("numbers").create();
  numbers.set("n", 4);
  const four: number | undefined = numbers.get("n")?.value;
  const key: string | undefined = numbers.getKeys()[0]?.key;
  assert.equal([size, four, key], [1, 4, "n"]);
});
