import { assert, suite, until } from "@chorus/testing";
import { remoteUrl } from "../src/remote-url.js";
import { auth, node, PASSWORD, USER } from "./support.js";

const test = suite("createRemote");

test("puts the credentials into the URL, percent-encoded, in place of others", () => {
  const url = "http://127.0.0.1:8080/data";
  const none = { login: undefined, pass: undefined };
  assert.is(remoteUrl(url, none), url);
  assert.is(remoteUrl("http://a:b@127.0.0.1/x", none), "http://a:b@127.0.0.1/x");
  const encoded = `http://me:${encodeURIComponent(PASSWORD)}@127.0.0.1:8080/data`;
  assert.is(remoteUrl(url, { login: "me", pass: PASSWORD }), encoded);
  assert.is(remoteUrl("http://a:b@127.0.0.1:8080/data", { login: "me", pass: PASSWORD }), encoded);
  assert.is(remoteUrl(url, { login: "100%", pass: null }), "http://100%25@127.0.0.1:8080/data");
});

const wrong: [string, unknown, unknown, unknown, string][] = [
  ["no URL", undefined, undefined, undefined, "invalid-option"],
  ["several URLs", ["http://127.0.0.1/a"], undefined, undefined, "invalid-option"],
  ["another scheme", "ftp://127.0.0.1/a", undefined, undefined, "invalid-url"],
  ["a login that is no text", "http://127.0.0.1/a", 5, "secret", "invalid-option"],
  ["a password that is no text", "http://127.0.0.1/a", "me", 12345, "invalid-option"],
  ["a password that is not well-formed", "http://127.0.0.1/a", "me", "secret\ud800", "invalid-option"],
  ["a login with a colon", "http://127.0.0.1/a", "m:e", "secret", "invalid-url"],
];
for (const [what, url, login, pass, code] of wrong) {
  test(`refuses ${what} at once, without a secret, and creates nothing`, async (t) => {
    const { $ch } = await node(t);
    const call = () => $ch("data").createRemote(url as string, 10, login as string, pass as string);
    const error = assert.throwsCode(call, code);
    assert.not.match(error.message, /secret|12345/);
    assert.equal($ch().list(), []);
  });
}

test("makes a replica of a channel elsewhere, chainable", async (t) => {
  const [here, there] = [await node(t), await node(t)];
  await there.data.expose(there.server, "/data", auth);
  there.data.set("k", 1);
  assert.is(here.data.createRemote(there.plainUrl, 5_000, USER, PASSWORD), here.data);
  await here.data.ready(10_000);
  assert.equal(here.data.getAll(), [{ key: "k", value: 1 }]);
  here.data.set("other", 2);
  await here.data.waitForJobs(10_000);
  assert.is(there.data.size(), 2);
  assert.equal([here.errors, there.errors], [[], []]);
});

test("takes the credentials of the URL", async (t) => {
  const [here, there] = [await node(t), await node(t)];
  await there.data.expose(there.server, "/data", auth);
  here.data.createRemote(there.url);
  await here.data.ready(10_000);
});

test("does nothing when the channel exists", async (t) => {
  const { data, $ch } = await node(t);
  data.create().createRemote("http://127.0.0.1:1/data");
  $ch("dummy").create("dummy").createRemote("http://127.0.0.1:1/data");
  assert.equal(data.links(), []);
});

test("reports what fails later, and nothing when it was destroyed meanwhile", async (t) => {
  const dial = () => {
    throw new Error("no network");
  };
  const { data, errors } = await node(t, { dial });
  data.createRemote("http://127.0.0.1:1/data").destroy();
  data.createRemote("http://me:secret@127.0.0.1:1/data");
  await until(() => errors.length > 0, { what: "the failure" });
  assert.equal(
    errors.map(({ channel, error }) => [channel, error.code]),
    [["data", "connection-failed"]],
  );
  assert.not.match(String(errors[0]?.error.message), /secret/);
});
