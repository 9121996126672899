// Which paths may be exposed and which request targets match them.
import { assert, suite } from "@chorus/testing";
import { exposedPath, requestedPath } from "../src/path.js";

const test = suite("path");

test("it strips one trailing slash, but not the root", () => {
  assert.is(exposedPath("/data/"), "/data");
  assert.is(exposedPath("/"), "/");
  assert.is(requestedPath("/data/"), "/data");
  assert.is(requestedPath("/"), "/");
});

test("it refuses what no URL can name", () => {
  for (const path of ["", "data", "/a?b", "/a#b", "/a/../b", "/./a", "/a\n", "/\ud800", 5, undefined, null]) {
    assert.throwsCode(() => exposedPath(path), "invalid-option");
  }
});

test("it decodes a target and drops its query", () => {
  assert.is(requestedPath("/da%74a?x=/y"), "/data");
  assert.is(requestedPath("/%C3%A9%20b/"), "/é b");
  assert.is(requestedPath("http://host:1/data?x"), "/data");
  assert.is(requestedPath("http://host"), "/");
});

test("it finds no path in a target that cannot be decoded", () => {
  for (const target of ["/%", "/%FF", "*", "host:443", "", undefined])
    assert.is(requestedPath(target), undefined);
});
