import { assert, suite, until } from "@chorus/testing";
import { OriginalClient, OriginalRemote, writeIndex } from "../original/original-client.js";
import { auth, node, PASSWORD, USER } from "../support.js";
import { chorusMember, chorusMemberOf, FAST, originalMember, urlOf } from "./members.js";
import { atRest } from "./quiescence.js";
import { REMOTE_CALLS, rawReplies } from "./remote-script.js";

const test = suite("remote channels across both kinds", { deadlineMs: 20_000 });

test("every operation of an original's createRemote answers as at an original", async (t) => {
  const [there, here] = [await originalMember(t, "O0"), await node(t, FAST)];
  await here.data.expose(here.server, "/data", auth);
  const remotes = [
    new OriginalRemote(urlOf(there)),
    new OriginalRemote(here.plainUrl, { login: USER, pass: PASSWORD }),
  ] as const;
  for (const { name, run, here: other } of REMOTE_CALLS) {
    const [original, chorus] = [await run(remotes[0]), await run(remotes[1])];
    if (!other) assert.equal(chorus, original, name);
    else {
      assert.equal(chorus, other.answer, `${name}: ${other.reason}`);
      assert.not.equal(chorus, original, `${name} is no difference any more`);
    }
  }
  assert.equal(here.errors, []);
});

test("replies are those of an original, to the last field", async (t) => {
  const [there, here] = [await originalMember(t, "O0"), await chorusMember(t, "C0")];
  await here.chorus?.data.expose(here.chorus.server, "/data");
  assert.equal(await rawReplies(urlOf(here)), await rawReplies(urlOf(there)));
});

test("our createRemote reads and writes an original, and what it wrote while that was away arrives", async (t) => {
  const there = await originalMember(t, "O0");
  there.setAll(["id"], [{ id: 1 }, { id: 2 }]);
  there.set("k", "ü");
  const one = await node(t, FAST);
  one.data.createRemote(urlOf(there, "C0"), 5_000);
  await one.data.ready(10_000);
  assert.equal(one.data.get("k"), { key: "k", value: "ü" });
  assert.is(one.data.size(), 3);
  const here = chorusMemberOf("C0", one);
  one.data.set({ id: 1 }, { id: 1, v: 2 });
  one.data.unset({ id: 2 });
  await atRest([there, here]);
  assert.equal(there.original?.channel.get({ id: 1 }), { id: 1, v: 2 });
  await there.original?.server.refuse();
  await until(() => one.data.links()[0]?.status === "offline", { what: "the link to be offline" });
  for (let id = 10; id < 60; id++) one.data.set({ id }, { id });
  one.data.unset("k");
  there.set({ id: "meanwhile" }, { id: "meanwhile" });
  await there.original?.server.listenAgain();
  await atRest([there, here]);
  assert.is(there.contents().size, 52);
  assert.is(one.data.pop() === undefined, false);
  await one.data.waitForJobs(5_000);
  await atRest([there, here]);
  assert.equal(one.errors, []);
});

test("virtual channels serve an original's remote channels", async (t) => {
  const { $ch, server, port, errors } = await node(t, FAST);
  const calls: string[] = [];
  $ch("dummy").create("dummy");
  $ch("ops").create("ops", { add: ({ a, b }: { a: number; b: number }) => ({ sum: a + b }) });
  $ch("target").create().set("k", { n: 1 });
  $ch("proxy").create("proxy", { chTarget: "target", proxyFunc: ({ op }) => void calls.push(op) });
  for (const name of ["dummy", "ops", "proxy"]) await $ch(name).expose(server, `/${name}`);
  const remote = (name: string): OriginalRemote => new OriginalRemote(`http://127.0.0.1:${port}/${name}`);
  const heard: unknown[] = [];
  $ch("dummy").subscribe((_, op, key) => void heard.push([op, key]), true);
  await remote("dummy").set("gone", 1);
  assert.is(await remote("dummy").size(), 0);
  await until(() => heard.length === 1, { what: "the subscriber" });
  assert.equal(await remote("ops").set("add", { a: 2, b: 3 }), { sum: 5 });
  assert.is(await remote("ops").size(), 1);
  const proxy = remote("proxy");
  await proxy.set({ id: "ü/1" }, { id: "ü/1" });
  await proxy.setAll(["id"], [{ id: 2 }, { id: 3 }]);
  await proxy.unsetAll(["id"], [{ id: 2 }]);
  assert.equal(await proxy.get({ id: 3 }), { id: 3 });
  assert.is(await proxy.size(), 3);
  await proxy.unset("k");
  assert.equal($ch("target").getKeys(), [{ id: "ü/1" }, { id: 3 }]);
  assert.equal([...new Set(calls)].sort(), ["get", "set", "setAll", "size", "unset", "unsetAll"]);
  assert.equal(errors, []);
});

test("a function that throws behind a virtual channel is an error for its caller, and told here", async (t) => {
  const { $ch, server, port, errors } = await node(t, FAST);
  const fail = (): never => {
    throw new Error("inside");
  };
  $ch("ops").create("ops", { fail });
  await $ch("ops").expose(server, "/ops");
  const client = new OriginalClient(`http://127.0.0.1:${port}/ops`);
  const path = writeIndex([
    ["o", "e"],
    ["k", { key: "fail" }],
    ["t", undefined],
  ]);
  const { status, body } = await client.call({ method: "PUT", path, body: {} });
  assert.is(status, 500);
  assert.not.match(JSON.stringify(body), /inside/);
  assert.is(errors.length, 1);
});
