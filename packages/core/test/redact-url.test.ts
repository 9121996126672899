import { assert, suite } from "@chorus/testing";
import { isUrl, redactUrl } from "../src/redact-url.js";

const test = suite("redact url");

test("it removes user and password", () => {
  assert.is(redactUrl("http://user:secret@host:80/data?x=1"), "http://host:80/data?x=1");
  assert.is(redactUrl("wss://user@host/data"), "wss://host/data");
  assert.is(redactUrl("ws://user:p@ss@host/data"), "ws://host/data");
});

test("it removes a password with an unencoded slash, query or hash", () => {
  for (const password of ["se/cret", "se?cret", "se#cret", "/", "a/b:c"]) {
    assert.is(redactUrl(`http://user:${password}@host/data`), "http://host/data");
  }
});

test("it leaves a URL without credentials alone", () => {
  for (const url of ["ws://host/data", "ws://host:1/@scope/data", "ws://[::1]:80/a@b", "mem://a/data"]) {
    assert.is(redactUrl(url), url);
  }
  assert.is(redactUrl("user:secret@host"), "(not a URL)");
});

test("it tells URLs from other things", () => {
  assert.ok(isUrl("http://host/data"));
  for (const other of ["host", "http:/host", "http://", "http://a b", 5, null, undefined])
    assert.not(isUrl(other));
});
