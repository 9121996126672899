import { assert, suite, until } from "@chorus/testing";
import { node } from "../support.js";
import { path, send } from "./rest-support.js";

// An unhandled rejection ends the process, and with it this file.
const test = suite("REST, of functions that return promises", { deadlineMs: 20_000 });

const late = async (value: unknown): Promise<unknown> => value;
const fail = async (): Promise<never> => {
  throw new Error("s3cret");
};

test("waits for what a function of ops and cache returns", async (t) => {
  const { $ch, port, server } = await node(t);
  $ch("ops").create("ops", { double: ({ value }: { value: number }) => late(2 * value), one: () => late(1) });
  $ch("cache").create("cache", { func: ({ key }) => late({ key }) });
  for (const name of ["ops", "cache"]) await $ch(name).expose(server, `/${name}`);
  const double = path("/ops", { o: "e", k: { key: "double" } });
  assert.is((await send(port, path("/ops", { o: "e", k: { key: "one" } }))).json.r, 1);
  assert.is((await send(port, double, { method: "PUT", body: "4" })).json.r, 8);
  assert.equal((await send(port, path("/ops", { o: "a" }))).json.r, [null, 1]);
  assert.equal((await send(port, path("/cache", { o: "e", k: { key: 5 } }))).json.r, { key: 5 });
});

test("answers 500 to what a function rejects with, and lives on", async (t) => {
  const { $ch, port, server } = await node(t);
  const errors: unknown[] = [];
  $ch.on("error", ({ channel, error }) => errors.push([channel, error.code]));
  $ch("target").create();
  $ch("ops").create("ops", { fail, one: () => 1 });
  $ch("cache").create("cache", { func: fail });
  $ch("proxy").create("proxy", { chTarget: "target", proxyFunc: fail });
  for (const name of ["ops", "cache", "proxy"]) await $ch(name).expose(server, `/${name}`);
  const requests: [string, string, string?][] = [
    ["/ops", "GET"],
    ["/cache", "GET"],
    ["/proxy", "GET"],
    ["/proxy", "PUT", "1"],
    ["/proxy", "DELETE"],
  ];
  for (const [base, method, body] of requests) {
    const { status, text } = await send(port, path(base, { o: "e", k: { key: "fail" } }), { method, body });
    assert.is(status, 500, `${method} ${base}`);
    assert.not.match(text, "s3cret");
  }
  assert.is((await send(port, path("/ops", { o: "a" }))).status, 500);
  assert.is((await send(port, path("/proxy", { o: "l" }))).status, 500);
  assert.is((await send(port, path("/ops", { o: "e", k: { key: "one" } }))).json.r, 1);
  await until(() => errors.length >= 7, { what: "the error events" });
});
