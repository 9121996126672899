import { assert, suite, until } from "@chorus/testing";
import { checkUrls, identityOf } from "../src/peer-urls.js";
import { auth, node, PASSWORD, pair, statusOf } from "./support.js";

const test = suite("peer URLs", { deadlineMs: 20_000 });

const same: [string, string][] = [
  ["http://host:1/data", "ws://host:1/data"],
  ["https://host/data", "wss://host:443/data"],
  ["http://user:password@host:1/data", "http://host:1/data"],
  ["http://HOST:1/data", "http://host:1/data"],
];
for (const [one, other] of same) {
  test(`takes ${one} and ${other} for the same peer`, () => assert.is(identityOf(one), identityOf(other)));
}

test("tells ports, paths and schemes apart", () => {
  const urls = ["http://h:1/a", "http://h:2/a", "http://h:1/b", "https://h:1/a", "http://h:1/a?x"];
  assert.is(new Set(urls.map(identityOf)).size, urls.length);
});

test("takes one URL or several", () => {
  assert.equal(checkUrls("http://h:1/a"), ["http://h:1/a"]);
  assert.equal(checkUrls(["http://h:1/a", "wss://h/b"]), ["http://h:1/a", "wss://h/b"]);
  assert.equal(checkUrls([]), []);
});

test("says which of several cannot be used", () => {
  assert.throws(() => checkUrls(["http://h:1/a", "nonsense"]), /URL 2 of 2/);
});

test("asks a function again and follows it", async (t) => {
  const [a, b, c] = await Promise.all([node(t, { urlsIntervalMs: 10 }), node(t), node(t)]);
  for (const one of [b, c]) await one.data.expose(one.server, "/data", auth);
  let urls = [b.url];
  const asked: unknown[][] = [];
  const ids = await a.data.peer(
    a.server,
    "/data",
    async (...call) => {
      asked.push(call);
      return urls;
    },
    auth,
  );
  assert.is(ids.length, 2);
  assert.equal(asked[0]?.slice(0, 3), ["data", a.server, "/data"]);
  assert.is(asked[0]?.[3], await a.data.expose(a.server, "/data", auth));
  await until(() => statusOf(a.data, b) === "synced", { what: "the first link" });
  urls = [c.url];
  await until(() => statusOf(a.data, c) === "synced", { what: "the second link" });
  assert.is(statusOf(a.data, b), undefined);
});

test("keeps the links and says so when a later answer fails", async (t) => {
  const [a, b] = await Promise.all([node(t, { urlsIntervalMs: 10 }), node(t)]);
  await b.data.expose(b.server, "/data", auth);
  let answer = (): string => b.url;
  await a.data.peer(a.server, "/data", () => answer(), auth);
  await a.data.ready();
  answer = () => {
    throw new Error("directory is down");
  };
  await until(() => a.errors.some(({ error }) => error.code === "urls-failed"), { what: "the error event" });
  answer = () => `nonsense ${PASSWORD}`;
  await until(() => a.errors.some(({ error }) => error.code === "invalid-url"), { what: "the second error" });
  assert.ok(a.errors.every(({ channel, error }) => channel === "data" && !error.message.includes(PASSWORD)));
  assert.is(statusOf(a.data, b), "synced");
});

test("does not let a function bring back what was unpeered", async (t) => {
  const [a, b] = await Promise.all([node(t, { urlsIntervalMs: 5 }), node(t)]);
  await b.data.expose(b.server, "/data", auth);
  let asked = 0;
  const urls = (): string => {
    asked++;
    return b.url;
  };
  await a.data.peer(a.server, "/data", urls, auth);
  await a.data.ready();
  a.data.unpeer(b.url);
  const before = asked;
  await until(() => asked > before + 2, { what: "the function to be asked again" });
  assert.is(statusOf(a.data, b), undefined);
  await a.data.peer(a.server, "/data", urls, auth);
  await until(() => statusOf(a.data, b) === "synced", { what: "the link to be back" });
});

test("stops asking after another peer, and after the end", async (t) => {
  const a = await node(t, { urlsIntervalMs: 5 });
  const asked: [number, number] = [0, 0];
  const counting = (which: 0 | 1) => () => {
    asked[which]++;
    return [];
  };
  await a.data.peer(undefined, undefined, counting(0));
  await until(() => asked[0] > 1, { what: "the first to be asked again" });
  await a.data.peer(undefined, undefined, counting(1));
  const before = asked[0];
  await until(() => asked[1] > 3, { what: "the second to be asked again" });
  assert.is(asked[0], before);
});

test("ignores an answer that comes after another peer", async (t) => {
  const a = await node(t, { urlsIntervalMs: 5 });
  const late: ((urls: string[]) => void)[] = [];
  let first = true;
  await a.data.peer(undefined, undefined, () => {
    if (!first) return new Promise<string[]>((resolve) => late.push(resolve));
    first = false;
    return [];
  });
  await until(() => late.length > 0, { what: "the function to be asked again" });
  await a.data.peer(undefined, undefined, []);
  late[0]?.([a.url]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(a.data.links(), []);
  assert.equal(a.links, []);
});

test("an unpeer right after a peer holds", async (t) => {
  const [a, b] = await pair(t);
  const peering = a.data.peer(a.server, "/data", b.url, auth);
  a.data.unpeer(b.url);
  await peering;
  assert.is(statusOf(a.data, b), undefined);
});
