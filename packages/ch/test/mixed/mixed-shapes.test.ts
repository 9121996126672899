import { assert, suite, until } from "@chorus/testing";
import { chorusMember, type Member, originalMember, urlOf } from "./members.js";
import { startMembers } from "./mesh.js";
import { atRest, looks } from "./quiescence.js";
import { auth, PASSWORD, USER } from "../support.js";

const test = suite("mixed mesh: chain and permissions", { deadlineMs: 20_000 });

test("a peer of Chorus behind another gets and gives everything", async (t) => {
  const { members } = await startMembers(t, { originals: 2, chorus: 2 });
  const [one, two, middle, behind] = members as [Member, Member, Member, Member];
  const url = (member: Member): string => urlOf(member, "C0");
  await middle.chorus?.data.peer(middle.chorus.server, "/data", [url(one), url(two)]);
  await behind.chorus?.data.peer(undefined, undefined, [urlOf(middle)]);
  await one.original?.peer([urlOf(two), urlOf(middle)]);
  await two.original?.peer([urlOf(one), urlOf(middle)]);
  for (const [at, member] of members.entries()) {
    member.set({ id: at }, { id: at, by: member.name });
    member.set({ "p/q": at, "r s": "ü" }, `by ${member.name}`);
    member.set(`k/${at}`, at);
  }
  await atRest(members);
  assert.is(behind.contents().size, 12);
  behind.unset({ id: 0 });
  behind.setAll(["id"], [{ id: 1, by: "behind" }]);
  one.unset("k/3");
  two.unsetAll(["id"], [{ id: 2 }]);
  await atRest(members);
  assert.is(one.contents().get('{"id":1}'), '{"by":"behind","id":1}');
  assert.is(one.contents().size, 9);
  assert.equal(
    behind.chorus?.data.links().map(({ dialect }) => dialect),
    ["chorus"],
  );
});

test("goes on with authentication on all sides, and with credentials in URLs", async (t) => {
  const check = (user: string, password: string): boolean => user === USER && password === "p@ss";
  const [one, two] = [
    await originalMember(t, "O0", { auth: check }),
    await originalMember(t, "O1", { auth: check }),
  ];
  const [three, four] = [await chorusMember(t, "C0"), await chorusMember(t, "C1")];
  const members = [one, two, three, four];
  const url = ({ port, original }: Member): string =>
    `http://${USER}:${encodeURIComponent(original ? "p@ss" : PASSWORD)}@127.0.0.1:${port}/data`;
  const others = (member: Member): string[] => members.filter((other) => other !== member).map(url);
  for (const member of [three, four]) {
    await member.chorus?.data.peer(member.chorus.server, "/data", others(member), auth);
  }
  for (const member of [one, two]) await member.original?.peer(others(member));
  for (const member of members) member.set(member.name, member.port);
  await atRest(members);
  assert.is(one.contents().size, 4);
  // The original asks without credentials first, every time; we never do.
  const writes = two.original?.server.seen.filter(({ method }) => method === "PUT") ?? [];
  assert.ok(writes.some(({ headers }) => headers.authorization === undefined));
  for (const member of [three, four]) {
    assert.equal(member.chorus?.errors, []);
    assert.equal(
      member.chorus?.data.links().map(({ status }) => status),
      ["synced", "synced", "synced"],
    );
  }
});

test("tells wrong credentials, and goes on when they become right", async (t) => {
  let password = "new";
  const one = await originalMember(t, "O0", { auth: (_, given) => given === password });
  const two = await chorusMember(t, "C0");
  await two.chorus?.data.peer(two.chorus.server, "/data", [`http://me:old@127.0.0.1:${one.port}/data`]);
  two.set("k", 1);
  const status = (): string | undefined => two.chorus?.data.links()[0]?.status;
  await until(() => status() === "unauthorized", { what: "the refusal to be seen" });
  assert.is(one.contents().size, 0);
  password = "old";
  await atRest([one, two]);
  assert.is(one.contents().size, 1);
});

test("says once that an original takes no writes, and goes on reading", async (t) => {
  const one = await originalMember(t, "O0", { permission: "r" });
  const two = await chorusMember(t, "C0");
  one.set({ id: 1 }, { id: 1 });
  await two.chorus?.data.peer(two.chorus.server, "/data", [urlOf(one, "C0")]);
  await one.original?.peer([urlOf(two)]);
  two.set({ id: 2 }, { id: 2 });
  await until(() => two.chorus?.errors.length === 1, { what: "the refusal" });
  one.set({ id: 3 }, { id: 3 });
  one.unset({ id: 1 });
  await until(() => two.contents().has('{"id":3}') && !two.contents().has('{"id":1}'), {
    what: "reads to go on",
  });
  const { count } = one.original?.server ?? { count: () => 0 };
  const refused = (): number => count.call(one.original?.server, "PUT", "e");
  const before = refused();
  await until(() => refused() >= before + 2, { what: "it to be tried again" });
  await looks([one, two], { count: 2 });
  assert.equal(
    two.chorus?.errors.map(({ error }) => error.code),
    ["write-refused"],
  );
  assert.equal([...one.contents().keys()], ['{"id":3}']);
  await two.chorus?.data.waitForJobs(5_000);
});
