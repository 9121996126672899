// Which URLs can be dialled, and that no error shows a password.
import { assert, suite } from "@chorus/testing";
import { parseHttpUrl, parsePeerUrl, withoutCredentials } from "../src/url.js";

const test = suite("url");

test("it turns http into ws and https into wss", () => {
  assert.is(parsePeerUrl("http://h:1/data").url, "ws://h:1/data");
  assert.is(parsePeerUrl("https://h/data?x=1").url, "wss://h/data?x=1");
  assert.is(parsePeerUrl("ws://h/data").url, "ws://h/data");
  assert.is(parsePeerUrl("wss://h/data").url, "wss://h/data");
  assert.is(parsePeerUrl("wss://h/data").credentials, undefined);
});

test("it turns ws into http and wss into https for plain requests", () => {
  assert.is(parseHttpUrl("http://h:1/data").url, "http://h:1/data");
  assert.is(parseHttpUrl("https://h/data?x=1").url, "https://h/data?x=1");
  assert.equal(parseHttpUrl("ws://u:p@h/data"), {
    url: "http://h/data",
    credentials: { user: "u", password: "p" },
  });
  assert.is(parseHttpUrl("wss://h:444/data").url, "https://h:444/data");
  const error = assert.throwsCode(() => parseHttpUrl("ftp://u:hidden@h/"), "invalid-option");
  assert.not.match(error.message, "hidden");
});

test("it takes percent-encoded credentials out", () => {
  const address = parsePeerUrl("http://al%69ce:p%40ss%3Aw%2F%C3%A9@h/data");
  assert.equal(address, { url: "ws://h/data", credentials: { user: "alice", password: "p@ss:w/é" } });
  assert.equal(parsePeerUrl("http://:p@h/").credentials, { user: "", password: "p" });
  assert.equal(parsePeerUrl("http://u@h/").credentials, { user: "u", password: "" });
});

test("it refuses what it cannot dial, without a word of the password", () => {
  const urls: unknown[] = [
    "",
    "data",
    "ftp://u:hidden@h/data",
    "http://u:hidden@",
    "http://u:hid/den@h:x/",
    "http://u:hidden@h/data#x",
    "http://u:hidden#@h/data",
    "http://u:hidden%zz@h/data",
    "http://u:hidden%FF@h/data",
    "http://u%3Av:hidden@h/data",
    "//u:hidden@h/data",
    "u:hidden@h",
    5,
    undefined,
    new URL("http://u:hidden@h/"),
  ];
  for (const url of urls) {
    const error = assert.throwsCode(() => parsePeerUrl(url), "invalid-option");
    assert.not.match(`${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`, /hid|den@/);
    assert.instance(error, TypeError);
  }
});

test("it shows a URL without credentials", () => {
  assert.is(withoutCredentials("https://u:p@h:1/data"), "https://h:1/data");
  assert.is(withoutCredentials("https://u:p/@q@h/data"), "https://h/data");
  assert.is(withoutCredentials("https://h/data"), "https://h/data");
  assert.is(withoutCredentials("u:p@h"), "h");
});
